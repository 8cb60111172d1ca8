"""Blackboard's gradebook: Download Gradebook (Ultra), or Work Offline > Download (Original), taken back by upload.

Source: help.blackboard.com, 'Work Offline With Grade Data': a row is known by the user name, a column by the number
behind '|' in its title; a column without one would be new. Files are tab-delimited UTF-16, or comma-delimited. The
download of one selected column with its comments has four columns more, also without a number: Grading Notes, Notes
Format, Feedback to Learner (earlier: to User) and Feedback Format, which is SMART_TEXT, HTML or PLAIN_TEXT.
"""

from __future__ import annotations

import re

from grader.exports.errors import ExportError
from grader.exports.gradebook import Column, Gradebook, comments_column, gradebook, header_places
from grader.exports.people import Student
from grader.exports.points import parse_points
from grader.exports.sheet import Sheet

_COLUMN = re.compile(r"(?P<title>.*?)\s*(?:\[(?P<about>[^\]]*)\])?\s*\|\s*(?P<id>\d+)", re.DOTALL)
_POINTS = re.compile(r":\s*(?P<upto>\D*?)\s*(?P<points>\d[\d.,]*)")
_USER = ("username", "user name", "benutzername", "nombre de usuario", "nom d'utilisateur", "nome utente")
_NUMBER = ("student id", "matrikelnummer")
_FEEDBACK = ("feedback to learner", "feedback to user")
_FORMAT = "feedback format"


def read(sheet: Sheet, comments: str | None = None) -> Gradebook:
    """Return the gradebook; `comments` names its column for feedback if it is not recognised.

    In a file with several grade columns nothing says which of them the feedback is about, so there it must be named.
    Raises ExportError if the file is none of Blackboard.
    """
    columns = [column for index in range(len(sheet.rows[0])) if (column := _column(sheet, index)) is not None]
    first = columns[0].index if columns else 0
    places = header_places(sheet)
    user = next((places[name] for name in _USER if name in places), 2 if first > 2 else None)
    if not columns or user is None:
        raise ExportError(
            "this is no gradebook of Blackboard: it needs the user names, and columns with a number behind '|', such "
            "as 'Homework 3 [Total Pts: 100 Score] |123456'; download it from the gradebook"
        )
    number = next((places[name] for name in _NUMBER if name in places), None)
    students = []
    for line in range(1, len(sheet.rows)):
        ids = [sheet.cell(line, user), *([sheet.cell(line, number)] if number is not None else [])]
        if ids[0]:
            name = f"{sheet.cell(line, 0)}, {sheet.cell(line, 1)}" if user >= 2 else ""
            students.append(Student(line, tuple(ids), name.strip(", ")))
    numbers = [found["points"] for cell in sheet.rows[0] if (found := _POINTS.search(cell.text))]
    feedback = comments_column(sheet, _FEEDBACK, comments) if comments is not None or len(columns) == 1 else None
    written_as = places.get(_FORMAT) if feedback is not None else None
    return gradebook(
        "Blackboard",
        sheet,
        students,
        columns,
        ("Needs Grading", "In Progress"),
        feedback,
        numbers,
        written_as,
    )


def _column(sheet: Sheet, index: int) -> Column | None:
    found = _COLUMN.fullmatch(sheet.cell(0, index))
    if found is None:
        return None
    points = _POINTS.search(found["about"] or "")
    possible = parse_points(points["points"]) if points else None
    closed = ""
    if points and points["upto"]:
        closed = "Blackboard computes it from other columns"
    elif possible == 0:
        closed = "it has no points"
    return Column(index, found["title"].strip(), found["id"], possible, closed)
