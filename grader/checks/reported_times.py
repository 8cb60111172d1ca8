"""Read the times that cells printed, and put times into the words of a message."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from grader.checks.known_values import known_values
from grader.checks.printed_times import PrintedTime, negative_time, printed_times
from grader.checks.time_series import Reported
from grader.evidence.run import CellRun
from grader.evidence.trainings import Epoch

__all__ = ["reported"]

Times: TypeAlias = Sequence[CellRun] | Reported
"""The cells whose output may hold the times, in order, or what `reported` returned for them."""

MAX_TEXT = 1_000_000  # characters of all cells together

_PATH = re.compile(r"(?<!\S)(?:/[A-Za-z_.][\w.-]*){2,}\S*")  # of a file in a warning: python3.11 is not a time


def reported(cells: Sequence[CellRun], epochs: Sequence[Epoch]) -> Reported:
    """Return the times that the cells printed, in order, and the series that they form.

    `epochs` are those whose losses and accuracies may be printed too. If a check looks at several trainings, it reads
    the cells once.

    >>> [time.text for time in reported([CellRun(4, "ok", text="Epoch 1 took 12.3 s")], epochs=[]).times]
    ['12.3 s']
    """
    known, left = known_values(epochs), MAX_TEXT
    found: list[PrintedTime] = []
    negative = ""
    for cell in cells:
        negative = negative or (negative_time(cell.text) if left > 0 else "")
        times = printed_times(_PATH.sub("", cell.text), cell.seconds, known) if left > 0 else ()
        found += (replace(time, cell=cell.index) for time in times)
        left -= len(cell.text)
    return Reported(found, negative)


def read(times: Times, epochs: Sequence[Epoch]) -> Reported:
    """Return the times as `reported` does, unless that was done before."""
    return times if isinstance(times, Reported) else reported(times, epochs)


def as_printed(time: PrintedTime) -> str:
    """Return a time as the student knows it: the number with its unit, or else its line."""
    if re.search(r"[^\W\d]|:", time.text):
        return time.text
    return f"'{time.line if len(time.line) <= 60 else time.line[:59] + '…'}'"


def shown(seconds: float) -> str:
    """Return a number of seconds for a message, with at least two digits of a short time."""
    return f"{seconds:.3f} s" if seconds < 0.095 else f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"


def seconds_of(epochs: Sequence[Epoch]) -> str:
    """Return how long epochs took, for a message: '3.9 s' or '3.7 to 4.2 s'."""
    spans = [epoch.end - epoch.start for epoch in epochs]
    low, high = shown(min(spans)), shown(max(spans))
    return low if low == high else f"{low[:-2]} to {high}"
