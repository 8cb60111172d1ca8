"""A fault in a loop that serves both devices costs points once; what only a probe finds is for a person to decide."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.assignment import Evidence, Fail, NotGraded
from grader.checks import loops
from grader.evidence.probes import LoopProbe, ProbeError
from grader.evidence.run import CellRun
from reference.checks.epochs import gpu_placement
from reference.checks.loops_in_run import once
from reference.checks.probed import loop_checks
from reference.rubric import GPU_POINTS
from tests.checks import loop_probes
from tests.checks.test_convergence import evaluated, train
from tests.conftest import empty_evidence

PILED = loop_probes.train(weights=loop_probes.PILED_UP)
RIGHT = loop_probes.train()


def evidence(cpu: str | None, gpu: str | None, first=PILED, second=PILED) -> Evidence:
    """Return evidence of trainings on both devices whose loops are in these functions, and of two probes."""
    passes = (
        train(0, 2.3, function="cpu_train", inner_function=cpu, model_device="cpu"),
        train(0, 2.3, function="gpu_train", inner_function=gpu, model_device="cuda:0"),
        replace(evaluated(0, 2.0), function="gpu_test", inner_function="other", model_device="cuda:0"),
    )
    e = empty_evidence()
    return replace(e, run=replace(e.run, passes=passes), loops={"cpu_train": first, "gpu_train": second})


def test_the_same_fault_in_the_same_loop_costs_nothing_again() -> None:
    e = evidence("one_epoch", "one_epoch")
    with pytest.raises(Fail, match="pile up"):
        once(e, loops.trains, "cpu_train", "cpu_train")
    said = once(e, loops.trains, "gpu_train", "cpu_train")
    assert "pile up" in said
    assert "cpu_train runs the same loop" in said


@pytest.mark.parametrize(
    "e",
    [
        evidence("one_epoch", "another"),  # a copy of the loop
        evidence(None, None),  # two loops, in the functions themselves
        evidence("one_epoch", "one_epoch", first=RIGHT),  # a fault on the GPU alone
        evidence("one_epoch", "one_epoch", first=loop_probes.train(weights=loop_probes.START)),  # another fault
    ],
)
def test_every_other_fault_costs_points(e: Evidence) -> None:
    with pytest.raises(Fail):
        once(e, loops.trains, "gpu_train", "cpu_train")


def test_a_right_function_is_right() -> None:
    assert "equal" in once(evidence("one_epoch", "one_epoch", second=RIGHT), loops.trains, "gpu_train", "cpu_train")


MISSING = LoopProbe("gpu_train", function="gpu_train", missing="the grader does not know what to pass")
RAISES = loop_probes.train(error=ProbeError("KeyError", "'lr'"))


@pytest.mark.parametrize("probe", [MISSING, replace(RAISES, function="gpu_train", source="function gpu_train")])
@pytest.mark.parametrize(
    ("status", "whole", "epochs"), [("ok", True, 2), ("error", True, 2), ("ok", False, 2), ("ok", True, 1)]
)
def test_a_function_that_works_in_the_notebook_alone_is_for_a_person(probe, status, whole, epochs) -> None:
    e = evidence("one_epoch", "one_epoch", second=probe)
    own = replace(e.run.passes[1], model="model-9")
    passes = (e.run.passes[0], *[replace(own, complete=whole)] * epochs)
    cells = tuple(CellRun(seen.cell, status) for seen in passes)
    loops_ = {**e.loops, "gpu_test": LoopProbe("gpu_test", missing="there is none")}
    e = replace(e, run=replace(e.run, passes=passes, cells=cells), loops=loops_)
    expected = NotGraded if (status, whole, epochs) == ("ok", True, 2) else Fail
    exists = next(check for check in loop_checks("q5", "gpu_train", "gpu_test", GPU_POINTS) if check.id == "q5.train")
    for check in (exists.run, gpu_placement):
        with pytest.raises(expected) as caught:
            check(e)
        if isinstance(caught.value, NotGraded):
            assert "a person must look" in caught.value.facts[0]
