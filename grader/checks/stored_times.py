"""What a student saw: the times of a training in the stored outputs of the notebook file.

A printed time is that of an epoch, of several together, or counted from the start of the training. Its line may say which;
and where the same cell printed the same line in the run here, the clock here tells, too. The clock has the last word, and
what neither tells is left out: nothing is guessed.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from grader.checks.printed_times import PrintedTime, printed_times
from grader.checks.timing import SLACK_SECONDS, known_values, span
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
    """A cell in whose stored output a training's times may stand.

    `stored` is what the student saw below it, `printed` what it printed here ('' where it did not run), `epochs` how many
    epochs of this training ran in it here. `naming` are words that a line must have to count, as others trained there, too.
    """

    index: int
    stored: str
    printed: str = ""
    epochs: int = 0
    naming: tuple[re.Pattern[str], ...] = ()


@dataclass(frozen=True)
class StoredTimes:
    """What the student saw of a training, in seconds. `epoch` is the time of an epoch, the median of `times` printed ones.

    `total` is what `epochs` epochs took; where no epoch has a time of its own (`times` is 0), `epoch` is its share of it.
    `whole_cell` says that %%time printed the total, for all that the cell did.
    """

    epoch: float
    times: int = 0
    total: float | None = None
    epochs: int = 0
    whole_cell: bool = False


@dataclass(frozen=True)
class _Series:
    """The times at one place of one kind of line in a cell's output, in order; `lone` if its lines hold no other time."""

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
    """The times of a training that the student saw; None when there are none or they may mean this or that.

    `epochs` are those that ran here, () when it did not run; `count` is how many the task asks for. Lines that match
    `foreign` are about something else.
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
        values = max(single, key=lambda times: (len(times), sum(times)))  # rather with testing than without
        return StoredTimes(statistics.median(values), len(values), total, of)
    if total is not None:
        return StoredTimes(total / of, 0, total, of)
    return _whole_cell(cells, foreign)


# --- kinds of lines -----------------------------------------------------------------------------------------------


def _series(cell: StoredCell, epochs: Sequence[Epoch], foreign: re.Pattern[str] | None) -> list[_Series]:
    """The times of a cell by kind of line and place in it, with those that stand there in the run here."""
    seen, here = _places(_times(cell.stored, ())), _places(_times(cell.printed, epochs))
    found = []
    for (wording, number), times in seen.items():
        line = times[0].line
        if not (foreign and foreign.search(line)) and all(word.search(line) for word in cell.naming):
            lone = sum(other == wording for other, _ in seen) == 1
            found.append(_Series(cell, tuple(times), tuple(here.get((wording, number), ())), lone))
    return found


def _times(text: str, epochs: Sequence[Epoch]) -> list[PrintedTime]:
    """The times that are called so, read in the likeliest way; not those of %%time."""
    known = known_values(epochs) if epochs else None
    said = [time for time in printed_times(text, known=known) if not time.weak and not time.wall]
    doubtful = [len(time.readings) > 1 and time.readings[0].value >= NO_UNIT_BELOW for time in said]
    return [replace(t, readings=t.readings[:1]) for t, doubt in zip(said, doubtful, strict=True) if not doubt]


def _places(times: Sequence[PrintedTime]) -> dict[tuple[str, int], list[PrintedTime]]:
    """Times by the wording of their line and their number in it; one that repeats another in a second unit is left out."""
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
    """What the wording says, or the number of lines; None when neither does."""
    times = series.seen
    line = times[0].line.replace(times[0].text, "§")
    if _SMALLER.search(line):
        return None
    if times[0].average:
        return _Meaning("epoch")
    if not series.lone:
        return None  # which of them would be the epoch's
    total = bool(_TOTAL.search(line))
    ran = series.cell.epochs or count
    if _INDEXED.search(line) or (len(times) == ran > 1 and not total):
        return None if total else _rising(times)
    stated = _STATED.search(line)
    if stated and len(_EPOCH_WORD.findall(line)) == 1:
        number = int(stated[1])
        return _Meaning("total", number) if number > 1 else _Meaning("epoch")
    if total and len(times) == 1 and series.cell.epochs > 1:
        return _Meaning("total", series.cell.epochs)
    return None


def _rising(times: Sequence[PrintedTime]) -> _Meaning | None:
    """Whether a time for each epoch is its own or counted from the start; None when it may be either."""
    values = [time.readings[0].value for time in times]
    if len(values) == 2:
        return _Meaning("epoch") if values[1] < 1.6 * values[0] else None
    if len(values) > 2 and all(value >= 0.6 * number * values[0] for number, value in enumerate(values, 1)):
        return _Meaning("running")
    return _Meaning("epoch")


def _possible(series: _Series, epochs: Sequence[Epoch], said: _Meaning | None) -> list[_Meaning]:
    """What the times printed here may be, by the clock here."""
    alone = sorted(epoch.train.seconds for epoch in epochs)
    whole = sorted((span(epoch) for epoch in epochs), reverse=True)

    def fits(time: PrintedTime, number: int) -> bool:  # the machine may have been busy: from the fastest to the slowest
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
    """What %%time, or %time for each epoch, printed below a cell that held this training and no other."""
    for cell in cells:
        if not cell.epochs or cell.naming or _BROKEN.search(cell.stored):
            continue
        walls = [time.readings[0].value for time in printed_times(cell.stored) if time.wall]
        if len(walls) == 1:
            return StoredTimes(walls[0] / cell.epochs, 0, walls[0], cell.epochs, whole_cell=True)
        if len(walls) == cell.epochs:
            return StoredTimes(statistics.median(walls), len(walls))
    return None
