"""Find the times among the numbers of a printed text: by unit, by a word nearby, or by the heading of a column."""

from __future__ import annotations

import bisect
import functools
import re
from dataclasses import dataclass, field, replace

from grader.checks.known_values import Known
from grader.checks.printed_numbers import Number, Reading, find_numbers, without_progress
from grader.checks.time_words import (
    AVERAGE_AFTER,
    AVERAGE_BEFORE,
    CLASSES,
    COUNTS,
    CPU_TIMES,
    DATE_TIMES,
    LABEL_UNIT,
    NO_INDEX,
    telling_words,
)

__all__ = ["PrintedTime", "negative_time", "printed_times"]

MAX_TIMES = 20_000
LONGEST = 1e7  # seconds; a larger number is a time of day as time.time() counts it

_WORD = re.compile(r"[^\W\d_]{2,}|秒|[(\[]s[)\]]")
_MINUS = re.compile(r"(?<![\w.)\]])[-\u2212](?=\d)")
_LETTER = re.compile(r"[^\W\d_]")
_REACH = 60  # characters of a label, and lines above a number, that can say what it is


@dataclass(frozen=True)
class PrintedTime:
    """A printed number that is a time. `readings` are in seconds, `line` is the text of its line.

    `average` says that it is called a mean, `unit` that it has a unit of time, `weak` that nothing calls it a time,
    `wall` that %%time printed it; `cell` is the cell that printed it, if known, and `cell_seconds` how long that ran.

    `place` is the wording before it in its line, with its number in the line: the same for times that one statement
    prints again and again. `follows` says that no letter comes between it and the time before it, as in a list.

    >>> (time,) = printed_times("Epoch 1 took 12.3 s on average")
    >>> time.text, time.average
    ('12.3 s', True)
    """

    text: str
    readings: tuple[Reading, ...]
    line: str
    average: bool = False
    weak: bool = False
    wall: bool = False
    cell: int | None = None
    cell_seconds: float = 0.0
    unit: bool = False
    place: tuple[int, str] = field(default=(0, ""), compare=False)
    follows: bool = field(default=False, compare=False)

    def agrees(self, low: float, high: float, slack: float, below: float | None = None) -> bool:
        """Return whether this may be the printed form of a time from `low` to `high` seconds, measured with `slack`.

        `below` is the slack of times shorter than `low`, if it is another.
        """
        under = slack if below is None else below
        return any(
            r.value - r.step / 2 - slack <= high and r.value + r.step + under >= low and (r.value > 0 or r.step > low)
            for r in self.readings
        )

    def miss(self, low: float, high: float) -> float:
        """Return by how many seconds this is no printed form of a time from `low` to `high` seconds.

        >>> (time,) = printed_times("took 12.3 s")
        >>> round(time.miss(12.0, 12.2), 3), round(time.miss(12.5, 13.0), 3)
        (0.05, 0.1)
        """
        return min(max(0.0, r.value - r.step / 2 - high, low - r.value - r.step) for r in self.readings)


@dataclass(frozen=True)
class _Line:
    """A line, its numbers with their offsets, and the heading above it if no word of the line tells what they are."""

    text: str
    numbers: tuple[tuple[Number, int, int], ...]
    header: str
    words: tuple[re.Match[str], ...]  # those that tell what a number is

    @functools.cached_property
    def ends(self) -> list[int]:
        """Where the words end."""
        return [word.end() for word in self.words]

    @functools.cached_property
    def telling(self) -> list[re.Match[str]]:
        """The words that say that a number is a time, or that it is something else."""
        return [word for word in self.words if word.lastgroup != "index"]

    @functools.cached_property
    def kinds(self) -> set[str | None]:
        """The kinds of words in its line and heading; a kind tells what a number means."""
        return {word.lastgroup for word in (*self.words, *telling_words(self.header))}

    @functools.cached_property
    def units(self) -> list[tuple[int, str]]:
        """The units that the heading and the line name, with the places in the line where their names end."""
        heading = _units(self.header)[-1:]
        return [*((0, unit) for _, unit in heading), *_units(self.text)]

    @functools.cached_property
    def places(self) -> list[tuple[int, str]]:
        """The wording before each number, with its number in the line."""
        found, wording, previous = [], "", 0
        for number, (_, start, end) in enumerate(self.numbers):
            wording = f"{wording}{' '.join(self.text[previous:start].split())}#"[-2 * _REACH :]
            found.append((number, wording))
            previous = end
        return found


