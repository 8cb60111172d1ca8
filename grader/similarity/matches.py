"""The parts of two notebooks that match, as lines of cells, for a person who looks at both."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from grader.similarity.fingerprints import DEFAULT, Settings, hashes
from grader.similarity.tokens import Unit

GAP = 30  # tokens between two matches of one part: what was inserted there
FEW = 6  # tokens of a cell that only end a part which stands in another one
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

    def goes_on(self, first: tuple[int, int], second: tuple[int, int], gap: int) -> bool:
        """Return whether a place in each notebook, unit and token, continues this run."""
        same = self.units == (first[0], second[0])
        return same and first[1] - self.end[0] <= gap and 0 <= second[1] - self.end[1] <= gap


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
        run = current
        following = next((one for one in known if run is not None and run.goes_on((unit, at), one, gap)), None)
        if run is not None and following is not None and not _new_cells(first, second, run, (at, following[1])):
            run.end = (at, following[1])
            continue
        other = following or known[0]
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


def _new_cells(first: Sequence[Unit], second: Sequence[Unit], run: _Run, at: tuple[int, int]) -> bool:
    """Return whether another cell begins in both notebooks: a part ends there, so that both sides stay abreast."""
    pairs = zip((first, second), run.units, run.end, at, strict=True)
    return all(units[unit].tokens[end].cell != units[unit].tokens[new].cell for units, unit, end, new in pairs)


def _part(first: Sequence[Unit], second: Sequence[Unit], run: _Run, k: int) -> Part:
    one = _lines(first[run.units[0]], run.start[0], run.end[0] + k)
    other = _lines(second[run.units[1]], run.start[1], run.end[1] + k)
    return Part(one, other, run.end[0] + k - run.start[0])


def _lines(unit: Unit, start: int, end: int) -> tuple[Lines, ...]:
    found: dict[int, list[int]] = {}
    for token in unit.tokens[start:end]:
        found.setdefault(token.cell, []).append(token.line)
    whole = {cell: lines for cell, lines in found.items() if len(lines) >= FEW} or found
    return tuple(Lines(cell, min(lines), max(lines)) for cell, lines in whole.items())


def _once(parts: Sequence[Part]) -> Iterator[Part]:
    seen: set[tuple[Lines, ...]] = set()
    for part in sorted(parts, key=lambda one: -one.tokens):
        if part.first not in seen:
            seen.add(part.first)
            yield part
