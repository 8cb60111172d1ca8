"""Helpers for checks on training and test functions: the two runs, their weights, and comparisons of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from grader.assignment import Fail, NotGraded
from grader.evidence.compare import distance
from grader.evidence.probes import LoopProbe, LoopRun

__all__ = ["both_runs", "need_forwards"]

WEIGHT_TOLERANCE = 1e-3  # of the reference's weight change; the same mathematics in another order stays under 1e-4
NO_CALL = "Which model does the function call: the one that it is given, or the global `model`?"
LOSS_TOLERANCE = 1e-3  # relative


def both_runs(probe: LoopProbe) -> tuple[LoopRun, LoopRun]:
    """Return the student's run of a training or test function and the reference's. Raise NotGraded if one is missing.

    >>> run = LoopRun(start={}, weights={})
    >>> both_runs(LoopProbe("cpu_train", student=run, reference=run)) == (run, run)
    True
    >>> both_runs(LoopProbe("cpu_train", missing="there is no function cpu_train"))
    Traceback (most recent call last):
    grader.assignment.NotGraded: there is no function cpu_train
    """
    if probe.student is None or probe.reference is None:
        raise NotGraded(probe.missing or "the function was not run")
    return probe.student, probe.reference


def weight_change(run: LoopRun) -> float:
    """Return the Euclidean distance between the weights before and after a run."""
    return distance(run.weights, run.start)


def first_steps(probe: LoopProbe) -> tuple[int, ...]:
    """Return the global steps from which a function may count: the one passed in, and epoch * batches.

    Some functions compute the step from the epoch. In a notebook that counts epochs from 0 both are the same; the probe
    passes an epoch and a step that do not belong together. One that does a whole training counts from 0.
    """
    by_epoch = (probe.epoch or 0) * len(probe.batch_sizes)
    new = (0,) if {"epochs", "model_class"} & set(probe.bindings.values()) else ()
    return (probe.current_step, by_epoch, *new) if by_epoch else (probe.current_step, *new)


def need_forwards(student: LoopRun) -> None:
    """Raise Fail if the function never called the model that it was given.

    >>> need_forwards(LoopRun(start={}, weights={}))
    Traceback (most recent call last):
    grader.assignment.Fail: the model that the function was given was never called
    """
    if not student.forwards:
        raise Fail("the model that the function was given was never called", "one call per batch", NO_CALL)


def close(value: float, target: float, tolerance: float = LOSS_TOLERANCE) -> bool:
    """Return whether two losses are equal up to the relative `tolerance`."""
    return math.isclose(value, target, rel_tol=tolerance, abs_tol=1e-9)


def shortened(values: Sequence[float]) -> str:
    """Return the first four values of a list, for a message."""
    shown = ", ".join(f"{value:g}" for value in values[:4])
    return f"[{shown}{', …' if len(values) > 4 else ''}]"