@functools.lru_cache(maxsize=256)
def _units(text: str) -> list[tuple[int, str]]:
    """Return the units that a text names for numbers without one, with the places where their names end."""
    return [(unit.end(), next(part for part in unit.groups() if part).lower()) for unit in LABEL_UNIT.finditer(text)]


@functools.lru_cache(maxsize=256)
def _of_means(text: str) -> bool:
    return bool(AVERAGE_BEFORE.search(text))


def printed_times(text: str, cell_seconds: float = 0.0, known: Known | None = None) -> tuple[PrintedTime, ...]:
    """Return the times in a cell's output, in order. Progress bars and the CPU line of %%time do not count.

    `cell_seconds` is how long the cell ran; `known` are losses and accuracies that may be printed too.

    >>> [time.text for time in printed_times("Epoch 1: loss 0.3, time: 12.3")]
    ['12.3']
    """
    text = DATE_TIMES.sub(" ", CPU_TIMES.sub("", without_progress(text)))
    known = known or Known()
    lines = text.split("\n")
    starts = [0]
    for content in lines:
        starts.append(starts[-1] + len(content) + 1)
    by_line: dict[int, list[Number]] = {}
    for number in find_numbers(text):
        by_line.setdefault(number.line, []).append(number)
    found: list[PrintedTime] = []
    worded: int | None = None  # the last line with a word
    seen, apart = -1, True  # the line of the last time; whether a letter followed it
    for index, content in enumerate(lines):
        words = telling_words(content)
        if numbers := by_line.get(index):
            offset = starts[index]
            says = {word.lastgroup for word in words} & {"time", "metric"}
            header = "" if says or worded is None or index - worded > _REACH else _heading(lines[worded])
            line = _Line(content, tuple((n, n.start - offset, n.end - offset) for n in numbers), header, words)
            for i in range(len(numbers)):
                start, end = line.numbers[i - 1][2] if i else 0, line.numbers[i][1]
                apart = apart or (i == 0 and seen < index - 1) or bool(_LETTER.search(content, start, end))
                if time := _time(line, i, known, cell_seconds):
                    found.append(replace(time, follows=not apart))
                    seen, apart = index, False
            apart = apart or bool(_LETTER.search(content, line.numbers[-1][2]))
            if len(found) >= MAX_TIMES:
                break
        if _has_word(content):
            worded = index
            apart = apart or not numbers
    return tuple(found[:MAX_TIMES])


def negative_time(text: str) -> str:
    """Return the first printed number that would be a time without the minus before it, '' if there is none.

    >>> negative_time("Epoch 1 took -3.41 s"), negative_time("Epoch 1 - 3.41 s, loss: -2.3")
    ('-3.41 s', '')
    """
    for line in without_progress(text).split("\n") if _MINUS.search(text) else ():
        for sign in _MINUS.finditer(line):
            times = printed_times(f"{line[: sign.start()]} {line[sign.end() :]}")
            digits = re.match(r"[\d.,:]*\d", line[sign.end() :])
            found = next((t for t in times if digits and t.text.startswith(digits[0]) and not t.weak), None)
            if found is not None:
                return f"-{found.text}"
    return ""


def _has_word(line: str) -> bool:
    return bool(_WORD.search(re.sub(r"\d[\d.]*(?:e[-+]?\d{1,4})?", "", line)))


@functools.lru_cache(maxsize=256)
def _heading(line: str) -> str:
    """Return a line if it can be the heading above lines of numbers: a table's, or 'times:' above a list; else ''."""
    heads = not re.search(r"\d", line) or re.search(r"[:=]\s*[\[({]?\s*\Z", line[-_REACH:])
    return line if heads else ""


def _time(line: _Line, position: int, known: Known, cell_seconds: float) -> PrintedTime | None:
    number, start, end = line.numbers[position]
    strength = _strength(line, position)
    if strength is None or abs(number.value) > LONGEST or number.value < 0:
        return None
    if strength == "weak" and known.shown_by(number.readings[0]):
        return None
    previous = line.numbers[position - 1][2] if position else 0
    average = bool(
        AVERAGE_BEFORE.search(line.text[previous:start])
        or (position == 0 and _of_means(line.header))
        or AVERAGE_AFTER.match(line.text, end)
    )
    wall = "wall time" in line.text.lower()
    return PrintedTime(
        number.text.strip(),
        _seconds(number, line, start),
        line.text.strip(),
        average,
        strength == "weak",
        wall,
        cell_seconds=cell_seconds,
        unit=strength == "unit",
        place=line.places[position],
    )


