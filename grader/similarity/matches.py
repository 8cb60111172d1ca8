"""The parts of two notebooks that match, as lines of cells, for a person who looks at both."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from grader.similarity.fingerprints import DEFAULT, Settings, hashes
from grader.similarity.tokens import Unit

GAP = 30  # tokens between two matches of one part: what was inserted there
MOST_PLACES = 8  # of a fingerprint in one notebook


@dataclass(frozen=True)
class Lines:
    """Lines of a cell, counted from 1; `last` is within."""

    cell: int
    first: int
    last: int


@dataclass(frozen=True)
class Part:
    """A part that two notebooks share: where it stands in each, and how many tokens it has."""

    first: tuple[Lines, ...]
    second: tuple[Lines, ...]
    tokens: int


@dataclass
class _Run:
    """Fingerprints in a row in both notebooks: units, first and last place, in each of them."""

    units: tuple[int, int]
    start: tuple[int, int]
    end: tuple[int, int]

    def goes_on(self, unit: int, at: int, gap: int) -> bool:
        """Return whether a place in the second notebook continues this run."""
        return self.units[1] == unit and 0 <= at - self.end[1] <= gap


def matching_parts(
    first: Sequence[Unit], second: Sequence[Unit], common: Collection[int], settings: Settings = DEFAULT
) -> tuple[Part, ...]:
    """Return the parts that match, the longest first; `common` are the fingerprints of both that count."""
    places: dict[int, list[tuple[int, int]]] = {}
    for value, unit, at in _places(second, common, settings):
        places.setdefault(value, []).append((unit, at))
    gap = settings.k + GAP
    runs: list[_Run] = []
    current: _Run | None = None
    for value, unit, at in _places(first, common, settings):
        known = places.get(value, ())[:MOST_PLACES]
        if not known:
            continue
        same = current is not None and current.units[0] == unit and at - current.end[0] <= gap
        following = next((one for one in known if current is not None and same and current.goes_on(*one, gap)), None)
        if current is not None and following is not None:
            current.end = (at, following[1])
            continue
        other = known[0]
        current = _Run((unit, other[0]), (at, other[1]), (at, other[1]))
        runs.append(current)
    parts = [_part(first, second, run, settings.k) for run in runs]
    return tuple(sorted(_once(parts), key=lambda one: (-one.tokens, one.first[0].cell, one.first[0].first)))


def _places(units: Sequence[Unit], common: Collection[int], settings: Settings) -> Iterator[tuple[int, int, int]]:
    """Yield the fingerprints of `common` in some units, with unit and token."""
    for number, unit in enumerate(units):
        for at, value in enumerate(hashes([token.text for token in unit.tokens], settings.k).tolist()):
            if value in common:
                yield value, number, at


def _part(first: Sequence[Unit], second: Sequence[Unit], run: _Run, k: int) -> Part:
    one = _lines(first[run.units[0]], run.start[0], run.end[0] + k)
    other = _lines(second[run.units[1]], run.start[1], run.end[1] + k)
    return Part(one, other, run.end[0] + k - run.start[0])


def _lines(unit: Unit, start: int, end: int) -> tuple[Lines, ...]:
    found: dict[int, tuple[int, int]] = {}
    for token in unit.tokens[start:end]:
        low, high = found.get(token.cell, (token.line, token.line))
        found[token.cell] = (min(low, token.line), max(high, token.line))
    return tuple(Lines(cell, low, high) for cell, (low, high) in found.items())


def _once(parts: Sequence[Part]) -> Iterator[Part]:
    seen: set[tuple[Lines, ...]] = set()
    for part in sorted(parts, key=lambda one: -one.tokens):
        if part.first not in seen:
            seen.add(part.first)
            yield part
