"""Import marks from a CSV file. Each bad line is told in a sentence; with one, nothing is stored unless asked for."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.course.changes import changing
from grader.course.csv_text import unescape_cell
from grader.course.decisions import MarkError
from grader.course.marks import Finder
from grader.formatting import one_line

if TYPE_CHECKING:
    from grader.course.store import Store

_WHO = ("submission", "student_id", "student", "id", "name")
_NUMBER = re.compile(r"[+-]?\d{1,6}(?:[.,]\d{1,4})?")


@dataclass(frozen=True)
class Line:
    """A line of the file: its number, the submission's name or the student's ID or name, and the mark."""

    number: int
    who: str
    item: str
    points: float
    comment: str


@dataclass(frozen=True)
class Imported:
    """The outcome: how many marks are stored, how many lines had no points, and a sentence for each bad line."""

    stored: int
    empty: int
    problems: tuple[str, ...]


class ImportRefused(MarkError):
    """Nothing was stored, since lines are bad; `problems` has a sentence for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = f"{len(problems)} {'line is' if len(problems) == 1 else 'lines are'} bad"
        super().__init__(f"{count}, so nothing is stored; mend the file, or give --skip-bad to leave them out")


def import_marks(store: Store, text: str, by: str, skip_bad: bool = False) -> Imported:
    """Store the marks in a CSV text, all in one transaction. Raises MarkError, and ImportRefused for bad lines."""
    lines, empty, problems = parse(text)
    find = Finder(store)
    stored = 0
    seen: dict[tuple[str, str], int] = {}
    with changing(store, by) as change:
        for line in lines:
            try:
                name = find(line.who).entry.name
                if (first := seen.setdefault((name, line.item), line.number)) != line.number:
                    raise MarkError(f"line {first} marks {line.item} of {name} already")
                change.mark(name, line.item, (), line.points, line.comment)
                stored += 1
            except MarkError as error:
                problems.append((line.number, f"line {line.number}: {one_line(str(error))}"))
        told = tuple(sentence for _, sentence in sorted(problems))
        if told and not skip_bad:
            raise ImportRefused(told)
    return Imported(stored, empty, told)


def parse(text: str) -> tuple[list[Line], int, list[tuple[int, str]]]:
    """Return the lines of a CSV text, the number of lines without points, and sentences on bad lines by number.

    The columns are submission (or student_id, or student), item, points and comment; commas, semicolons or tabs
    separate the cells. Raises MarkError if the columns are not there.
    """
    text = text.removeprefix("\ufeff").replace("\0", "")
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    rows = _rows(reader)
    header = [cell.strip().casefold().replace(" ", "_") for cell in next(rows, (0, []))[1]]
    who = [header.index(name) for name in _WHO if name in header]
    lacks = [name for name in ("item", "points") if name not in header]
    if lacks or not who:
        needed = "submission (or student_id), item, points and comment"
        raise MarkError(f"the file has no column {' and no column '.join(lacks) or 'submission'}; its first line must "
                        f"name the columns {needed}")  # fmt: skip
    lines, empty, problems = [], 0, []
    for number, row in rows:
        cells = dict(enumerate(map(unescape_cell, row)))
        named = next((cell for place in who if (cell := cells.get(place, "").strip())), "")
        item, points = (cells.get(header.index(name), "").strip() for name in ("item", "points"))
        comment = cells.get(header.index("comment"), "").strip() if "comment" in header else ""
        if not points and not comment:
            empty += any(cells.values())
        elif not named:
            problems.append((number, f"line {number}: it names no submission and no student"))
        elif not _NUMBER.fullmatch(points):
            shown = one_line(points)[:40]
            problems.append((number, f"line {number}: {shown!r} is not a number of points such as 4 or 2.5"))
        else:
            lines.append(Line(number, named, item, float(points.replace(",", ".")), comment))
    return lines, empty, problems


def _rows(reader: Iterable[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows with the numbers of the lines that they begin on."""
    at = 1
    try:
        for row in reader:
            yield at, row
            at = getattr(reader, "line_num", at) + 1
    except csv.Error as error:
        raise MarkError(f"the file is not CSV ({error}); export it as CSV") from None
