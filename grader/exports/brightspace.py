"""Brightspace's gradebook: Grades > Enter Grades > Export, key field 'Both', taken back by Grades > Import.

Source: community.d2l.com, 'Importing grades': a row is known by OrgDefinedId or Username, a column by its item's name
and 'Points Grade'; the last column is the End-of-Line Indicator. A new name would make a new item.
"""

from __future__ import annotations

import re

from grader.exports.errors import ExportError
from grader.exports.gradebook import Column, Gradebook, gradebook, header_places
from grader.exports.people import Student
from grader.exports.points import parse_points
from grader.exports.sheet import Sheet

_COLUMN = re.compile(r"(?P<title>.*\S)\s+Points Grade(?:\s*<(?P<about>.*)>)?", re.DOTALL)
_MOST = re.compile(r"MaxPoints:\s*([\d.,]+)")
_IDS = ("orgdefinedid", "username", "email")


def read(sheet: Sheet) -> Gradebook:
    """Return the gradebook. Raises ExportError if the file is none of Brightspace."""
    places = header_places(sheet)
    keys = [one for one in _IDS[:2] if one in places]
    if not keys or "end-of-line indicator" not in places:
        raise ExportError(
            "this is no gradebook of Brightspace: it needs OrgDefinedId or Username, and the End-of-Line Indicator; "
            "export it under Enter Grades, with points"
        )
    columns = []
    for index in range(len(sheet.rows[0])):
        if found := _COLUMN.fullmatch(sheet.cell(0, index)):
            most = _MOST.search(found["about"] or "")
            columns.append(Column(index, found["title"], possible=parse_points(most[1]) if most else None))
    students = []
    for line in range(1, len(sheet.rows)):
        ids = tuple(sheet.cell(line, places[one]) for one in _IDS if one in places)
        if any(ids):
            names = [sheet.cell(line, places[one]) for one in ("last name", "first name") if one in places]
            students.append(Student(line, ids, ", ".join(filter(None, names))))
    return gradebook("Brightspace", sheet, students, columns)
