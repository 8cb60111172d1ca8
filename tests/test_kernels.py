from pathlib import Path

import pytest

from grader.data.sources import find_data
from grader.devices import VIRTUAL
from grader.kernels import Kernels, Setup
from grader.sandbox import plan
from grader.sandbox.backends import find_backend
from grader.sandbox.kernel import KernelStartError
from grader.sandbox.policy import Limits


def setup(cores: int) -> Setup:
    return Setup(find_data(None, True), VIRTUAL, Limits(), 1, find_backend("laptop"), cores)


@pytest.mark.parametrize(("cores", "passive", "threads"), [(1, True, 1), (2, True, 2), (64, True, 2), (2, False, 1)])
def test_two_threads_at_most_and_only_where_they_sleep_while_they_wait(cores, passive, threads, monkeypatch):
    def environment(*_: object) -> dict[str, str]:
        return {"OMP_WAIT_POLICY": "passive"} if passive else {}

    monkeypatch.setattr("grader.kernels.environment", environment)
    assert setup(cores).threads == threads


def test_a_kernel_that_cannot_be_started_raises_for_who_waits_for_it_and_the_others_are_closed():
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
