"""What a course system's gradebook file says: its students, the columns for grades, and how it writes numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from grader.exports.errors import ExportError
from grader.exports.people import Student
from grader.exports.points import decimal_mark
from grader.exports.sheet import Sheet

MAX_LISTED = 12


@dataclass(frozen=True)
class Column:
    """A column for grades. `id` is the system's own number for it, `possible` its full points; '' and None if unknown.

    `closed` is '' or the reason why the system does not take grades in it.
    """

    index: int
    title: str
    id: str = ""
    possible: float | None = None
    closed: str = ""

    def is_called(self, wanted: str) -> bool:
        """Return whether a person may mean this column: by its title, its title and id, or its id."""
        titles = {self.title, f"{self.title} ({self.id})", self.id} - {""}
        return _folded(wanted) in {_folded(title) for title in titles}


@dataclass(frozen=True)
class Gradebook:
    """A gradebook file. `blank` are texts that stand for 'no grade yet'; other texts that are no number are kept.

    `comments` is the index of the column for comments, None if there is none; `comment_format` is that of the column
    that says how they are written, which then becomes HTML.
    """

    system: str
    sheet: Sheet
    students: tuple[Student, ...]
    columns: tuple[Column, ...]
    decimal: str
    blank: frozenset[str] = frozenset(("", "-"))
    comments: int | None = None
    comment_format: int | None = None


def gradebook(
    system: str,
    sheet: Sheet,
    students: Sequence[Student],
    columns: Sequence[Column],
    blank: Sequence[str] = (),
    comments: int | None = None,
    numbers: Sequence[str] = (),
    comment_format: int | None = None,
) -> Gradebook:
    """Return the gradebook; `numbers` are further cells in which its decimal mark can be seen. Raises ExportError."""
    if not students:
        raise ExportError(f"the gradebook lists no students; is it the file that {system} exported?")
    cells = [sheet.cell(student.line, column.index) for student in students for column in columns]
    mark = decimal_mark([*cells, *numbers], sheet.delimiter)
    return Gradebook(
        system,
        sheet,
        tuple(students),
        tuple(columns),
        mark,
        frozenset(("", "-", *(text.casefold() for text in blank))),
        comments,
        comment_format,
    )


def find_column(book: Gradebook, wanted: str | None) -> Column:
    """Return the column that a person named, or the only one there is. Raises ExportError, which lists the columns."""
    named = [column for column in book.columns if wanted is None or column.is_called(wanted)]
    usable = [column for column in named if not column.closed]
    if len(usable) == 1:
        return usable[0]
    there = "; ".join(_shown(column) for column in book.columns if not column.closed) or "none"
    if wanted is None:
        raise ExportError(f"say which column gets the points, with --column; there are: {there}")
    if named and not usable:
        raise ExportError(f"the column {wanted!r} takes no grades: {named[0].closed}")
    if usable:
        ids = ", ".join(filter(None, (column.id for column in usable))) or "and they have no ids"
        raise ExportError(f"{len(usable)} columns are called {wanted!r}; give the column's id: {ids}")
    raise ExportError(f"the gradebook has no column {wanted!r}; there are: {there}")


def comments_column(sheet: Sheet, names: Sequence[str], wanted: str | None) -> int | None:
    """Return the column for comments: the one that a person wanted, else the first that has one of these names.

    Raises ExportError if there is none that was wanted.
    """
    places = header_places(sheet)
    if wanted is not None and _folded(wanted) not in places:
        raise ExportError(f"the gradebook has no column {wanted!r} for comments")
    return next((places[name] for name in (names if wanted is None else (_folded(wanted),)) if name in places), None)


def header_places(sheet: Sheet) -> dict[str, int]:
    """Return where each title of the header stands, the titles with small letters and single blanks."""
    places: dict[str, int] = {}
    for index, cell in enumerate(sheet.rows[0]):
        places.setdefault(_folded(cell.text), index)
    return places


def _folded(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().casefold()


def _shown(column: Column) -> str:
    return f"{column.title} ({column.id})" if column.id else column.title
