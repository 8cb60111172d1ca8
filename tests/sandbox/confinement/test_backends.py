"""Tests of choosing a back end, and of what its parts refuse."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader.sandbox.confinement import advice, backends, landlock, library, namespaces, unprivileged
from grader.sandbox.confinement.backends import Backend, IsolationError, Trial, find_backend, trials, try_backend
from grader.sandbox.confinement.cgroup import Cgroup, own_groups, sweep
from grader.sandbox.confinement.plan import Place, below
from grader.sandbox.confinement.seccomp import NoSeccomp, compile_filter
from grader.sandbox.confinement.unprivileged import without
from grader.sandbox.limits import Limits


def made(level: backends.Level) -> Backend:
    return Backend(level, namespaces.plan)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> dict[str, Trial]:
    outcomes: dict[str, Trial] = {level: Trial(level, None, f"no {level} here") for level in backends.LEVELS}
    outcomes["laptop"] = Trial("laptop", made("laptop"))
    monkeypatch.setattr(backends, "try_backend", lambda level: outcomes[level])
    return outcomes


def test_the_strongest_that_works_is_chosen(tried: dict[str, Trial]) -> None:
    tried["process"] = Trial("process", made("process"))
    assert find_backend("auto").level == "process"
    assert find_backend("none").level == "process"
    tried["namespaces"] = Trial("namespaces", made("namespaces"))
    assert find_backend("auto").level == "namespaces"
    assert find_backend("process").level == "process"


def test_nothing_runs_unconfined_unless_requested(tried: dict[str, Trial]) -> None:
    with pytest.raises(IsolationError, match=r"no namespaces here.*no process here.*--isolation none"):
        find_backend("auto")
    with pytest.raises(IsolationError, match="'process' is not available on this machine: no process here"):
        find_backend("process")
    assert find_backend("none").level == "laptop"
    assert find_backend("none").report()["confined"] is False


def test_every_trial_says_why_it_failed() -> None:
    assert len(trials()) == 3
    for trial in trials():
        assert trial.backend is not None or trial.why
        assert trial.backend is None or trial.backend.enforced


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's")
def test_missing_bubblewrap_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(IsolationError, match="bubblewrap is not installed"):
        backends._namespaces()


def said_by(code: str, *wrapper: str) -> str:
    done = subprocess.run([*wrapper, sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root has capabilities to lose")
@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv is not installed (util-linux)")
@pytest.mark.parametrize("level", ["namespaces", "process"])
def test_root_without_its_rights_is_told_what_to_do(level: str) -> None:
    """As in a container with `--cap-drop`."""
    if level == "namespaces" and namespaces.bwrap() is None:
        pytest.skip("bubblewrap is not installed")
    code = (
        "from grader.sandbox.confinement.backends import try_backend\n"
        f"trial = try_backend({level!r}); print(trial.why, trial.better, sep='|')"
    )
    why = said_by(code, "setpriv", "--bounding-set=-kill,-setuid")
    assert why == (
        "root lacks capabilities that it needs here (KILL, SETUID): give them to root, "
        "or run grader as an ordinary user (in a container: --user 1000)|"
    )


@pytest.mark.skipif(namespaces.bwrap() is None, reason="bubblewrap is not installed")
def test_namespaces_do_without_a_host_name_where_naming_is_refused() -> None:
    """As Podman's filter of system calls refuses it to ordinary users."""
    if not namespaces.can_name_host():
        pytest.skip("this machine refuses user namespaces, or the names")
    code = (
        "import errno, pyseccomp as p\n"
        "rules = p.SyscallFilter(p.ALLOW); rules.add_rule(p.ERRNO(errno.EPERM), 'sethostname'); rules.load()\n"
        "from grader.sandbox.confinement.namespaces import can_name_host; print(can_name_host())"
    )
    assert said_by(code) == "False"


def test_advice_fits_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(advice, "_CONTAINER_MARKS", ("/",))
    assert "install bubblewrap" in advice.better("namespaces")
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert "start the container with --user 1000" in advice.better("namespaces")
    monkeypatch.setattr(advice, "_CONTAINER_MARKS", ())
    assert "allow user namespaces" in advice.better("namespaces")
    assert advice.better("laptop") == ""


def test_a_back_end_that_does_not_confine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from grader.sandbox.confinement import laptop

    monkeypatch.setitem(backends._CANDIDATES, "process", lambda: Backend("process", laptop.plan))
    try_backend.cache_clear()
    try:
        trial = try_backend("process")
    finally:
        try_backend.cache_clear()
    assert trial.backend is None
    assert trial.why.startswith("its self-test failed: network, reading, writing")


def test_a_child_that_does_not_start_gives_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from grader.sandbox.confinement import laptop

    def broken(place: Place) -> object:
        return replace(laptop.plan(place), command=["sh", "-c", "echo 'no such thing' >&2; exit 1"])

    monkeypatch.setitem(backends._CANDIDATES, "process", lambda: Backend("process", broken))  # type: ignore[arg-type]
    try_backend.cache_clear()
    try:
        assert try_backend("process").why == "no such thing"
    finally:
        try_backend.cache_clear()


@pytest.mark.skipif(landlock.abi() == 0, reason="no Landlock here")
def test_landlock_leaves_only_what_is_listed(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "x").write_text("x")
    (tmp_path / "closed").write_text("secret")
    child = f"""if True:
        import os
        from grader.sandbox.confinement import landlock
        landlock.restrict([({str(tmp_path / "open")!r}, landlock.READ), ("/no/such/path", landlock.READ)])
        print(open({str(tmp_path / "open" / "x")!r}).read())
        for path, mode in (({str(tmp_path / "closed")!r}, "r"), ({str(tmp_path / "open" / "x")!r}, "w"), ("/etc/passwd", "r")):
            try: open(path, mode); print("OPENED", path)
            except PermissionError: pass
    """
    run = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, timeout=60)
    assert (run.stdout, run.stderr) == ("x\n", "")


