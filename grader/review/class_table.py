"""The table of the class: which rows are wanted, in which order, which page of them. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from grader.course.store import Row

PAGE_ROWS = 100
STATUSES = {
    "": "all",
    "graded": "graded",
    "needs_review": "wait for a person",
    "failed": "could not be graded",
    "late": "late",
    "missing": "nothing handed in",
    "marked": "decided by a person",
    "unreleased": "not released as it is now",
    "stale": "decided for an earlier notebook",
}
COLUMNS = ("name", "submitted", "status", "confirmed", "waiting", "machine", "graded")
DOWN_FIRST = ("waiting", "graded")  # of these one wants the largest first


@dataclass(frozen=True)
class Wanted:
    """The selection of submissions that a person wants to see.

    `fault` is the id of a check in which points were lost, `kind` the short name of a fault, see `class_page.py`.
    """

    text: str = ""
    status: str = ""
    item: str = ""
    fault: str = ""
    kind: str = ""
    sort: str = "name"
    down: bool = False
    page: int = 1

    def address(self, **changes: object) -> str:
        """Return the address of the table with these changes; any but to another page leads to the first one."""
        other = replace(self, **({"page": 1} | changes))  # type: ignore[arg-type]
        default = Wanted()
        given = {one.name: getattr(other, one.name) for one in fields(other)}
        query = {name: _text(value) for name, value in given.items() if value != getattr(default, name)}
        return f"/class?{urlencode(query, errors='replace')}" if query else "/class"

    def sorted_by(self, column: str) -> str:
        """Return the address of the table sorted by a column; by the same one again, the other way round."""
        down = not self.down if self.sort == column else column in DOWN_FIRST
        return self.address(sort=column, down=down)

    @property
    def narrowed(self) -> bool:
        """True if rows may be left out."""
        return bool(self.text or self.status or self.item or self.fault or self.kind)


def _text(value: object) -> str:
    return ("1" if value else "") if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class Page:
    """A page of the table: its rows, how many there are in all, and how many pages."""

    rows: tuple[Row, ...]
    found: int
    pages: int


def confirmed(row: Row) -> float:
    """Return the points that are earned for certain: what waits for a person is not among them."""
    return row.final.standing.confirmed


def waiting(row: Row) -> float:
    """Return the points that wait for a person."""
    return row.final.standing.waiting


def possible(row: Row) -> float:
    """Return the points that could be had on the machine that graded."""
    return round(row.final.standing.max_score - row.final.standing.beyond, 2)


def page_of(rows: Iterable[Row], wanted: Wanted, faulty: Collection[str] | None, names: Mapping[str, str]) -> Page:
    """Return a page of the rows that are wanted.

    `faulty` are the names of the submissions with the wanted fault, None if any will do; `names` is how submissions are
    called on the page: a text is looked for there alone, so that a search finds no hidden name.
    """
    text = wanted.text.casefold()
    found = [
        row
        for row in rows
        if (faulty is None or row.entry.name in faulty)
        and (not text or text in names[row.entry.name].casefold())
        and _has_status(row, wanted.status)
        and (not wanted.item or _lacks(row, wanted.item))
    ]
    order = _ORDERS.get(wanted.sort)
    if order is None:
        found.sort(key=lambda row: names[row.entry.name].casefold(), reverse=wanted.down)
    else:
        found.sort(key=order, reverse=wanted.down)
    pages = max(1, -(-len(found) // PAGE_ROWS))
    first = PAGE_ROWS * (min(wanted.page, pages) - 1)
    return Page(tuple(found[first : first + PAGE_ROWS]), len(found), pages)


def neighbours(rows: Sequence[Row], name: str) -> tuple[Row | None, Row | None]:
    """Return the rows before and after a submission."""
    at = next((number for number, row in enumerate(rows) if row.entry.name == name), None)
    if at is None:
        return None, None
    return rows[at - 1] if at else None, rows[at + 1] if at + 1 < len(rows) else None


def _has_status(row: Row, status: str) -> bool:
    if status == "late":
        return row.entry.late is True
    if status == "marked":
        return bool(row.final.marks or row.final.overrides)
    if status == "stale":
        return bool(row.final.stale or row.final.stale_overrides)
    if status == "missing":
        return row.missing
    if status == "unreleased":
        return row.release_state != "released" and not row.missing
    return not status or (row.final.standing.status == status and not row.missing)


def _lacks(row: Row, item: str) -> bool:
    """Return whether something is lost or open in an item."""
    one = row.final.standing.item(item)
    return one is not None and (bool(one.open) or one.score < one.max_score - one.ungraded)


_ORDERS: Mapping[str, Callable[[Row], str | float]] = {
    "submitted": lambda row: row.entry.submitted_at,
    "status": lambda row: row.final.standing.status,
    "confirmed": confirmed,
    "waiting": waiting,
    "machine": lambda row: row.machine.confirmed,
    "graded": lambda row: row.graded_at,
}
