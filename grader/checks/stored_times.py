"""Times of a training that the student saw, from the stored outputs of the notebook file.

A printed time is that of one epoch, of several epochs, or counted from the start of the training. Its line may say
which. If the same cell printed the same line in the grader's run, the grader's clock tells too, and has the last word.
A time that neither explains is left out: nothing is guessed.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from grader.checks.clocks import SLACK_SECONDS
from grader.checks.epoch_spans import span
from grader.checks.known_values import known_values
from grader.checks.printed_numbers import read_number
from grader.checks.printed_times import PrintedTime, printed_times
from grader.evidence.trainings import Epoch

__all__ = ["StoredCell", "StoredTimes", "span", "stored_times"]

SLACK_SHARE = 0.25
NO_UNIT_BELOW = 1000.0  # a larger number without a unit may be milliseconds

Kind = Literal["epoch", "total", "running"]

_EPOCHS = r"(?:\bepo\w*|\bépo\w*|\bep\b|эпох\w*|轮|周期|エポック)"
_INDEXED = re.compile(rf"{_EPOCHS}\W{{0,4}}\d|第\s*\d+\s*(?:轮|周期)", re.IGNORECASE)
_STATED = re.compile(rf"(\d+)\s*-?\s*(?:more |weitere |weiteren )?{_EPOCHS}", re.IGNORECASE)
_EPOCH_WORD = re.compile(_EPOCHS, re.IGNORECASE)
_TOTAL = re.compile(
    r"\btotal\w*|\boverall\b|\bin all\b|\bwhole\b|\baltogether\b|\binsgesamt\b|gesamt\w*|\bskup\w*|всего|总",
    re.IGNORECASE,
)
_SMALLER = re.compile(r"\bbatch\w*|\biter\w*|\bsteps?\b|\bsamples?\b|\bimages?\b|\bbild\w*|/\s*it\b", re.IGNORECASE)
_BROKEN = re.compile(r"^\w*(?:Error|Interrupt|Exception|Exit)\b: ", re.MULTILINE)


@dataclass(frozen=True)
class StoredCell:
    """A cell whose stored output may hold the times of a training.

    `stored` is the output in the notebook file, `printed` the output of the grader's run ('' if the cell did not run),
    `epochs` the number of this training's epochs in that run. `naming` are patterns that a line must match to count, if
    other models trained in the cell too.

    >>> StoredCell(12, stored="Epoch 1 took 12.3 s").epochs
    0
    """

    index: int
    stored: str
    printed: str = ""
    epochs: int = 0
    naming: tuple[re.Pattern[str], ...] = ()


@dataclass(frozen=True)
class StoredTimes:
    """The times of a training that the student saw, in seconds.

    `epoch` is the time of one epoch, the median of `times` printed ones; if no epoch's time was printed (`times` is 0),
    it is the average over the total. `total` is the time of `epochs` epochs, None if not printed. `whole_cell` says
    that %%time printed the total, for everything that the cell did.

    >>> StoredTimes(epoch=12.0, total=120.0, epochs=10).times
    0
    """

    epoch: float
    times: int = 0
    total: float | None = None
    epochs: int = 0
    whole_cell: bool = False


@dataclass(frozen=True)
class _Series:
    """The times at the same place of lines of the same wording in a cell's output, in order.

    `seen` are those of the stored output, `here` those of the grader's run; `lone` says that the lines hold no other
    time.
    """

    cell: StoredCell
    seen: tuple[PrintedTime, ...]
    here: tuple[PrintedTime, ...]
    lone: bool


@dataclass(frozen=True)
class _Meaning:
    kind: Kind
    epochs: int = 1  # of a total


def stored_times(
    cells: Sequence[StoredCell], epochs: Sequence[Epoch], count: int, foreign: re.Pattern[str] | None = None
) -> StoredTimes | None:
    """Return the times of a training that the student saw; None if there are none or their meaning is unclear.

    `epochs` are those of the grader's run, () if it did not run; `count` is the number that the task asks for. Lines
    that match `foreign` are about something else.

    >>> stored_times([StoredCell(12, "Epoch 1 took 12.0 s\\nEpoch 2 took 12.4 s")], epochs=(), count=2)
    StoredTimes(epoch=12.2, times=2, total=None, epochs=0, whole_cell=False)
    """
    single: list[tuple[float, ...]] = []
    totals: list[tuple[float, int]] = []
    for cell in cells:
        for series in _series(cell, epochs, foreign):
            meaning = _meaning(series, epochs, count)
            values = tuple(time.readings[0].value for time in series.seen)
            if meaning is None or not all(value > 0 for value in values):
                continue
            if meaning.kind == "total":
                totals += [(value, meaning.epochs) for value in values[-1:]]
            else:
                single.append(values if meaning.kind == "epoch" else _differences(values))
    total, of = max(totals, key=lambda pair: pair[1], default=(None, 0))
    if single:
        values = max(single, key=lambda times: (len(times), sum(times)))  # rather those with testing
        return StoredTimes(statistics.median(values), len(values), total, of)
    if total is not None:
        return StoredTimes(total / of, 0, total, of)
    return _whole_cell(cells, foreign)


# --- kinds of lines -----------------------------------------------------------------------------------------------


def _series(cell: StoredCell, epochs: Sequence[Epoch], foreign: re.Pattern[str] | None) -> list[_Series]:
    """Return the times of a cell by the wording of their line and the place in it, beside those of the grader's run."""
    seen, here = _places(_times(cell.stored, ())), _places(_times(cell.printed, epochs))
    found = []
    for (wording, number), times in seen.items():
        line = times[0].line
        if not (foreign and foreign.search(line)) and all(word.search(line) for word in cell.naming):
            lone = sum(other == wording for other, _ in seen) == 1
            found.append(_Series(cell, tuple(times), tuple(here.get((wording, number), ())), lone))
    return found