def test_hidden_paths_are_left_out_of_the_rules(tmp_path: Path) -> None:
    for name in ("torch", "reference", "other"):
        (tmp_path / "lib" / name).mkdir(parents=True)
    rules = dict(without(str(tmp_path), [str(tmp_path / "lib" / "reference")]))
    assert rules == {
        str(tmp_path): landlock.LIST,
        str(tmp_path / "lib"): landlock.LIST,
        str(tmp_path / "lib" / "torch"): landlock.READ,
        str(tmp_path / "lib" / "other"): landlock.READ,
    }
    assert dict(without(str(tmp_path), [])) == {str(tmp_path): landlock.READ}
    assert dict(without(str(tmp_path), [str(tmp_path)])) == {}


def test_a_link_does_not_open_what_is_hidden_behind_it(tmp_path: Path) -> None:
    hidden = tmp_path / "lib" / "site-packages" / "grader"
    for folder in (hidden, tmp_path / "lib" / "site-packages" / "torch", tmp_path / "shared"):
        folder.mkdir(parents=True)
    (tmp_path / "lib64").symlink_to("lib")  # as in each virtual environment
    (tmp_path / "lib" / "self").symlink_to(tmp_path)
    (tmp_path / "lib" / "other").symlink_to(tmp_path / "shared")
    rules = dict(without(str(tmp_path), [str(hidden)]))
    opened = [path for path, rights in rules.items() if rights == landlock.READ]
    assert sorted(opened) == sorted(str(tmp_path / name) for name in ("lib/other", "lib/site-packages/torch", "shared"))


def test_the_filter_refuses_system_calls() -> None:
    try:
        compile_filter()
    except NoSeccomp as reason:
        pytest.skip(str(reason))
    child = """if True:
        import ctypes, os, socket
        from grader.sandbox.confinement.seccomp import compile_filter, load_filter
        load_filter(compile_filter(own_files=True))
        libc = ctypes.CDLL(None, use_errno=True)
        for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET):
            try: socket.socket(family, socket.SOCK_DGRAM); print("OPENED", family)
            except OSError as error: assert error.errno == 13, error
        socket.socketpair(socket.AF_UNIX)
        assert libc.unshare(0x10000000) == -1 and ctypes.get_errno() == 1
        assert libc.ptrace(0, 0, 0, 0) == -1 and ctypes.get_errno() == 1
        os.chmod(__import__("sys").argv[1], 0o777)
        print("done")
    """
    file = Path(__file__)
    before = file.stat().st_mode
    run = subprocess.run([sys.executable, "-c", child, str(file)], capture_output=True, text=True, timeout=60)
    assert (run.stdout, run.stderr) == ("done\n", "")
    assert file.stat().st_mode == before


def test_a_control_group_counts_and_goes() -> None:
    try:
        group = Cgroup(1 << 30, 100)
    except (OSError, KeyError) as reason:
        pytest.skip(f"no control groups here: {reason}")
    folders = list(group._folders)
    try:
        assert all(folder.is_dir() for folder in folders)
        for descriptor in group.join_descriptors():
            os.close(descriptor)
        assert not group.ran_out_of_memory()
    finally:
        group.close()
    assert not any(folder.exists() for folder in folders)


def test_groups_of_dead_graders_are_swept() -> None:
    try:
        live = Cgroup(1 << 30, 100)
    except (OSError, KeyError) as reason:
        pytest.skip(f"no control groups here: {reason}")
    dead = live._folders[0].with_name("grader-4194303-1-0")
    try:
        dead.mkdir()
        sweep()
        assert not dead.exists()
        assert live._folders[0].exists()
    finally:
        live.close()


def test_own_groups_are_read() -> None:
    if not Path("/proc/self/cgroup").exists():
        pytest.skip("no control groups here")
    assert all(not path.startswith("/") for path in own_groups().values())


def test_the_folder_of_a_kernel_shows_nothing_but_its_part_of_grader(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        shared = Path(unprivileged.shared_library(Place(tmp_path, Limits())))
    finally:
        os.umask(before)
    assert os.listdir(shared) == ["grader"]
    assert sorted(os.listdir(shared / "grader")) == ["__init__.py", "in_kernel", "sandbox"]
    folders = [path for path in (shared, *shared.rglob("*")) if path.is_dir() and not path.is_symlink()]
    assert all(path.stat().st_mode & 0o005 == 0o005 for path in folders)
    code = "import grader.in_kernel.agent, grader.sandbox.fork_server, grader.sandbox.confinement.selftest, sys; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(shared)},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    own = [name.removeprefix("grader.").replace(".", "/") for name in run.stdout.split() if name.startswith("grader.")]
    shown = [part.removesuffix(".py").removesuffix("/__init__") for part in library.parts()]
    assert own
    assert all(any(below(name, part) or below(part, name) for part in shown) for name in own)


def test_only_data_of_the_package_can_be_read_beside_that_part() -> None:
    sample = library.PACKAGE / "data"
    assert all(
        part.startswith("data/") and part.endswith((".gz", ".md", "LICENSE")) for part in library.inside([str(sample)])
    )
    assert len(library.inside([str(sample)])) >= 4
    assert library.inside([str(sample / "LICENSE"), "/usr"]) == ("data/LICENSE",)


def test_the_package_is_found_below_links(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(library.PACKAGE.parent)
    found = library.aliases([str(tmp_path / "link"), "/usr/share"])
    assert found == (str(library.PACKAGE), str(tmp_path / "link" / library.PACKAGE.name))