def _strength(line: _Line, position: int) -> str | None:
    """Return what marks the number as a time: 'unit', 'word' or 'weak'; None if it is not a time.

    'weak' means that nothing speaks for or against it.
    """
    number, start, end = line.numbers[position]
    if number.kind == "time":
        return None if re.fullmatch(r"\d+\s?m", number.text) else "unit"
    if number.kind != "plain":
        return None
    whole = number.readings[0].step >= 1
    if whole and (COUNTS.match(line.text, end) or re.match(r"\s*/\s*\d", line.text[end:])):
        return None  # '10 epochs', '3/10'
    if whole and re.search(r"\d\s{0,9}(?:/|of|von|sur|de)\s{0,9}\Z", line.text[max(0, start - _REACH) : start]):
        return None
    if whole and _is_index(line, position):
        return None  # 'epoch 3': the first whole number after the word is its index
    told = bisect.bisect_right(line.telling, start, key=lambda word: word.end())
    if told:
        return "word" if line.telling[told - 1].lastgroup == "time" else None
    next_start = line.numbers[position + 1][1] if position + 1 < len(line.numbers) else len(line.text)
    following = CLASSES.match(line.text[end:next_start].lstrip(" \t-–(,"))
    if following and following.lastgroup == "time" and position + 1 == len(line.numbers):
        return "word"
    right = len(line.numbers) - 1 - position
    if line.header:
        says = _column_kind(line.header, right, len(line.numbers))
        if says is not None:
            return "word" if says == "time" else None
    return "weak" if "metric" not in line.kinds and number.readings[0].step <= 0.011 else None


def _is_index(line: _Line, position: int) -> bool:
    """Return whether the number is the first after a word such as 'epoch', with no other telling word between."""
    start, before = line.numbers[position][1], line.numbers[position - 1][1] if position else -1
    place = bisect.bisect_right(line.ends, start)
    for word in reversed(line.words[max(0, place - 9) : place]):
        if word.lastgroup != "index" or word.end() <= before:
            return False
        if not NO_INDEX.search(line.text[max(0, word.end() - _REACH) : word.end()]):
            return True
    return False


def _column_kind(header: str, right: int, in_row: int) -> str | None:
    """Return what a heading says of the number with `right` numbers to its right: 'time', 'other' or None."""
    groups = [word.lastgroup for word in telling_words(header)]
    if "time" not in groups:
        return "other" if "metric" in groups else None
    columns = _columns(header)
    if len(columns) > 1 and in_row <= len(columns) + 1:
        return columns[-1 - right] if right < len(columns) else "other"
    return "other" if "metric" in groups and in_row > 1 else "time"


@functools.lru_cache(maxsize=256)
def _columns(header: str) -> list[str]:
    """Return the kinds of a heading's columns, which bars, tabs, commas or wide gaps divide, otherwise spaces."""
    cells = [cell for cell in re.split(r"[|\t,;│]|\s{2,}", header.strip()) if re.search(r"\w", cell)]
    if len(cells) < 2:
        words = re.sub(r"\(.*?\)|\[.*?\]", "", header).split()
        cells = words if not re.search(r"[:=]\s*[\[({]?\s*$", header) and len(words) <= 6 else cells
    kinds = []
    for cell in cells:
        groups = {match.lastgroup for match in CLASSES.finditer(cell)}
        kinds.append("time" if "time" in groups else "other")
    return kinds if "time" in kinds else []


def _seconds(number: Number, line: _Line, start: int) -> tuple[Reading, ...]:
    """Return the number in seconds: by its unit, by one in its label, or as seconds and as milliseconds."""
    timed = tuple(reading for reading in number.readings if reading.kind == "time")
    if timed:
        return timed
    scales: tuple[float, ...] = (1.0, 1e-3)
    if named := bisect.bisect_right(line.units, start, key=lambda unit: unit[0]):
        scales = (_label_scale(line.units[named - 1][1]),)
    return tuple(Reading(r.value * s, r.step * s, "time") for s in scales for r in number.readings)


def _label_scale(word: str) -> float:
    if word.startswith("min"):
        return 60.0
    if word.startswith("h"):
        return 3600.0
    if word.startswith(("ms", "mil")):
        return 1e-3
    return 1e-6 if word in ("µs", "us") else 1.0
