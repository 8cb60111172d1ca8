"""Compare two results: the cells of the notebooks and the verdicts. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grader.course.alignment import Pair, aligned
from grader.course.history import ItemChange, item_changes, what_changed
from grader.notebook.cells import Cell
from grader.reports.evidence import kept_cells
from grader.result import CheckResult, Result

MOST_LINES = 2_000  # lines of one cell that are compared one by one
ALIKE = 0.5  # share of lines in common from which two cells are the same one, changed

Mark = Literal["same", "removed", "added"]


@dataclass(frozen=True)
class LineChange:
    """A line of a changed cell."""

    mark: Mark
    text: str


@dataclass(frozen=True)
class CellChange:
    """A cell that differs: its places in the two notebooks, None where it is not, and its lines."""

    kind: str
    before: int | None
    after: int | None
    lines: tuple[LineChange, ...]


@dataclass(frozen=True)
class CheckChange:
    """A check whose verdict differs; None where there is no such check."""

    check: str
    before: CheckResult | None
    after: CheckResult | None

    @property
    def same_points(self) -> bool:
        """True if status and points are the same, and only the words differ."""
        old, new = (None if one is None else (one.status, one.score) for one in (self.before, self.after))
        return old == new

    @property
    def points(self) -> float:
        """The points that were won, negative if some were lost."""
        old, new = (one.score if one is not None else 0.0 for one in (self.before, self.after))
        return round(new - old, 2)


@dataclass(frozen=True)
class Difference:
    """The differences between two results.

    `cells` are None if the cells of one are not known, as without kept evidence. `same_cells` counts those that both
    have. `changed` says in words what the results rest on and differs.
    """

    cells: tuple[CellChange, ...] | None
    same_cells: int
    checks: tuple[CheckChange, ...]
    items: tuple[ItemChange, ...]
    changed: tuple[str, ...]
    before: float
    after: float


def difference(before: Result, after: Result) -> Difference:
    """Return what differs between two results, as of two gradings of a student, or of two students."""
    old, new = _cells(before), _cells(after)
    cells, same = cell_changes(old, new) if old is not None and new is not None else (None, 0)
    return Difference(
        cells,
        same,
        tuple(_check_changes(before, after)),
        item_changes(before, after),
        what_changed(before, after),
        before.score,
        after.score,
    )


def _cells(result: Result) -> tuple[Cell, ...] | None:
    seen = kept_cells(result)
    return None if seen is None else seen.notebook.cells


def _check_changes(before: Result, after: Result) -> Iterator[CheckChange]:
    old, new = _checks(before), _checks(after)
    for name in [*new, *(name for name in old if name not in new)]:
        if old.get(name) != new.get(name):
            yield CheckChange(name, old.get(name), new.get(name))


def _checks(result: Result) -> Mapping[str, CheckResult]:
    return {check.id: check for item in result.items for check in item.checks}


def cell_changes(before: Sequence[Cell], after: Sequence[Cell]) -> tuple[tuple[CellChange, ...], int]:
    """Return the cells that differ, in order, and the number of cells that both notebooks have."""
    pairs = aligned([(one.kind, one.source) for one in before], [(one.kind, one.source) for one in after])
    same = sum(old is not None and new is not None for old, new in pairs)
    return tuple(_change(before, after, pair) for pair in _matched(before, after, pairs)), same


def _matched(before: Sequence[Cell], after: Sequence[Cell], pairs: Sequence[Pair]) -> Iterator[Pair]:
    """Yield the cells that differ; of those removed and added at one place, such as have lines in common together."""
    old: list[int] = []
    new: list[int] = []
    for first, second in (*pairs, (-1, -1)):
        if second is None and first is not None:
            old.append(first)
        elif first is None and second is not None:
            new.append(second)
        else:
            yield from _paired(before, after, old, new)
            old, new = [], []


def _paired(before: Sequence[Cell], after: Sequence[Cell], old: Sequence[int], new: Sequence[int]) -> Iterator[Pair]:
    """Yield the cells of one place in order; two together if they are alike."""
    left = list(old)
    for second in new:
        if left and _alike(before[left[0]], after[second], alone=len(old) == len(new) == 1):
            yield left.pop(0), second
        elif len(left) > 1 and _alike(before[left[1]], after[second]):
            yield left.pop(0), None
            yield left.pop(0), second
        else:
            yield None, second
    yield from ((first, None) for first in left)


def _alike(one: Cell, other: Cell, alone: bool = False) -> bool:
    """Return whether two cells are the same one, changed; `alone` at their place, they need no lines in common."""
    if one.kind != other.kind or alone:
        return one.kind == other.kind
    lines = [{line.strip() for line in cell.source.splitlines()} - {""} for cell in (one, other)]
    return len(lines[0] & lines[1]) >= ALIKE * max(1, min(map(len, lines)))


def _change(before: Sequence[Cell], after: Sequence[Cell], pair: Pair) -> CellChange:
    old = before[pair[0]] if pair[0] is not None else None
    new = after[pair[1]] if pair[1] is not None else None
    lines = _lines(old.source if old else "", new.source if new else "")
    kind = (new or old or before[0]).kind
    return CellChange(kind, old.index if old else None, new.index if new else None, lines)


def _lines(before: str, after: str) -> tuple[LineChange, ...]:
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > MOST_LINES:
        old, new = old[:MOST_LINES], new[:MOST_LINES]
    return tuple(_line(old, new, pair) for pair in aligned(old, new))


def _line(old: Sequence[str], new: Sequence[str], pair: Pair) -> LineChange:
    first, second = pair
    if first is not None:
        return LineChange("same" if second is not None else "removed", old[first])
    return LineChange("added", new[second or 0])
