"""The CSV files of a class: every cell is quoted, and none is a formula, wherever a program splits the lines."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

from grader.formatting import one_line

FORMULA = "=+\\-@＝＋－＠"  # characters that start a formula; some spreadsheets also accept the full-width forms
# In countries with decimal commas, spreadsheets split lines at semicolons, and a quotation mark that does not begin a
# cell is a character like any other. So a formula may begin wherever a separator of some program stands in the text,
# also behind blanks and quotation marks.
_BEFORE = r"((?:^|[,;|:\t\r\n])[\s\"'`]*)"
_STARTS = re.compile(rf"{_BEFORE}(?=[{FORMULA}])")
_ESCAPED = re.compile(rf"{_BEFORE}'(?=[{FORMULA}])")


class Dialect(csv.excel):
    """Commas, and quotation marks around every cell; spreadsheets read a quoted number as a number."""

    quoting = csv.QUOTE_ALL
    lineterminator = "\n"
    strict = True


def csv_text(rows: Iterable[Iterable[str]]) -> str:
    """Return rows of cells as CSV text; each cell is written by `escape_cell`."""
    out = io.StringIO()
    writer = csv.writer(out, Dialect)
    for row in rows:
        writer.writerow([escape_cell(cell) for cell in row])
    return out.getvalue()


def csv_rows(text: str) -> list[list[str]]:
    """Return the cells of a CSV text as they were before `escape_cell`. Raises csv.Error."""
    return [[unescape_cell(cell) for cell in row] for row in raw_rows(text)]


def raw_rows(text: str) -> list[list[str]]:
    """Return the cells of a CSV text as they stand there. Raises csv.Error."""
    return list(csv.reader(io.StringIO(text), Dialect))


def escape_cell(cell: str) -> str:
    """Return the cell on one line, with an apostrophe before each character that could start a formula.

    >>> escape_cell("=1+1")
    "'=1+1"
    >>> escape_cell('Anna; "=1+1')
    'Anna; "\\'=1+1'
    """
    return _STARTS.sub(r"\1'", one_line(cell))


def unescape_cell(cell: str) -> str:
    """Return the cell without the apostrophes of `escape_cell`."""
    return _ESCAPED.sub(r"\1", cell)
