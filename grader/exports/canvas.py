"""Canvas's gradebook: Grades > Export, filled in and taken back by Grades > Import.

Source: `lib/gradebook_exporter.rb` and `lib/gradebook_importer.rb` of instructure/canvas-lms. A column without an
assignment's id would make a new assignment, so only columns with one are filled in.
"""

from __future__ import annotations

import re

from grader.exports.errors import ExportError
from grader.exports.gradebook import Column, Gradebook, gradebook, header_places
from grader.exports.people import Student
from grader.exports.points import parse_points
from grader.exports.sheet import Sheet

_WITH_ID = re.compile(r"(?P<title>.*\S)\s*\((?P<id>\d+)\)", re.DOTALL)
_POSTING = re.compile(r"\s*(Muted|Manual Posting.*)?\s*", re.IGNORECASE)
_IDS = ("id", "sis user id", "sis login id", "integration id")


def read(sheet: Sheet) -> Gradebook:
    """Return the gradebook. Raises ExportError if the file is none of Canvas."""
    places = header_places(sheet)
    split = "lastname" in places and "firstname" in places
    if "id" not in places or "section" not in places or not (split or "student" in places):
        raise ExportError(
            "this is no gradebook of Canvas: its first row must name Student, ID and Section; export it under Grades"
        )
    possible = next((line for line in range(1, len(sheet.rows)) if "Points Possible" in sheet.cell(line, 0)), None)
    if possible is None:
        raise ExportError("this gradebook of Canvas has no row 'Points Possible'; export it again")
    columns = []
    for index in range(places["section"] + 1, len(sheet.rows[0])):
        found = _WITH_ID.fullmatch(sheet.cell(0, index))
        if found:
            full = sheet.cell(possible, index)
            closed = "it is read only" if full and parse_points(full) is None else ""
            columns.append(Column(index, found["title"], found["id"], parse_points(full), closed))
    students = []
    for line in range(1, len(sheet.rows)):
        if line == possible or all(_POSTING.fullmatch(cell.text) for cell in sheet.rows[line]):
            continue
        if split:
            name = f"{sheet.cell(line, places['lastname'])}, {sheet.cell(line, places['firstname'])}".strip(", ")
        else:
            name = sheet.cell(line, places["student"])
        if name.casefold() == "student, test":  # Canvas's own, for the student view
            continue
        ids = tuple(sheet.cell(line, places[one]) for one in _IDS if one in places)
        in_file_names = re.sub(r"[\W_]", "", name.casefold())
        students.append(Student(line, ids, name, f"{in_file_names}_{ids[0]}"))
    numbers = [cell.text for cell in sheet.rows[possible]]
    return gradebook("Canvas", sheet, students, columns, numbers=numbers)
