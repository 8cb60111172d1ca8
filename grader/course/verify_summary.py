"""Compare the rows of a summary.csv with the results that they were made from."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.course.csv_text import csv_rows
from grader.course.scores import standing
from grader.course.summary_csv import COLUMNS, LAST_COLUMN, row_of
from grader.formatting import one_line
from grader.result import Result


class UnreadableResult(Exception):
    """The file is not a result or a summary; the message says why, in half a sentence."""


@dataclass(frozen=True)
class Table:
    """A summary: the names of its columns, and its rows by the name of the result's folder."""

    header: tuple[str, ...]
    rows: Mapping[str, tuple[str, ...]]

    @property
    def items(self) -> tuple[str, ...]:
        """The items that have a column."""
        return self.header[len(COLUMNS) : -1]


def read_table(text: str) -> Table:
    """Read a summary. Raises UnreadableResult."""
    try:
        rows = csv_rows(text)
    except csv.Error as error:
        raise UnreadableResult(f"it is not CSV ({error})") from None
    header = tuple(rows[0]) if rows else ()
    if header[: len(COLUMNS)] != COLUMNS or header[-1:] != (LAST_COLUMN,):
        raise UnreadableResult("it is not a summary that this version of grader wrote")
    found: dict[str, tuple[str, ...]] = {}
    for row in rows[1:]:
        name = row[0] if row else ""
        inside = PurePosixPath(name)
        if not name or inside.is_absolute() or ".." in inside.parts or "\\" in name or str(inside) != name:
            raise UnreadableResult("a row in it names no folder beside it")
        if name in found:
            raise UnreadableResult(f"{one_line(name)} has two rows in it")
        found[name] = tuple(row)
    return Table(header, found)


def wrong_rows(table: Table, results: Mapping[str, Result]) -> Iterator[str]:
    """Yield half a sentence for each row that says something else than its result, which is signed."""
    items = {item.id for result in results.values() for item in result.items}
    if items and (set(table.items) != items or len(table.items) != len(items)):
        yield "its columns are not the items of the results"
        return
    for name, row in table.rows.items():
        expected = row_of(results[name].student, standing(results[name]), table.items)
        if len(row) != len(expected):
            yield f"the row of {one_line(name)} has {len(row)} cells instead of {len(expected)}"
            continue
        for column, there, signed in zip(table.header, row, expected, strict=True):
            if not _equal(there, one_line(signed)):
                yield (
                    f"the row of {one_line(name)} says {one_line(column)} '{one_line(there)}', "
                    f"but the signed result says '{one_line(signed)}'"
                )


def _equal(there: str, signed: str) -> bool:
    """Return whether two cells are equal; a program that has written the file again may write 10 as 10.0."""
    if there == signed:
        return True
    try:
        return float(there) == float(signed) and len(there) < 20
    except ValueError:
        return False
