"""The file `marks.json` that a student gets beside the report: points, marks and verdicts of people, as released."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from grader.files import escape_unprintable

if TYPE_CHECKING:
    from grader.course.store import Row
    from grader.result import ItemResult, Result

MARKS_FILE = "marks.json"  # in the folder of a result
SCHEMA = "grader-marks/1"


def marks_document(result: Result, row: Row, released_at: str) -> str:
    """Return the text of the file. `result` is the one with the decisions of `row` in it.

    It does not say who marked: that is in the tables of those who teach.
    """
    plain = {
        "schema": SCHEMA,
        "assignment": result.assignment,
        "submission": {"name": result.submission.name, "sha256": result.submission.sha256},
        "student": {"folder": row.entry.name, "number": row.entry.student_id, "name": row.entry.student_name},
        "released_at": released_at,
        "status": result.status,
        "score": result.confirmed,
        "waiting": result.waiting,
        "ungraded": result.beyond,
        "max_score": result.max_score,
        "message": result.message,
        "items": [dict(_item(item, row)) for item in result.items],
    }
    return escape_unprintable(json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False)) + "\n"


def _item(item: ItemResult, row: Row) -> Iterator[tuple[str, Any]]:
    yield "id", item.id
    yield "title", item.title
    yield "status", item.status
    yield "score", item.confirmed
    yield "waiting", item.waiting
    yield "max_score", item.max_score
    mark = row.final.marks.get(item.id)
    if mark is not None:
        yield (
            "mark",
            {
                "points": mark.points,
                "of": mark.of or item.max_score,
                "lines": [{"text": line.text, "points": line.points} for line in mark.lines],
                "adjustment": mark.adjustment,
                "comment": mark.comment,
            },
        )
    most = {check.id: check.max_score for check in item.checks}
    those = [one for one in row.final.overrides.values() if one.check in most]
    if those:
        yield (
            "overrides",
            [
                {"check": one.check, "score": one.score, "max_score": most[one.check], "reason": one.reason}
                for one in those
            ],
        )
