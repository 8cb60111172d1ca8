"""Recognise curves of a notebook whose functions are known to record something else than losses, which cost points."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from grader.checks.plot_lines import Curve, Measured, correlation
from grader.evidence.run import Line

__all__ = ["training_as_recorded", "validation_as_recorded"]

ALIKE = 0.8  # rank correlation of what was recorded with the losses of the same batches (docs/calibration.md)


def validation_as_recorded(line: Line, measured: Measured, wanted: int, named: bool) -> Curve | None:
    """Return a line with one value per epoch as the validation curve, whatever its values are; None for another line.

    It is for a notebook whose test function is known to record something else than the average loss. A line that is not
    `named` as the validation loss must have exactly the `wanted` number of points.

    >>> from grader.evidence.run import LoaderSeen, Pass
    >>> from grader.evidence.trainings import Epoch
    >>> loader = LoaderSeen("loader-1", "MNIST", "train", 256, 64, True)
    >>> epoch = Epoch(Pass(4, loader, 0.0, 1.0, 4, 256, complete=True, steps=4, losses=(2.3, 1.9, 1.4, 1.1)))
    >>> line = Line("val", x=(1.0, 2.0), y=(0.02, 0.01))
    >>> validation_as_recorded(line, Measured.of([epoch, epoch]), 2, named=True).epochs
    (1, 2)
    """
    points = _points(line)
    if not 2 <= len(points) <= len(measured.epochs) or (not named and len(points) != wanted):
        return None
    return Curve("validation", line, tuple((x, e + 1.0) for e, (x, _) in enumerate(points)), exact=False)


def training_as_recorded(line: Line, measured: Measured, intervals: Sequence[int]) -> Curve | None:
    """Return a line with a value for every k-th batch as the training curve; None for another line.

    It is for a notebook whose training function is known to record something else than losses, at one of these
    `intervals` k. The values must rise and fall with the losses of these batches.

    >>> from grader.evidence.run import LoaderSeen, Pass
    >>> from grader.evidence.trainings import Epoch
    >>> loader = LoaderSeen("loader-1", "MNIST", "train", 256, 64, True)
    >>> epoch = Epoch(Pass(4, loader, 0.0, 1.0, 4, 256, complete=True, steps=4, losses=(2.3, 1.9, 1.4, 1.1)))
    >>> line = Line("train", x=(0.0, 1.0, 2.0, 3.0), y=(147.2, 121.6, 89.6, 70.4))
    >>> training_as_recorded(line, Measured.of([epoch]), [1]).places
    ((0.0, 0.25), (1.0, 0.5), (2.0, 0.75), (3.0, 1.0))
    """
    points = _points(line)
    for batches in _recorded(measured, intervals, len(points)):
        known = [measured.single[batch] for batch in batches]
        if _rank_correlation([y for _, y in points], [loss for loss, _ in known]) >= ALIKE:
            places = tuple((x, position) for (x, _), (_, position) in zip(points, known, strict=True))
            return Curve("train", line, places, exact=False)
    return None


def _points(line: Line) -> list[tuple[float | None, float]]:
    return [(x, y) for x, y in zip(line.x, line.y, strict=False) if y is not None]


def _recorded(measured: Measured, intervals: Sequence[int], points: int) -> Iterator[list[int]]:
    """Yield the batches, as indices, whose values fill so many points by the end of an epoch."""
    for every in intervals:
        for phase in {0, every - 1}:
            batches: list[int] = []
            for span in measured.spans:
                batches += span[phase::every]
                if len(batches) >= points:
                    break
            if len(batches) == points >= 3:
                yield batches


def _rank_correlation(a: Sequence[float], b: Sequence[float]) -> float:
    return correlation(_ranks(a), _ranks(b))


def _ranks(values: Sequence[float]) -> list[float]:
    """Return the place of each value among them; equal values, and no numbers, share the first of their places."""
    known = [value if math.isfinite(value) else math.inf for value in values]
    places = {value: float(place) for place, value in reversed(list(enumerate(sorted(known))))}
    return [places[value] for value in known]
