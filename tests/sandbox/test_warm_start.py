"""Warm start: forked kernels are confined, fresh and ended like cold ones; without a server kernels start cold."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from grader.sandbox import warm_start
from grader.sandbox.confinement.backends import Backend, confines, find_backend, try_backend
from grader.sandbox.confinement.plan import Place
from grader.sandbox.kernel import Kernel
from grader.sandbox.limits import MIB, Limits
from grader.sandbox.warm_start import Forked, NotWarm, Server

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="fork servers are Linux's"),
    pytest.mark.xdist_group("zygote"),
]
LEVELS = [
    pytest.param(level, marks=pytest.mark.skipif(try_backend(level).backend is None, reason=try_backend(level).why))
    for level in ("namespaces", "process")
]
PLACE = Place(Path("/"), Limits())


@pytest.fixture(scope="module", params=LEVELS)
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    warm_start.close()  # servers of other tests
    warm_start.many_kernels()
    yield find_backend(request.param)
    warm_start.close()


def run(backend: Backend, *cells: str, limits: Limits | None = None) -> list[str]:
    """Return what cells print in a new kernel, which must be warm."""
    with Kernel({}, limits or Limits(), backend) as kernel:
        assert isinstance(kernel._running._process, Forked)
        return [kernel.run_cell(place, cell).text.strip() for place, cell in enumerate(cells)]


def test_a_kernel_has_imported_already_and_is_fresh(backend: Backend) -> None:
    texts = run(backend, "import sys\nprint('torch' in sys.modules, 'x' in globals())\nx = 1", "print(x)")
    assert texts == ["True False", "1"]
    assert run(backend, "print('x' in globals())") == ["False"]


def test_forked_kernels_are_confined(backend: Backend) -> None:
    server = Server(backend, PLACE)
    try:
        assert confines(backend, server)
    finally:
        server.close()


def test_kernels_of_one_server_have_nothing_in_common(backend: Backend) -> None:
    look = (
        "import os, getpass\n"
        "print(os.listdir('/tmp') if os.path.isdir('/tmp/work') else os.listdir('.'), getpass.getuser(), os.environ['HOME'])"
    )
    with Kernel({}, Limits(), backend) as one, Kernel({}, Limits(), backend) as other:
        first, second = one._running, other._running
        assert isinstance(first._process, Forked)
        assert isinstance(second._process, Forked)
        one.run_cell(0, "open('secret', 'w').write('x'); open(__import__('tempfile').gettempdir() + '/secret', 'w')")
        text = other.run_cell(0, look).text
        assert "secret" not in text
        assert "student" in text
        pid = first._kernel_pid()
        assert "GOT" not in other.run_cell(1, f"import os\nos.kill({pid}, 9)\nprint('GOT it')").text
        assert one.run_cell(1, "print(1)").text.strip() == "1"


def test_random_numbers_are_as_different_as_those_of_new_processes(backend: Backend) -> None:
    draw = (
        "import random, numpy, torch\nprint(random.random())",
        "print(numpy.random.rand())",
        "print(torch.rand(3).tolist())",
    )
    assert not set(run(backend, *draw)) & set(run(backend, *draw))


def test_a_training_is_that_of_a_cold_kernel_bit_by_bit(backend: Backend) -> None:
    train = """
import torch
from torch import nn
torch.manual_seed(1)
model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 6 * 6, 10))
optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.5)
for _ in range(3):
    loss = nn.functional.cross_entropy(model(torch.rand(8, 1, 8, 8)), torch.randint(0, 10, (8,)))
    optimizer.zero_grad(); loss.backward(); optimizer.step()
print(loss.item().hex())
"""
    warm_start.many_kernels(False)
    with Kernel({}, Limits(), backend) as kernel:
        assert isinstance(kernel._running._process, subprocess.Popen)
        cold = kernel.run_cell(0, train).text.strip()
    warm_start.many_kernels()
    assert run(backend, train) == [cold]


def test_threads_and_data_loaders_work_after_the_fork(backend: Backend) -> None:
    cell = """
import torch
torch.set_num_threads(2)
data = torch.utils.data.TensorDataset(torch.ones(64, 3))
print(sum(float(batch[0].sum()) for batch in torch.utils.data.DataLoader(data, 16, num_workers=2)))
print(float((torch.ones(700, 700) @ torch.ones(700, 700))[0, 0]))
"""
    assert run(backend, cell) == ["192.0\n700.0"]


def test_limits_are_those_of_a_cold_kernel(backend: Backend) -> None:
    with Kernel({}, Limits(memory_bytes=1024 * MIB, cell_seconds=20), backend) as kernel:
        assert "memory" in kernel.run_cell(0, "x = [bytearray(1 << 26) for _ in range(40)]").reason
    with Kernel({}, Limits(cell_seconds=1, interrupt_grace_seconds=1), backend) as kernel:
        assert kernel.run_cell(0, "while True: pass").status == "timeout"
        assert kernel.run_cell(1, "print(1)").text.strip() == "1"


def test_the_exit_status_of_a_forked_kernel_is_known(backend: Backend) -> None:
    with Kernel({}, Limits(), backend) as kernel:
        ended = kernel.run_cell(0, "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")
        assert ended.status == "dead"
        assert kernel.exit_status == -signal.SIGSEGV
        assert "SIGSEGV" in ended.reason


def test_a_forked_kernel_leaves_nothing_behind(backend: Backend) -> None:
    with Kernel({}, Limits(), backend) as kernel:
        process = kernel._running
        assert process._process is not None
        top, inner, folder = process._process.pid, process._kernel_pid(), process.folder
        kernel.run_cell(0, "import subprocess\nsubprocess.Popen(['sleep', '1000'], start_new_session=True)")
        pids = [top, inner, *(child.pid for child in psutil.Process(inner).children(recursive=True))]
    end = time.monotonic() + 5
    while any(map(psutil.pid_exists, filter(None, pids))) and time.monotonic() < end:
        time.sleep(0.02)
    assert not any(map(psutil.pid_exists, filter(None, pids)))
    assert not folder.exists()


def test_a_kernel_has_no_way_to_the_server(backend: Backend) -> None:
    cell = """
