from pathlib import Path

import pytest

from grader.data.sources import find_data
from grader.machine import VIRTUAL
from grader.run.kernels import Kernels, Setup
from grader.sandbox.confinement import plan
from grader.sandbox.confinement.backends import find_backend
from grader.sandbox.kernel import KernelStartError
from grader.sandbox.limits import Limits


def setup(cores: int) -> Setup:
    return Setup(find_data(None, True), VIRTUAL, Limits(), 1, find_backend("laptop"), cores)


@pytest.mark.slow
@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (64, 2)])
def test_torch_has_two_threads_at_most_and_they_do_not_wait_awake_for_long(
    cores: int, threads: int, tmp_path: Path
) -> None:
    waiting = "os.environ['OMP_WAIT_POLICY'], os.environ['GOMP_SPINCOUNT']"
    asked = f"import os, torch\nprint(torch.get_num_threads(), {waiting})"
    with setup(cores).recorded(tmp_path) as kernel:
        assert kernel.run_cell(0, asked).stdout.split() == [str(threads), *plan.WAITING.values()]


def test_a_kernel_that_cannot_be_started_raises_when_awaited_and_the_others_are_closed():
    closed = []

    class Ready:
        def __enter__(self) -> "Ready":
            return self

        def __exit__(self, *error: object) -> None:
            closed.append(self)

    class Broken(Ready):
        def __enter__(self) -> "Ready":
            raise KernelStartError("no")

    with Kernels() as kernels:
        ready, broken = kernels.start(Ready), kernels.start(Broken)  # type: ignore[arg-type]
        assert isinstance(ready.result(), Ready)
        with pytest.raises(KernelStartError):
            broken.result()
    assert closed == [ready.result()]


def test_the_kernel_is_told_how_many_threads_it_has():
    kernel = setup(1).recorded(Path("/nowhere"))
    assert kernel._harness["threads"] == 1
    assert plan.environment("", "", None)["OMP_NUM_THREADS"] == "1"
