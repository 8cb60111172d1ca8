"""Compare the rows of a summary.csv with the results that they were made from."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.course.csv_text import escape_cell, raw_rows, unescape_cell
from grader.course.scores import NOTHING, standing
from grader.course.summary_csv import COLUMNS, LAST_COLUMN, row_of
from grader.formatting import one_line
from grader.result import Result

_NUMBER = re.compile(r" *[0-9]{1,9}(\.[0-9]{0,9})?(e[+-]?[0-9]{1,2})? *", re.IGNORECASE)


class UnreadableResult(Exception):
    """The file is not a result or a summary; the message says why, in half a sentence."""


@dataclass(frozen=True)
class Table:
    """A summary: the names of its columns, and its rows by the name of the result's folder.

    The cells are as they stand in the file: with an apostrophe before what would else be a formula.
    """

    header: tuple[str, ...]
    rows: Mapping[str, tuple[str, ...]]

    @property
    def items(self) -> tuple[str, ...]:
        """The items that have a column."""
        return self.header[len(COLUMNS) : -1]


def read_table(text: str) -> Table:
    """Read a summary. Raises UnreadableResult."""
    try:
        rows = raw_rows(text)
    except csv.Error as error:
        raise UnreadableResult(f"it is not CSV ({error})") from None
    header = tuple(map(unescape_cell, rows[0])) if rows else ()
    if header[: len(COLUMNS)] != COLUMNS or header[-1:] != (LAST_COLUMN,):
        raise UnreadableResult("it is not a summary that this version of grader wrote")
    found: dict[str, tuple[str, ...]] = {}
    for row in rows[1:]:
        name = unescape_cell(row[0]) if row else ""
        inside = PurePosixPath(name)
        if not name or inside.is_absolute() or ".." in inside.parts or "\\" in name or str(inside) != name:
            raise UnreadableResult("a row in it names no folder beside it")
        if name in found:
            raise UnreadableResult(f"{one_line(name)} has two rows in it")
        found[name] = tuple(row)
    return Table(header, found)


def says_nothing(table: Table, name: str) -> bool:
    """Return whether the row says that the student handed in nothing, and that there are no points."""
    row = [unescape_cell(cell) for cell in table.rows[name]]
    if len(row) != len(table.header) or row[-1] != NOTHING or row[COLUMNS.index("status")] != "failed":
        return False
    cells = dict(zip(table.header, row, strict=True))
    none = ("", "0", "0.0")
    return all(cells[column] in none for column in ("score", "waiting", "provisional", "ungraded", *table.items))


def wrong_rows(table: Table, results: Mapping[str, Result]) -> Iterator[str]:
    """Yield half a sentence for each row that says something else than its result, which is signed."""
    items = {item.id for result in results.values() for item in result.items}
    if items and (set(table.items) != items or len(table.items) != len(items)):
        yield "its columns are not the items of the results"
        return
    for name, row in table.rows.items():
        if name not in results:  # nothing was handed in
            continue
        expected = row_of(results[name].student, standing(results[name]), table.items)
        if len(row) != len(expected):
            yield f"the row of {one_line(name)} has {len(row)} cells instead of {len(expected)}"
            continue
        for at, (column, there, signed) in enumerate(zip(table.header, row, expected, strict=True)):
            if there == escape_cell(signed) or (at in _numbers(table) and _same_number(there, signed)):
                continue
            yield f"the row of {one_line(name)} says {one_line(column)} '{one_line(there)}'{_but(there, signed)}"


def _numbers(table: Table) -> range:
    """Return the columns that hold points."""
    return range(COLUMNS.index("score"), len(table.header) - 1)


def _same_number(there: str, signed: str) -> bool:
    """Return whether two numbers are equal; a program that has written the file again may write 10 as 10.0."""
    return all(_NUMBER.fullmatch(text) for text in (there, signed)) and float(there) == float(signed)


def _but(there: str, signed: str) -> str:
    """Return how the signed result differs from a cell, with a hint on an honest way in which it may have changed."""
    if unescape_cell(there) == one_line(signed):
        return " without the apostrophe that keeps a spreadsheet from taking it for a formula"
    lost = there and there == signed.lstrip("0")
    hint = " (spreadsheet programs drop zeros before a number when they save)" if lost else ""
    return f", but the signed result says '{one_line(signed)}'{hint}"