def _times(text: str, epochs: Sequence[Epoch]) -> list[PrintedTime]:
    """Return the numbers that are called times, in their likeliest reading, without those of %%time."""
    known = known_values(epochs) if epochs else None
    said = [time for time in printed_times(text, known=known) if not time.weak and not time.wall]
    doubtful = [len(time.readings) > 1 and time.readings[0].value >= NO_UNIT_BELOW for time in said]
    return [replace(t, readings=t.readings[:1]) for t, doubt in zip(said, doubtful, strict=True) if not doubt]


def _places(times: Sequence[PrintedTime]) -> dict[tuple[str, int], list[PrintedTime]]:
    """Return times by the wording of their line and their number in it, without repetitions in a second unit."""
    lines: list[list[PrintedTime]] = []
    for time in times:
        if lines and lines[-1][0].line == time.line and time not in lines[-1]:
            lines[-1].append(time)
        else:
            lines.append([time])
    found: dict[tuple[str, int], list[PrintedTime]] = {}
    for line in lines:
        wording = line[0].line
        for time in sorted(line, key=lambda t: -len(t.text)):
            wording = wording.replace(time.text, "§")
        stated = _STATED.search(wording) if _TOTAL.search(wording) else None
        wording = re.sub(r"\d[\d.,:/]*", "#", wording) + (f" {stated[1]}" if stated else "")
        first = line[0].readings[0]
        for number, time in enumerate(line):
            reading = time.readings[0]
            if not number or abs(reading.value - first.value) > reading.step + first.step:
                found.setdefault((wording, number), []).append(time)
    return found


# --- what they mean -----------------------------------------------------------------------------------------------


def _meaning(series: _Series, epochs: Sequence[Epoch], count: int) -> _Meaning | None:
    said = _said(series, count)
    if not series.here or not epochs:
        return said
    possible = _possible(series, epochs, said)
    if said is not None and said in possible:
        return said
    return possible[0] if len(possible) == 1 else None


def _said(series: _Series, count: int) -> _Meaning | None:
    """Return what the wording or the number of lines says; None if neither does."""
    times = series.seen
    line = times[0].line.replace(times[0].text, "§")
    if _SMALLER.search(line):
        return None
    if times[0].average:
        return _Meaning("epoch")
    if not series.lone:
        return None  # unclear which of them is the epoch's
    total = bool(_TOTAL.search(line))
    ran = series.cell.epochs or count
    if _INDEXED.search(line) or (len(times) == ran > 1 and not total):
        return None if total else _rising(times)
    stated = _STATED.search(line)
    if stated and len(_EPOCH_WORD.findall(line)) == 1:
        number = int(read_number(stated[1]) or 0)
        return _Meaning("total", number) if number > 1 else _Meaning("epoch")
    if total and len(times) == 1 and series.cell.epochs > 1:
        return _Meaning("total", series.cell.epochs)
    return None


def _rising(times: Sequence[PrintedTime]) -> _Meaning | None:
    """Return whether a time for each epoch is its own or counted from the start; None if it may be either."""
    values = [time.readings[0].value for time in times]
    if len(values) == 2:
        return _Meaning("epoch") if values[1] < 1.6 * values[0] else None
    if len(values) > 2 and all(value >= 0.6 * number * values[0] for number, value in enumerate(values, 1)):
        return _Meaning("running")
    return _Meaning("epoch")


def _possible(series: _Series, epochs: Sequence[Epoch], said: _Meaning | None) -> list[_Meaning]:
    """Return what the times printed in the grader's run may be, by the grader's clock."""
    alone = sorted(epoch.train.seconds for epoch in epochs)
    whole = sorted((span(epoch) for epoch in epochs), reverse=True)

    def fits(time: PrintedTime, number: int) -> bool:  # from the fastest to the slowest: the machine may have been busy
        low, high = sum(alone[:number]), sum(whole[:number])
        slack = min(SLACK_SECONDS * number, SLACK_SHARE * high)
        return number <= len(alone) and time.agrees((1 - SLACK_SHARE / 2) * low, (1 + SLACK_SHARE) * high, slack)

    found = []
    if sum(fits(time, 1) for time in series.here) >= 0.8 * len(series.here):
        found.append(_Meaning("epoch"))
    if len(series.here) > 1 and all(fits(time, number) for number, time in enumerate(series.here, 1)):
        found.append(_Meaning("running"))
    ran, lines = series.cell.epochs, len(series.here)
    for number in dict.fromkeys((said.epochs if said else 1, ran // lines if ran % lines == 0 else ran, len(epochs))):
        if number > 1 and all(fits(time, number) for time in series.here):
            found.append(_Meaning("total", number))
    return found


def _differences(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(b - a for a, b in zip((0.0, *values), values, strict=False))


def _whole_cell(cells: Sequence[StoredCell], foreign: re.Pattern[str] | None) -> StoredTimes | None:
    """Return what %%time, or %time for each epoch, printed below a cell with this training and no other."""
    for cell in cells:
        if not cell.epochs or cell.naming or _BROKEN.search(cell.stored):
            continue
        walls = [time.readings[0].value for time in printed_times(cell.stored) if time.wall]
        if len(walls) == 1:
            return StoredTimes(walls[0] / cell.epochs, 0, walls[0], cell.epochs, whole_cell=True)
        if len(walls) == cell.epochs:
            return StoredTimes(statistics.median(walls), len(walls))
    return None
