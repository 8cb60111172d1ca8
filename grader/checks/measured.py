"""Find what the printed times of epochs measured: training and testing together, one of them, or another training.

Each time is compared with every part of an epoch for which a clock may have run; the nearest part is the answer. A
clock never shows less than the passes took during which it ran, so the nearest part is rarely in doubt. Where it is,
the student gets the benefit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from grader.assignment import Fail
from grader.checks.epoch_spans import MAX_TRAININGS, epoch_spans, span, testing_share, windows
from grader.checks.printed_times import PrintedTime
from grader.checks.reported_times import as_printed, shown
from grader.evidence.trainings import Epoch

__all__ = ["Measured", "measured", "wrong_part"]

Part: TypeAlias = Literal["both", "training", "testing"]

MAX_TIMES = 200
CLEARLY = 0.25  # of the time left out: the nearest must be nearer by as much
FAR = 0.04  # of an epoch: times that are off by less may be the right ones
FAR_NEARER = 5  # times nearer must another training be


@dataclass(frozen=True)
class Measured:
    """A part of the epochs of a training that times may have measured, and by how many seconds they miss it on average.

    >>> Measured("training", 0.002, ()).part
    'training'
    """

    part: Part
    miss: float
    epochs: Sequence[Epoch]  # those that fit best


def measured(times: Sequence[PrintedTime], epochs: Sequence[Epoch]) -> Mapping[Part, Measured]:
    """Return for each part of an epoch how near the times, in order, come to it, in the epochs that fit best.

    If the times were printed in a cell that ran as many epochs, they are of epochs in that cell.

    >>> from grader.checks.printed_times import printed_times
    >>> from grader.evidence.run import LoaderSeen, Pass
    >>> train, test = (LoaderSeen(split, "MNIST", split, 640, 64, True) for split in ("train", "test"))
    >>> epoch = Epoch(Pass(4, train, 0.0, 4.0, 10, 640, True), Pass(4, test, 4.0, 1.0, 10, 640, True))
    >>> found = measured(printed_times("Epoch 1 took 5.01 s"), [epoch])
    >>> [(part, round(of.miss, 2)) for part, of in found.items()]
    [('both', 0.0), ('training', 1.0), ('testing', 4.0)]
    """
    times = times[: min(MAX_TIMES, len(epochs))]
    if not times:
        return {}
    (cell, *more) = {time.cell for time in times}
    here = [epoch for epoch in epochs if epoch.cell == cell]
    epochs = here if not more and len(here) >= len(times) else epochs
    found: dict[Part, Measured] = {}
    for window in windows(epochs, len(times)):
        for part, spans in _parts(window, epochs).items():
            miss = sum(time.miss(low, high) for time, (low, high) in zip(times, spans, strict=True)) / len(times)
            if part not in found or miss < found[part].miss:
                found[part] = Measured(part, miss, window)
    return found


def _parts(window: Sequence[Epoch], epochs: Sequence[Epoch]) -> dict[Part, list[tuple[float, float]]]:
    """Return for each part the seconds of each epoch that a clock may show: at least the passes, with what is around.

    The clock may stop anywhere before the next pass begins, or have started after the pass before.
    """
    first = next(place for place, epoch in enumerate(epochs) if epoch is window[0])
    highs = [around.high for around in epoch_spans(epochs[max(0, first - 1) : first + len(window) + 1])]
    highs = highs[min(first, 1) :]
    both, training, testing = [], [], []
    for epoch, high in zip(window, highs, strict=False):
        both.append((span(epoch), high))
        test, alone = epoch.test, epoch.train.seconds
        if test is not None and test.start >= epoch.train.end:
            training.append((alone, max(alone, test.start - epoch.start)))
            testing.append((test.seconds, max(test.seconds, high - alone)))
    found: dict[Part, list[tuple[float, float]]] = {"both": both}
    if len(training) == len(window):
        found |= {"training": training, "testing": testing}
    return found


def wrong_part(
    times: Sequence[PrintedTime], epochs: Sequence[Epoch], others: Iterable[Sequence[Epoch]], tested: bool, wanted: str
) -> Fail | None:
    """Return the failure if times of epochs measured something else: only a part of each, or another training.

    `tested` says that they must include testing, and `wanted` what is expected. None if they are right, or too near to
    what is right.

    >>> wrong_part([], [], [], tested=True, wanted="the time of each epoch")
    """
    found = measured(times, epochs)
    if not found:
        return None
    right = found["both"]
    for part, other in (("training", "testing"), ("testing", "training")):
        at = found.get(part)  # type: ignore[call-overload]
        if at is None or (part == "training" and (not tested or not testing_share(at.epochs))):
            continue
        left_out = [span(epoch) - _seconds(epoch, part) for epoch in at.epochs]
        if at.miss + CLEARLY * sum(left_out) / len(left_out) < right.miss:
            return _part_fail(times[0], at, other, wanted)
    nearest = right.miss if tested or "training" not in found else min(right.miss, found["training"].miss)
    return _of_another(times, epochs, others, nearest, wanted)


def _seconds(epoch: Epoch, part: str) -> float:
    return epoch.train.seconds if part == "training" or epoch.test is None else epoch.test.seconds


def _part_fail(time: PrintedTime, at: Measured, other: str, wanted: str) -> Fail:
    epoch = at.epochs[0]
    return Fail(
        f"the times printed leave out {other}: {as_printed(time)} is printed for an epoch in which the {at.part} alone "
        f"took {shown(_seconds(epoch, at.part))}, and {at.part} and {other} together {shown(span(epoch))}",
        wanted,
        "Start the clock before the training of the epoch, and stop it after its test.",
        credit=0.5 if at.part == "training" else 0.0,
    )


def _of_another(
    times: Sequence[PrintedTime],
    epochs: Sequence[Epoch],
    others: Iterable[Sequence[Epoch]],
    miss: float,
    wanted: str,
) -> Fail | None:
    """Return the failure if the times are clearly those of another training."""
    typical = sum(time.readings[0].value for time in times) / len(times)
    if miss <= FAR * typical:
        return None
    mine = {epoch.start for epoch in epochs}
    foreign = [other for other in others if len(other) >= len(times) and not mine & {epoch.start for epoch in other}]
    for other in foreign[:MAX_TRAININGS]:
        near = min(measured(times, other).values(), key=lambda at: at.miss)
        if near.part != "testing" and near.miss * FAR_NEARER < miss:
            where = "GPU" if near.epochs[0].device == "cuda" else "CPU"
            model = f"of another model on the {where}"
            return Fail(
                f"the times printed, such as {as_printed(times[0])}, are those of the training {model} "
                f"(cell {near.epochs[0].cell}), not of this one",
                wanted,
                "Which list or variable holds the times of this training?",
            )
    return None
