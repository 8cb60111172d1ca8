"""A gradebook file as a course system wrote it: cells can be replaced, and every other byte stays as it was."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.exports.errors import ExportError
from grader.files import read_regular

MAX_BYTES = 64 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class Cell:
    """A cell: what it says, and where it stands in the file's text, with its quotation marks."""

    text: str
    start: int
    end: int
    quoted: bool = False


@dataclass(frozen=True)
class Sheet:
    """A table in a text file. `mark` are the bytes before the text, which tell its encoding; often there are none."""

    text: str
    encoding: str
    mark: bytes
    delimiter: str
    rows: tuple[tuple[Cell, ...], ...]

    def cell(self, row: int, column: int) -> str:
        """Return what a cell says, without blanks around it; '' if the row is shorter."""
        cells = self.rows[row]
        return cells[column].text.strip() if column < len(cells) else ""

    def filled(self, changes: Mapping[tuple[int, int], str]) -> bytes:
        """Return the file with other texts in these cells, by row and column. Raises ExportError for a short row."""
        parts, at = [], 0
        for (row, column), text in sorted(changes.items()):
            if column >= len(self.rows[row]):
                raise ExportError(f"row {row + 1} of the gradebook has fewer columns than its header; export it again")
            cell = self.rows[row][column]
            parts += [self.text[at : cell.start], self._written(text, cell.quoted)]
            at = cell.end
        parts.append(self.text[at:])
        return self.mark + "".join(parts).encode(self.encoding, "replace")

    def _written(self, text: str, quoted: bool) -> str:
        if quoted or self.delimiter in text or '"' in text or "\n" in text or "\r" in text:
            return '"' + text.replace('"', '""') + '"'
        return text


def read_sheet(path: Path) -> Sheet:
    """Read a gradebook from a CSV file with commas, semicolons or tabs. Raises ExportError."""
    try:
        data, _ = read_regular(path, MAX_BYTES)
    except OSError as error:
        raise ExportError(f"cannot read the gradebook '{path}': {error.strerror or error}") from None
    if len(data) > MAX_BYTES:
        raise ExportError(f"the gradebook '{path}' is larger than {MAX_BYTES >> 20} MiB")
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise ExportError(f"'{path}' is an Excel workbook; give the text file (CSV) that the course system exported")
    return parse_sheet(data, str(path))


def parse_sheet(data: bytes, label: str) -> Sheet:
    """Parse a gradebook. Raises ExportError if it holds no table, or not text."""
    mark, encoding = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", ""))
    body = data[len(mark) :]
    encoding = encoding or _guessed(body)
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError:
        raise ExportError(f"the gradebook '{label}' is not text in {encoding}; export it again") from None
    if "\0" in text or text.encode(encoding) != body:
        raise ExportError(
            f"the gradebook '{label}' is not a text file; give the CSV file that the course system exported"
        )
    delimiter = max(_DELIMITERS, key=lambda one: len(next(iter(_rows(text, one, 1)), ())))
    rows = _rows(text, delimiter)
    if not rows or len(rows[0]) < 2:
        raise ExportError(f"the gradebook '{label}' holds no table; give the CSV file that the course system exported")
    return Sheet(text, encoding, mark, delimiter, rows)


def _guessed(body: bytes) -> str:
    """Return the encoding of a text without a mark."""
    head = body[:200]
    for start, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(head) > 3 and not any(head[start::2]) and all(head[1 - start :: 2]):
            return name
    for name in ("utf-8", "cp1252"):
        try:
            body.decode(name)
        except UnicodeDecodeError:
            continue
        return name
    return "latin-1"  # has all bytes: what it spells wrongly is written back as it was


def _rows(text: str, delimiter: str, most: int | None = None) -> tuple[tuple[Cell, ...], ...]:
    """Return the rows, at most `most`. A quotation mark that does not enclose a whole cell is a character."""
    one = re.compile(
        rf'(?:"(?P<quoted>[^"]*(?:""[^"]*)*)"|(?P<plain>[^{delimiter}\r\n]*))(?P<end>{delimiter}|\r\n|\r|\n|\Z)'
    )
    rows: list[tuple[Cell, ...]] = []
    cells: list[Cell] = []
    at = 0
    while at < len(text) or cells:
        found = one.match(text, at)
        assert found is not None  # the plain alternative always fits
        quoted = found["quoted"] is not None
        inner = found["quoted"].replace('""', '"') if quoted else found["plain"]
        cells.append(Cell(inner, found.start(), found.start("end"), quoted))
        at = found.end()
        if found["end"] != delimiter:
            rows.append(tuple(cells))
            cells = []
            if len(rows) == most:
                break
    return tuple(rows)
