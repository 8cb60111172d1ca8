"""Series of printed times, and whether they are the times of a training's epochs or a choice of guesses.

One statement of a loop prints times with the same wording again and again; a list holds them side by side. Such a
series reports something: nearly all of its times must be right, not some of them. A series that no clock explains
counts against the others, since of many guesses one is always right.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grader.checks.clocks import Clocks, Span
from grader.checks.printed_times import PrintedTime

__all__ = ["Reported", "Series", "in_order"]

MOSTLY = 0.8  # of a series must be right
PARTS = 1.1  # the parts of an epoch (loading, forward, backward) take together at most this many times its time
MAX_CELLS = 5000  # of the table in which the longest order is looked for; beyond, the next epoch that fits is taken
MAX_SERIES = 40  # that are compared with a training, those that fit best


@dataclass(frozen=True)
class Series:
    """Times that one statement printed, or one list holds, in order; `strength` says how surely they are times.

    2: all have a unit, 1: words call them times, 0: nothing does.

    >>> from grader.checks.printed_times import printed_times
    >>> Series(printed_times("epoch 1: 4.2 s"), (0,)).strength
    2
    """

    times: tuple[PrintedTime, ...]
    at: tuple[int, ...]  # their numbers among all times

    @property
    def strength(self) -> int:
        """Return how surely they are times."""
        return min(0 if time.weak else 2 if time.unit else 1 for time in self.times)

    def is_explained(self, clocks: Clocks) -> bool:
        """Return whether most of its times, their differences, or the time that each leaves are on a clock."""
        if sum(map(clocks.explain, self.times)) >= MOSTLY * len(self.times):
            return True
        return self.grows(clocks) or self._falls(clocks)

    def grows(self, clocks: Clocks) -> bool:
        """Return whether its times are counted from one start, or from a few."""
        values = [time.readings[0].value for time in self.times]
        steps = [after - before for before, after in itertools.pairwise(values) if after > before]
        enough = len(steps) >= max(1, MOSTLY * (len(values) - 1))
        step = max(time.readings[0].step for time in self.times)
        return enough and sum(clocks.include(s, step) for s in steps) >= MOSTLY * len(steps)

    def _falls(self, clocks: Clocks) -> bool:
        """Return whether its times are those that are left until the end."""
        values = [time.readings[0].value for time in self.times]
        if len(values) < 2 or any(after > before for before, after in itertools.pairwise(values)):
            return False
        for last in (0, 1):  # what the last of them counts
            left = [(value, len(values) - 1 - k + last) for k, value in enumerate(values)]
            shares = [value / epochs for value, epochs in left if epochs]
            if sum(map(clocks.include, shares)) >= MOSTLY * len(shares):
                return True
        return False


class Reported:
    """The times that some cells printed, and the series that they form.

    >>> from grader.checks.printed_times import printed_times
    >>> reported = Reported(printed_times("epoch 1: 4.2 s\\nepoch 2: 4.3 s\\nin all 8.5 s"))
    >>> [[time.text for time in series.times] for series in reported.series]
    [['4.2 s', '4.3 s'], ['8.5 s']]
    """

    def __init__(self, times: Sequence[PrintedTime], negative: str = "") -> None:
        """Group `times`, which are in the order in which they were printed; `negative` is a time below 0, if any."""
        self.times, self.negative = tuple(times), negative
        columns: dict[tuple[int, str], list[int]] = {}
        lists: list[list[int]] = []
        for number, time in enumerate(self.times):
            columns.setdefault(time.place, []).append(number)
            if time.follows and lists:
                lists[-1].append(number)
            else:
                lists.append([number])
        self._columns = [self._made(column) for column in columns.values()]
        known = {column.at for column in self._columns}
        found = (self._made(self._without_indices(numbers)) for numbers in lists if len(numbers) > 1)
        self._lists = [listed for listed in found if listed.at not in known]
        self.series = (*self._columns, *self._lists)

    def _made(self, numbers: Sequence[int]) -> Series:
        return Series(tuple(self.times[number] for number in numbers), tuple(numbers))

    def _without_indices(self, numbers: list[int]) -> list[int]:
        """Return a list without the keys of a printed dict: every second number, which count up."""
        keys = [self.times[number].readings[0] for number in numbers[::2]]
        counts = all(b.value - a.value == 1 and a.step >= 1 for a, b in itertools.pairwise(keys))
        return numbers[1::2] if len(keys) > 1 and counts else numbers

    def candidates(self, enough: int, whole: int, clocks: Clocks) -> list[Series]:
        """Return the series with at least `enough` times that `clocks` explain, first those that are surely times.

        Two more count as series, in case the wording differs from epoch to epoch: all times but the weak ones, and
        those of them that are in no series of at least `whole` times.
        """
        said = [number for number, time in enumerate(self.times) if not time.weak]
        taken = {number for series in self.series if len(series.at) >= whole for number in series.at}
        mixed = [said, [n for n in said if n not in taken], [n for n in range(len(self.times)) if n not in taken]]
        found = {series.at: series for series in (*self.series, *(self._made(numbers) for numbers in mixed if numbers))}
        fitting = [(sum(map(clocks.explain, s.times)), s) for s in found.values() if len(s.at) >= enough]
        fitting = sorted(
            (pair for pair in fitting if pair[0] >= enough), key=lambda pair: (-pair[1].strength, -pair[0])
        )
        return [series for _, series in fitting[:MAX_SERIES]]

    def guesses(self, chosen: Series, size: int, epochs: int, clocks: Clocks) -> list[Series]:
        """Return the other series that report a time for each epoch and that nothing in the run explains.

        They are as surely times as `chosen`, have at least `size` times, and fewer than two for each of `epochs` or
        each time of `chosen`.
        Times that may be parts of an epoch, since all of them together take as long, do not count.
        """
        taken = set(chosen.at)
        whole = statistics.median(time.readings[0].value for time in chosen.times)
        found, parts, share = [], [], 0.0
        for series in self.series:
            if not size <= len(series.at) < 2 * max(epochs, len(chosen.at)) or series.strength < chosen.strength:
                continue
            if 2 * len(taken.intersection(series.at)) >= len(series.at) or series.is_explained(clocks):
                continue
            taken.update(series.at)
            typical = statistics.median(time.readings[0].value for time in series.times)
            if typical <= whole:
                parts.append(series)
                share += typical / whole if whole else 1.0
            else:
                found.append(series)
        return found if share <= PARTS else [*found, *parts]


def in_order(times: Sequence[PrintedTime], spans: Sequence[Span]) -> list[tuple[int, int]]:
    """Return the longest series of indices (time, span) that agree, both in increasing order.

    >>> from grader.checks.printed_times import printed_times
    >>> in_order(printed_times("4.1 s, 9.9 s, 6.2 s"), [Span(4.0, 4.0), Span(6.0, 6.0)])
    [(0, 0), (2, 1)]
    """
    clocks = Clocks(spans)
    fitting = [i for i, time in enumerate(times) if clocks.explain(time)][: 4 * len(spans) + 20]
    if len(fitting) * len(spans) > MAX_CELLS:
        return list(_one_by_one(fitting, times, spans))
    fits = [[span.fits(times[i]) for span in spans] for i in fitting]
    rows, columns = len(fitting), len(spans)
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            taken = 1 + best[i + 1][j + 1] if fits[i][j] else 0
            best[i][j] = max(taken, best[i + 1][j], best[i][j + 1])
    pairs, i, j = [], 0, 0
    while i < rows and j < columns:
        if fits[i][j] and best[i][j] == 1 + best[i + 1][j + 1]:
            pairs.append((fitting[i], j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _one_by_one(
    numbers: Iterable[int], times: Sequence[PrintedTime], spans: Sequence[Span]
) -> Iterable[tuple[int, int]]:
    """Yield each time with the first of the next few spans that it fits."""
    place = 0
    for number in numbers:
        for ahead in range(place, min(place + 5, len(spans))):
            if spans[ahead].fits(times[number]):
                yield number, ahead
                place = ahead + 1
                break


def strange(series: Series, pairs: Sequence[tuple[int, int]], clocks: Clocks) -> int:
    """Return how many times of a series are neither matched nor on a clock."""
    matched = {time for time, _ in pairs}
    return sum(not clocks.explain(time) for i, time in enumerate(series.times) if i not in matched)


def few(strangers: int, matched: int) -> bool:
    """Return whether so many times that fit nothing, beside the matched ones, leave a series believable."""
    return strangers <= max(1, math.floor((1 - MOSTLY) * matched))
