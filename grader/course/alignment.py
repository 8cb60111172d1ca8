"""Align two sequences, as of the cells of two notebooks or the lines of two cells, in n log n steps.

Elements that stand exactly once in both are taken as fixed points, as in the patience diff of Bram Cohen, and what
stands between them is paired in order. `difflib` takes quadratic time on repetitive text, which a student may hand in.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

Pair = tuple[int | None, int | None]
"""The places of two elements that belong together; None where one has no counterpart."""


def aligned(before: Sequence[Hashable], after: Sequence[Hashable]) -> tuple[Pair, ...]:
    """Return pairs of places that cover both sequences in order; paired elements are equal.

    >>> aligned("abc", "axc")
    ((0, 0), (1, None), (None, 1), (2, 2))
    """
    return tuple(_aligned(before, after, 0, len(before), 0, len(after)))


def _aligned(
    before: Sequence[Hashable],
    after: Sequence[Hashable],
    low: int,
    high: int,
    start: int,
    end: int,
    between: bool = False,
) -> Iterator[Pair]:
    """Yield the pairs of before[low:high] and after[start:end]: equal ends, fixed points, and what stands `between`."""
    while low < high and start < end and before[low] == after[start]:
        yield low, start
        low, start = low + 1, start + 1
    tail: list[Pair] = []
    while low < high and start < end and before[high - 1] == after[end - 1]:
        high, end = high - 1, end - 1
        tail.append((high, end))
    if between:  # without fixed points nothing has a counterpart
        yield from ((place, None) for place in range(low, high))
        yield from ((None, place) for place in range(start, end))
    else:
        for old, new in (*_fixed(before, after, low, high, start, end), (high, end)):
            yield from _aligned(before, after, low, old, start, new, between=True)
            if (old, new) != (high, end):
                yield old, new
            low, start = old + 1, new + 1
    yield from reversed(tail)


def _fixed(
    before: Sequence[Hashable], after: Sequence[Hashable], low: int, high: int, start: int, end: int
) -> list[tuple[int, int]]:
    """Return the places of elements that stand once in both, as many as keep their order."""
    old, new = Counter(before[low:high]), Counter(after[start:end])
    once = {after[place]: place for place in range(start, end) if new[after[place]] == 1}
    common = [
        (place, once[before[place]]) for place in range(low, high) if old[before[place]] == 1 and before[place] in once
    ]
    return _rising(common)


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return a longest part of the pairs whose second members rise; the first ones do."""
    ends: list[int] = []  # the lowest second member that ends a rising part of each length
    places: list[int] = []
    before: list[int] = []
    for place, (_, second) in enumerate(pairs):
        length = bisect_left(ends, second)
        before.append(places[length - 1] if length else -1)
        ends[length : length + 1] = [second]
        places[length : length + 1] = [place]
    found = []
    place = places[-1] if places else -1
    while place >= 0:
        found.append(pairs[place])
        place = before[place]
    return found[::-1]