import os
found = []
for name in os.listdir('/proc/self/fd'):
    try:
        link = os.readlink(f'/proc/self/fd/{name}').split(':')[0]
        found.append(os.path.basename(link) if '/gk-' in link else link)
    except OSError:
        pass
print(sorted(link for link in found if link != 'anon_inode'), len(found))
print(os.environ.get('PYTHONPATH', '').count('grader'), [name for name in os.environ if name.startswith(('AWS', 'GRADER', 'SSH'))])
"""
    os.environ["GRADER_SECRET"] = "x"
    try:
        warm = run(backend, cell)
        warm_start.many_kernels(False)
        with Kernel({}, Limits(), backend) as kernel:
            cold = kernel.run_cell(0, cell).text.strip()
    finally:
        warm_start.many_kernels()
        del os.environ["GRADER_SECRET"]
    assert warm == [cold]


def test_a_server_that_died_is_replaced_and_its_kernels_are_dead(backend: Backend) -> None:
    with Kernel({}, Limits(), backend) as kernel:
        server = next(iter(warm_start._servers._servers.values()))
        assert server is not None
        assert server._process is not None
        server._process.kill()
        run_after = kernel.run_cell(0, "import time\ntime.sleep(20)")
        assert run_after.status in ("dead", "not_run")
    assert run(backend, "print(2)") == ["2"]


def test_without_a_server_kernels_start_cold(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise NotWarm("not today")

    warm_start.close()
    warm_start.many_kernels()
    monkeypatch.setattr(warm_start, "Server", refuse)
    with Kernel({}, Limits(), backend) as kernel:
        assert isinstance(kernel._running._process, subprocess.Popen)
        assert kernel.run_cell(0, "print(1)").text.strip() == "1"
    warm_start.close()
    warm_start.many_kernels()


def test_a_server_that_does_not_confine_is_not_used(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    warm_start.close()
    warm_start.many_kernels()
    monkeypatch.setattr("grader.sandbox.confinement.backends.confines", lambda *_: False)
    with Kernel({}, Limits(), backend) as kernel:
        assert isinstance(kernel._running._process, subprocess.Popen)
    warm_start.close()
    warm_start.many_kernels()


def test_the_server_ends_with_the_grader() -> None:
    code = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from grader.sandbox.confinement.backends import best\n"
        "from grader.sandbox.confinement.plan import Place\n"
        "from grader.sandbox.limits import Limits\n"
        "from grader.sandbox.warm_start import Server\n"
        "server = Server(best(), Place(Path('/'), Limits()))\n"
        "print(server._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    grader = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert grader.stdout is not None
    line = grader.stdout.readline()
    if not line:
        pytest.skip("no back end here has a fork server")
    pids = [int(line), *(child.pid for child in psutil.Process(int(line)).children(recursive=True))]
    grader.kill()
    grader.wait()
    end = time.monotonic() + 10
    while any(map(psutil.pid_exists, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(psutil.pid_exists, pids))


def test_data_below_tmp_can_be_read_and_nothing_else_there(backend: Backend) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        data = Path(folder) / "data"
        data.mkdir()
        (data / "images").write_text("all of them")
        (Path(folder) / "secret").write_text("the solution")
        cell = f"import os\nprint(open({str(data / 'images')!r}).read())\nprint(open({str(data.parent / 'secret')!r}).read())"
        write = f"open({str(data / 'more')!r}, 'w')"
        with Kernel({"readable": [str(data)]}, Limits(), backend) as kernel:
            assert isinstance(kernel._running._process, Forked)
            read = kernel.run_cell(0, cell)
            assert "all of them" in read.text
            assert "the solution" not in read.text
            assert read.error is not None
            assert kernel.run_cell(1, write).error is not None


def test_where_the_server_does_not_answer_kernels_start_cold_and_its_others_go_on(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm_start.close()
    warm_start.many_kernels()
    with Kernel({}, Limits(), backend) as before:
        [server] = warm_start._servers._servers.values()
        assert server is not None
        assert server._process is not None
        tree = [psutil.Process(server._process.pid), *psutil.Process(server._process.pid).children(recursive=True)]
        kernels = psutil.Process(before._running._process.pid).children(recursive=True)  # type: ignore[union-attr]
        stopped = [process for process in tree if process not in kernels]
        monkeypatch.setattr(warm_start, "HELLO_SECONDS", 0.5)
        for process in stopped:
            process.suspend()
        try:
            for _ in range(2):
                with Kernel({}, Limits(), backend) as kernel:
                    assert isinstance(kernel._running._process, subprocess.Popen)
                    assert kernel.run_cell(0, "print(1)").text.strip() == "1"
            assert before.run_cell(0, "print(2)").text.strip() == "2"
        finally:
            for process in stopped:
                process.resume()
    warm_start.close()
    warm_start.many_kernels()
