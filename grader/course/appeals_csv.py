"""Read appeals from a CSV file, as a form in which students wrote them exports it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.course.appeals import Appeal, AppealError, file_appeal
from grader.course.csv_text import unescape_cell
from grader.course.decisions import MarkError
from grader.course.store import Store

_WHO = (
    *("submission", "folder", "student id", "studentid", "sid", "id", "user id", "username", "user name", "login"),
    *("student number", "number", "matriculation number", "email", "email address", "e mail", "name", "full name"),
    *("student name", "student", "your name", "your id"),
)
_WHAT = ("check", "item", "question", "task", "exercise")
_WHY = ("text", "appeal", "reason", "why", "objection", "explain", "explanation", "comment")


@dataclass(frozen=True)
class Line:
    """An appeal as a file has it. `who` are all words that may name the student, `number` is the line in the file."""

    number: int
    who: tuple[str, ...]
    check: str
    text: str


@dataclass(frozen=True)
class Imported:
    """The outcome of an import: the new appeals, how many were known, and a sentence for each line that is wrong."""

    filed: tuple[Appeal, ...]
    known: int
    problems: tuple[str, ...]


def parse_appeals(text: str) -> tuple[Line, ...]:
    """Parse a CSV file with commas, semicolons or tabs, whose first line names the columns. Raises AppealError.

    >>> parse_appeals("Timestamp,Student ID,Which check?,Why is it wrong?\\n9:00,42,q7.time,It is printed\\n")
    (Line(number=2, who=('42',), check='q7.time', text='It is printed'),)
    """
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text.replace("\0", "")), delimiter=delimiter))
    except csv.Error as error:
        raise AppealError(f"the file of appeals is not a CSV file ({error}); export it as CSV") from None
    header = [re.sub(r"[\W_]+", " ", cell).strip().casefold() for cell in rows[0]] if rows else []
    who = [place for place, name in enumerate(header) if name in _WHO]
    what = _column(header, _WHAT, taken=who)
    why = _column(header, _WHY, taken=[*who, what])
    if not who or what < 0 or why < 0:
        raise AppealError(
            "the file of appeals needs columns for the student, the check and the text; "
            "let its first line be submission,check,text"
        )
    return tuple(_lines(rows[1:], who, what, why))


def _column(header: Sequence[str], words: Sequence[str], taken: Sequence[int]) -> int:
    """Return the column that one of these words names, the first words first, or that has one in its name; else -1."""
    free = [place for place in range(len(header)) if place not in taken]
    exact = [place for word in words for place in free if header[place] == word]
    part = [place for word in words for place in free if word in header[place].split()]
    return next(iter([*exact, *part]), -1)


def _lines(rows: Sequence[Sequence[str]], who: Sequence[int], what: int, why: int) -> Iterator[Line]:
    for number, row in enumerate(rows, 2):
        cells = [unescape_cell(cell).strip() if place != why else cell.strip() for place, cell in enumerate(row)]
        if any(cells):
            cells += [""] * (max(*who, what, why) + 1 - len(cells))
            yield Line(number, tuple(filter(None, (cells[place] for place in who))), cells[what], cells[why])


def import_appeals(store: Store, text: str, by: str = "") -> Imported:
    """Store the appeals of a CSV file; a line that cannot be used is told and does not stop the others.

    Raises AppealError if it is no such file, and StoreError.
    """
    filed: list[Appeal] = []
    problems: list[str] = []
    known = 0
    for line in parse_appeals(text):
        try:
            one, new = _file(store, line, by)
        except (AppealError, MarkError) as error:
            problems.append(f"line {line.number}: {error}")
            continue
        known += not new
        filed += [one] if new else []
    return Imported(tuple(filed), known, tuple(problems))


def _file(store: Store, line: Line, by: str) -> tuple[Appeal, bool]:
    """Store an appeal for the first of its words that names one student."""
    problem: MarkError | None = None
    for who in line.who:
        try:
            return file_appeal(store, who, line.check, line.text, by)
        except MarkError as error:
            problem = problem or error
    raise problem or MarkError("no student is named")
