"""The process of a kernel: its folder, its limits, and that it leaves nothing behind, under each back end."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from grader.sandbox.confinement.backends import LEVELS, Backend, find_backend, try_backend
from grader.sandbox.confinement.folder import private_folder, remove
from grader.sandbox.kernel import Kernel
from grader.sandbox.limits import MIB, Limits
from grader.sandbox.process import KernelProcess
from tests.sandbox.processes import runs, until

BACKENDS = [
    pytest.param(
        level,
        marks=pytest.mark.skipif(
            try_backend(level).backend is None and not os.environ.get("GRADER_REQUIRE_ISOLATION"),
            reason=f"{level}: {try_backend(level).why}",
        ),
    )
    for level in LEVELS
]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    return find_backend(request.param)


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


def test_a_folder_is_made_and_removed(backend: Backend) -> None:
    process = KernelProcess({}, Limits(), backend)
    process.start()
    folder = process.folder
    assert process.alive
    process.close()
    assert not folder.exists()
    assert not process.alive
    process.close()


def test_a_folder_without_permissions_is_removed_too(tmp_path: Path) -> None:
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "a" / "b").chmod(0)
    remove(tmp_path / "a")
    assert not (tmp_path / "a").exists()


DAEMON = """import os, subprocess, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execve('/bin/sleep', ['sleep', '{marker}'], {{}})
    os._exit(0)
subprocess.Popen(['sleep', '{marker}'], start_new_session=True)
"""


def test_daemons_of_a_notebook_end_with_it(backend: Backend) -> None:
    marker = f"4243.{os.getpid()}"

    def left() -> int:
        return sum(marker in (p.info["cmdline"] or [])[-1:] for p in psutil.process_iter(["cmdline"]))

    with Kernel({}, Limits(), backend) as kernel:
        assert kernel.run_cell(0, DAEMON.format(marker=marker)).status == "ok"
        assert until(lambda: left() == 2)
    assert left() == 0


def test_a_kernel_ends_with_its_driver(backend: Backend) -> None:
    driver = f"""if True:
        import time
        from grader.sandbox.confinement.backends import find_backend
        from grader.sandbox.kernel import Kernel
        from grader.sandbox.limits import Limits
        with Kernel({{}}, Limits(), find_backend({backend.level!r})) as kernel:
            kernel.run_cell(0, "import subprocess; subprocess.Popen(['sleep', '4244.{os.getpid()}'])")
            print("up", flush=True)
            time.sleep(100)
    """
    process = subprocess.Popen([sys.executable, "-c", driver], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    mine = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    assert len(mine) >= 2
    process.kill()
    process.wait()
    process.stdout.close()
    assert until(lambda: not any(map(runs, mine)))


def test_more_memory_than_allowed(backend: Backend) -> None:
    with Kernel({}, Limits(memory_bytes=512 * MIB), backend) as kernel:
        assert kernel.run_cell(0, "print('before')").status == "ok"
        one = kernel.run_cell(7, "x = bytearray(3 << 30)")
        assert one.reason == "cell 7 used more than 512 MiB of memory"
        assert kernel.run_cell(8, "print('goes on')").stdout == "goes on\n"
        many = kernel.run_cell(9, HOGS)
        assert many.reason == "cell 9 used more than 512 MiB of memory"
        assert kernel.run_cell(10, "1").reason == "not run: the kernel was ended in cell 9"


HOGS = """import os, time
for _ in range(4):
    if os.fork() == 0:
        x = bytearray(200 << 20)
        for k in range(0, len(x), 4096): x[k] = 1
        time.sleep(60)
        os._exit(0)
time.sleep(60)
"""


def test_more_cpu_time_than_allowed(backend: Backend) -> None:
    with Kernel({}, Limits(cpu_seconds=3), backend) as kernel:
        assert kernel.run_cell(3, "while True: pass").reason == "cell 3 used more than 3 s of CPU time"


def test_a_file_may_not_grow_too_large(backend: Backend) -> None:
    limits = Limits(file_bytes=8 * MIB, evidence_bytes=MIB)
    with Kernel({}, limits, backend) as kernel:
        run = kernel.run_cell(0, "with open('x', 'wb') as f:\n    for _ in range(100): f.write(bytes(1 << 20))")
        assert run.error is not None
        assert "File too large" in run.error.message


def test_all_files_together_may_not_be_too_large(backend: Backend) -> None:
    fill = "import time\nfor n in range(200):\n    open(f'f{n}', 'wb').write(bytes(1 << 20))\ntime.sleep(3)"
    with Kernel({}, Limits(scratch_bytes=64 * MIB), backend) as kernel:
        run = kernel.run_cell(4, fill)
        full = run.error is not None and "No space left" in run.error.message
        assert full or run.reason == "cell 4 used more than 64 MiB of files"


def test_more_processes_than_allowed(backend: Backend) -> None:
    forks = "import os, time\nfor n in range(200):\n    if os.fork() == 0: time.sleep(60)\ntime.sleep(3)"
    with Kernel({}, Limits(tasks=64), backend) as kernel:
        run = kernel.run_cell(5, forks)
        refused = run.error is not None and run.error.name == "BlockingIOError"
        assert refused or run.reason == "cell 5 used more than 64 processes and threads"
