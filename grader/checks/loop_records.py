"""Checks on the losses and global steps that a training function records and returns.

`probe` is the evidence of one training function, `e.loops[role]`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn

from grader.assignment import Fail
from grader.checks.loop_common import WEIGHT_TOLERANCE, both_runs, close, first_steps, shortened, weight_change
from grader.evidence.compare import distance
from grader.evidence.probes import LoopProbe
from grader.evidence.run import numbers

_COUNT = "What is added to the step, and how often in an epoch?"
_OWN = "What is appended: the loss of that batch alone, as a float?"

__all__ = ["records_losses", "returns_step"]


def records_losses(probe: LoopProbe, every: int) -> str:
    """Check that the loss of every `every`-th batch is recorded, with its global step in another list.

    Any phase is right (batches 0, 100, 200 or 99, 199), and a step may be counted before or after it is recorded:
    start + i or start + i + 1 for batch i, where start is the step that was passed in, or epoch * batches.

    Return how many losses were recorded. Raise Fail: with half the credit for tensors instead of numbers, averages
    instead of single losses or wrong steps, with 0.4 for another interval, else without. Raise NotGraded if the
    function was not run.

    >>> from grader.evidence.probes import LoopRun
    >>> run = LoopRun({}, {}, lists={"losses": (2.3, 1.9), "steps": (1.0, 3.0)})
    >>> probe = LoopProbe("cpu_train", student=run, reference=run, losses=(2.3, 2.0, 1.9), batch_sizes=(64, 64, 64))
    >>> records_losses(probe, every=2)
    '2 losses recorded, one every 2 batches, with their steps'
    """
    student, _ = both_runs(probe)
    start = probe.current_step
    expected = f"the loss and the global step of every {every}th batch, appended to the lists that were passed in"
    recorded = {name: numbers(values) for name, values in student.lists.items() if len(numbers(values))}
    texts = [name for name, kind in student.list_types.items() if kind == "str" and name not in recorded]
    if not recorded and not texts:
        raise Fail("nothing was appended to any list", expected, "Which list gets a loss, and in which batches?")
    followed = _moved_alike(probe)
    starts = first_steps(probe)
    name, indices = _recorded_indices(recorded, probe.losses if followed else (), every, starts, len(probe.batch_sizes))
    if name is None and texts:
        raise Fail(
            f"'{texts[0]}' holds texts, not numbers", expected, "Append the number itself; format it when you print it."
        )
    if name is None:
        _explain_losses(recorded, probe.losses, every, followed, expected)
    if student.list_types.get(name) == "Tensor":
        raise Fail(
            f"'{name}' holds tensors, which keep every batch's graph alive",
            "plain numbers",
            "A tensor has a method that gives its value as a number.",
            credit=0.5,
        )
    beside = [values for other, values in recorded.items() if other != name and len(values) == len(indices)]
    if not any(_are_steps(values, indices, begin) for values in beside for begin in starts):
        seen = f"; the list beside it holds {shortened(beside[0])}" if beside else ""
        raise Fail(
            f"the losses are recorded, but their global steps are not{seen}",
            f"steps that continue from {start}, like {shortened([start + i + 1 for i in indices])}",
            "The step counts batches over all epochs; append it when the loss is appended.",
            credit=0.5,
        )
    return f"{len(indices)} losses recorded, one every {every} batches, with their steps"


def returns_step(probe: LoopProbe) -> str:
    """Check that the function returns the global step: the one that was passed in plus the number of batches.

    Return both. A function that counts in a global name or in an attribute of its object need not return it. Raise Fail
    if it returns something else or nothing, and NotGraded if it was not run.

    >>> from grader.evidence.probes import LoopRun
    >>> run = LoopRun({}, {}, returned=(738.0,))
    >>> returns_step(LoopProbe("cpu_train", student=run, reference=run, current_step=610, batch_sizes=(64,) * 128))
    'returns 738, the global step after 128 batches from 610'
    >>> run = LoopRun({}, {}, numbers={"self.step": 738.0})
    >>> returns_step(LoopProbe("cpu_train", student=run, reference=run, current_step=610, batch_sizes=(64,) * 128))
    'keeps 738 in self.step, the global step after 128 batches from 610'
    """
    student, _ = both_runs(probe)
    counted = [len(probe.batch_sizes)]
    if student.steps and not _moved_alike(probe):
        counted.append(student.steps)  # the updates that were left out are another check's
    for begin, count in itertools.product(first_steps(probe), counted):
        after = begin + count
        if after in student.returned:
            return f"returns {after}, the global step after {count} batches from {begin}"
        kept = next((name for name, value in student.numbers.items() if value == after), None)
        if kept is not None:
            return f"keeps {after} in {kept}, the global step after {count} batches from {begin}"
    start = probe.current_step
    expected = start + len(probe.batch_sizes)
    if student.returned_nothing:
        seen = "it returns nothing"
    else:
        seen = f"it returns {shortened(numbers(student.returned))}"
    raise Fail(seen, f"{expected}: {start} and one for each of the {len(probe.batch_sizes)} batches", _COUNT)


def _moved_alike(probe: LoopProbe) -> bool:
    """Return whether the weights after training are the reference's, so that each batch had the reference's loss."""
    student, reference = both_runs(probe)
    return distance(student.weights, reference.weights) <= WEIGHT_TOLERANCE * weight_change(reference)


def _recorded_indices(
    recorded: Mapping[str, Sequence[float]], losses: Sequence[float], every: int, starts: Sequence[int], batches: int
) -> tuple[str | None, tuple[int, ...]]:
    """Return the list that holds the losses of every `every`-th batch, and their indices; (None, ()) if none does.

    `losses` is empty if the student's weights differ from the reference's; then the recorded steps decide.
    """
    for indices in _regular(every, batches):
        for name, values in recorded.items():
            if len(values) != len(indices):
                continue
            if losses:
                if all(close(value, losses[i]) for value, i in zip(values, indices, strict=True)):
                    return name, indices
            elif any(
                _are_steps(steps, indices, start)
                for other, steps in recorded.items()
                for start in starts
                if other != name
            ):
                return name, indices
    return None, ()


def _regular(every: int, batches: int) -> Iterator[tuple[int, ...]]:
    """Yield the indices of every `every`-th batch for each phase, without and with the last batch."""
    for phase in range(min(every, batches)):
        indices = tuple(range(phase, batches, every))
        yield indices
        if indices[-1] != batches - 1:
            yield (*indices, batches - 1)


def _explain_losses(
    recorded: Mapping[str, Sequence[float]], losses: Sequence[float], every: int, followed: bool, expected: str
) -> NoReturn:
    """Raise Fail with a description of lists that do not hold the losses of every `every`-th batch."""
    for name, values in recorded.items():
        if _is_running_mean(values, losses):
            raise Fail(
                f"'{name}' holds averages over several batches", expected, "Record the batch's own loss.", credit=0.5
            )
    for values in recorded.values() if followed else ():
        indices = _recorded_often(values, losses)
        if indices:
            raise Fail(_interval(indices, len(losses)), expected, "Count batches, not epochs.", credit=0.4)
    lengths = ", ".join(f"{len(values)} in '{name}'" for name, values in recorded.items())
    raise Fail(f"the recorded values ({lengths}) are not the losses of every {every}th batch", expected, _OWN)


def _recorded_often(values: Sequence[float], losses: Sequence[float]) -> tuple[int, ...]:
    """Return the indices of the batches whose losses the values are; () if they are not losses of batches.

    Regular intervals come first. Batches may have nearly the same loss, so the first that is close is not always the
    one that was recorded.
    """
    for gap in range(1, len(losses) + 1):
        for indices in _regular(gap, len(losses)):
            if len(indices) == len(values) and all(close(v, losses[i]) for v, i in zip(values, indices, strict=True)):
                return indices
    found = tuple(_match_in_order(values, losses))
    return found if len(found) == len(values) else ()


def _match_in_order(values: Sequence[float], losses: Sequence[float]) -> Iterator[int]:
    """Yield the index in `losses` of each value, in increasing order; stop at the first value that is not found."""
    position = 0
    for value in values:
        while position < len(losses) and not close(value, losses[position]):
            position += 1
        if position == len(losses):
            return
        yield position
        position += 1


def _interval(indices: Sequence[int], batches: int) -> str:
    """Return how often a loss was recorded, in words."""
    if len(indices) == 1:
        return f"one loss was recorded in {batches} batches"
    gaps = [b - a for a, b in itertools.pairwise(indices)]
    if len(set(gaps[:-1] or gaps)) == 1 and batches - indices[-1] <= gaps[0]:
        return f"a loss was recorded every {gaps[0]} batch{'es' if gaps[0] > 1 else ''}"
    return f"the losses recorded are those of batches {shortened(indices)} of {batches}"


def _are_steps(values: Sequence[float], indices: Sequence[int], start: int) -> bool:
    return len(values) == len(indices) and any(
        all(v == start + i + shift for v, i in zip(values, indices, strict=True)) for shift in (0, 1)
    )


def _is_running_mean(values: Sequence[float], losses: Sequence[float]) -> bool:
    """Return whether each value is the mean of all losses up to some batch."""
    total, means = 0.0, []
    for count, loss in enumerate(losses, 1):
        total += loss
        means.append(total / count)
    return all(any(math.isclose(v, m, rel_tol=1e-4) for m in means) for v in values)
