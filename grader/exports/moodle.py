"""Moodle's grading worksheet: Submissions > Download grading worksheet, taken back by Upload grading worksheet.

Source: `mod/assign/gradingtable.php` (its columns), `mod/assign/feedback/offline/importgradeslib.php` (what is read
back), `mod/assign/feedback/comments/locallib.php` (comments are HTML) of moodle/moodle. Titles are in the language of
whoever downloads it, so columns are known by where they stand and what is in them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader.exports.errors import ExportError
from grader.exports.gradebook import Column, Gradebook, comments_column, gradebook
from grader.exports.people import Student
from grader.exports.points import parse_points
from grader.exports.sheet import Sheet

_IDENTIFIER = re.compile(r"(?P<prefix>.*?)(?P<number>\d+)")
_COMMENTS = ("feedback comments", "feedback als kommentar", "feedback par commentaires")


def read(sheet: Sheet, comments: str | None = None) -> Gradebook:
    """Return the worksheet; `comments` names its column for comments if it is not recognised. Raises ExportError."""
    lines = [line for line in range(1, len(sheet.rows)) if sheet.cell(line, 0)]
    found = [_IDENTIFIER.fullmatch(sheet.cell(line, 0)) for line in lines]
    numbers = [one["number"] for one in found if one]
    if not lines or len(numbers) < len(lines) or len({one["prefix"] for one in found if one}) > 1:
        raise ExportError(
            "this is no grading worksheet of Moodle: its first column must hold identifiers such as 'Participant 123'; "
            "download it under 'View all submissions'"
        )
    grade, full = _grade_column(sheet, lines)
    unique = _unique_columns(sheet, lines, grade)
    named = grade > 2 and 1 not in unique and _mostly_differ([sheet.cell(line, 1) for line in lines])
    students = []
    for line, number in zip(lines, numbers, strict=True):
        name = sheet.cell(line, 1) if named else ""
        label = f"{name.replace('_', ' ')}_{number}" if name else ""
        students.append(Student(line, (number, *(sheet.cell(line, one) for one in unique)), name, label))
    column = Column(grade, sheet.cell(0, grade), possible=parse_points(full))
    place = comments_column(sheet, _COMMENTS, comments)
    return gradebook("Moodle", sheet, students, [column], comments=place, numbers=[full])


def _grade_column(sheet: Sheet, lines: Sequence[int]) -> tuple[int, str]:
    """Return the place of the grades and what is in the column behind it, the highest possible grade of every row."""
    width = len(sheet.rows[0])
    fits = []
    for index in range(2, width):
        full = {sheet.cell(line, index) for line in lines}
        most = parse_points(next(iter(full))) if len(full) == 1 else None
        before = [sheet.cell(line, index - 1) for line in lines]
        points = [parse_points(text) for text in before if text not in ("", "-")]
        if most and all(one is not None and one <= most for one in points):
            fits.append((index - 1, next(iter(full))))
    if len(fits) != 1:
        raise ExportError(
            "this grading worksheet has no column of grades beside their highest value: either the assignment is "
            "graded on a scale, or the file was changed; download it again"
        )
    return fits[0]


def _unique_columns(sheet: Sheet, lines: Sequence[int], grade: int) -> list[int]:
    """Return the columns before the grade that hold another word for each student: addresses, numbers, user names."""
    unique = []
    for index in range(1, grade):
        cells = [sheet.cell(line, index) for line in lines]
        filled = [cell for cell in cells if cell]
        if filled and len(set(filled)) == len(filled) and all(re.fullmatch(r"[\w.@+-]{2,}", cell) for cell in filled):
            digits = any(character.isdigit() or character == "@" for cell in filled for character in cell)
            if digits or index > 1:
                unique.append(index)
    return unique


def _mostly_differ(cells: Sequence[str]) -> bool:
    """Return whether these may be names: in a worksheet without names the second column is the status."""
    return len(set(cells)) > len(cells) / 2
