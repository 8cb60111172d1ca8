"""What checks on training and test functions share: the two runs, the weights between them, numbers that are equal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from grader.assignment import Fail, NotGraded
from grader.evidence.compare import distance
from grader.evidence.probes import LoopProbe, LoopRun

WEIGHT_TOLERANCE = 1e-3  # of the distance the reference moved; equal mathematics in another order stays under 1e-4
LOSS_TOLERANCE = 1e-3  # relative


def both_runs(probe: LoopProbe) -> tuple[LoopRun, LoopRun]:
    """The student's run and the reference's. Raises NotGraded when there are not both."""
    if probe.student is None or probe.reference is None:
        raise NotGraded(probe.missing or "the function was not run")
    return probe.student, probe.reference


def weight_change(run: LoopRun) -> float:
    """Return the Euclidean distance between the weights before and after a run."""
    return distance(run.weights, run.start)


def first_steps(probe: LoopProbe) -> tuple[int, ...]:
    """The global step at the beginning: as it was handed in, or epoch * batches, which some compute instead.

    In a notebook whose epochs count from 0 both are the same; the probe's epoch and step are not of one training.
    """
    by_epoch = (probe.epoch or 0) * len(probe.batch_sizes)
    return (probe.current_step, by_epoch) if by_epoch else (probe.current_step,)


def need_forwards(student: LoopRun) -> None:
    """Raise Fail for a function that never called its model."""
    if not student.forwards:
        raise Fail("the model that the function was given was never called", "one call per batch")


def close(value: float, target: float, tolerance: float = LOSS_TOLERANCE) -> bool:
    """Whether two losses are equal but for a share `tolerance`."""
    return math.isclose(value, target, rel_tol=tolerance, abs_tol=1e-9)


def shortened(values: Sequence[float]) -> str:
    """The first values of a list, for a message."""
    shown = ", ".join(f"{value:g}" for value in values[:4])
    return f"[{shown}{', …' if len(values) > 4 else ''}]"
