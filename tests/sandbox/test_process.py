"""The process of a kernel: its environment, its folder, and that nothing of it is left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from grader.sandbox.policy import Limits
from grader.sandbox.process import MARK, KernelProcess, environment, kill_tree, private_folder, share_font_list


def until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_the_environment_passes_on_little(tmp_path: Path) -> None:
    outer = {
        "PATH": "/bin",
        "LC_ALL": "C",
        "CUDA_VISIBLE_DEVICES": "1",
        "API_TOKEN": "secret",
        "PYTHONSTARTUP": "x",
        "HOME": "/h",
    }
    inner = environment(outer, tmp_path)
    assert (inner["PATH"], inner["LC_ALL"], inner["CUDA_VISIBLE_DEVICES"]) == ("/bin", "C", "1")
    assert not {"API_TOKEN", "PYTHONSTARTUP"} & inner.keys()
    assert all(Path(inner[name]).is_relative_to(tmp_path) for name in ("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR"))
    assert inner["OMP_NUM_THREADS"] == inner["MKL_NUM_THREADS"] == inner["OPENBLAS_NUM_THREADS"] == "1"


def test_sockets_fit_into_a_path_even_when_the_temporary_folder_is_deep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    folder = private_folder()
    assert len(str(folder)) < 60
    assert folder.stat().st_mode & 0o777 == 0o700
    assert list(deep.iterdir()) == []
    folder.rmdir()


def test_the_users_font_list_is_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "fontlist-v390.json").write_text("{}")
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "cache"))
    share_font_list(tmp_path / "new")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["fontlist-v390.json"]


def test_kill_tree_finds_what_left_the_process_group() -> None:
    script = "setsid sh -c 'setsid sleep 4243 & sleep 4243' & sleep 4243 & sleep 4243"
    process = subprocess.Popen(["sh", "-c", script], env={**os.environ, MARK: "test-tree"}, start_new_session=True)

    def left() -> int:
        return sum("4243" in (p.info["cmdline"] or [])[-1:] for p in psutil.process_iter(["cmdline"]))

    assert until(lambda: left() >= 4)
    kill_tree(process, "test-tree")
    assert until(lambda: left() == 0)
    assert process.wait(timeout=5) == -signal.SIGKILL


def test_a_folder_is_made_and_removed() -> None:
    process = KernelProcess({}, Limits())
    process.start()
    folder = process.folder
    assert process.alive
    assert process.scratch.is_dir()
    process.close()
    assert not folder.exists()
    assert not process.alive
    process.close()


def test_a_scratch_folder_that_was_handed_in_stays(tmp_path: Path) -> None:
    process = KernelProcess({}, Limits(), tmp_path)
    process.start()
    process.close()
    assert tmp_path.is_dir()


def test_a_kernel_ends_with_its_driver() -> None:
    driver = """if True:
        import time
        from grader.sandbox.kernel import Kernel
        from grader.sandbox.policy import Limits
        with Kernel({}, Limits()) as kernel:
            print(kernel.run_cell(0, "import os; os.getpid()").text, flush=True)
            time.sleep(100)
    """
    process = subprocess.Popen([sys.executable, "-c", driver], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    assert psutil.pid_exists(pid)
    process.kill()
    process.wait()
    process.stdout.close()
    assert until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
