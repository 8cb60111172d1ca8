"""The class with its marks: a table for the terminal, and exports as CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.course.csv_text import csv_text
from grader.course.summary_csv import item_points
from grader.files import escape_unprintable, write_atomically
from grader.formatting import number, one_line
from grader.language import said, tr

if TYPE_CHECKING:
    from rich.table import Table

    from grader.course.store import Row

CLASS_TABLE = "class.csv"  # in the folder of results
COLUMNS = (
    "submission",
    "student_id",
    "student",
    "submitted_at",
    "late",
    "status",
    "score",
    "max_score",
    "machine_score",
)
LAST_COLUMNS = ("provisional", "ungraded", "marked", "superseded", "message")
_LATE = {True: "yes", False: "no", None: ""}


@dataclass(frozen=True)
class Filter:
    """Selects rows. `below` is compared with the points, or with the percentage of the gradable points."""

    status: str | None = None
    item: str | None = None
    below: float | None = None
    percent: bool = False

    def wants(self, row: Row) -> bool:
        """Return whether the row is selected; with `item`, its points are compared instead of the total."""
        final = row.final.standing
        if self.status is not None and final.status != self.status:
            return False
        if self.below is None:
            return True
        score, most = final.score, final.max_score - final.ungraded
        if self.item is not None:
            item = final.item(self.item)
            if item is None or item.status == "not_graded":
                return False
            score, most = item.score, item.max_score - item.ungraded
        elif final.status == "failed":
            return True
        return (100 * score / most if most else 0.0) < self.below if self.percent else score < self.below


def class_csv(rows: Iterable[Row], items: Sequence[str]) -> str:
    """Return CSV text with one row per submission and one column per item; the points include the marks."""
    table = [[*COLUMNS, *items, *LAST_COLUMNS]]
    for row in rows:
        entry, final = row.entry, row.final.standing
        who = [entry.name, entry.student_id, entry.student_name, entry.submitted_at, _LATE[entry.late], final.status]
        points = [number(value) for value in (final.score, final.max_score, row.machine.score)]
        rest = [
            number(final.provisional),
            number(final.ungraded),
            marked(row),
            ", ".join(entry.superseded),
            final.message,
        ]
        table.append([*who, *points, *(item_points(final, item) for item in items), *rest])
    return csv_text(table)


def class_json(rows: Iterable[Row]) -> str:
    """Return a JSON list with one object per submission, with all marks and their comments."""
    data = [_plain(row) for row in rows]
    return escape_unprintable(json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)) + "\n"


def _plain(row: Row) -> dict[str, object]:
    entry, final = row.entry, row.final.standing
    return {
        "submission": entry.name,
        "file": entry.file,
        "sha256": entry.sha256,
        "student_id": entry.student_id,
        "student": entry.student_name,
        "submitted_at": entry.submitted_at or None,
        "late": entry.late,
        "superseded": list(entry.superseded),
        "graded_at": row.graded_at,
        "status": final.status,
        "score": final.score,
        "max_score": final.max_score,
        "machine_score": row.machine.score,
        "provisional": final.provisional,
        "ungraded": final.ungraded,
        "message": final.message,
        "items": {item.id: None if item.status == "not_graded" else item.score for item in final.items},
        "marks": [
            {"item": m.item, "points": m.points, "comment": m.comment, "marked_at": m.marked_at, "counts": counts}
            for marks, counts in ((row.final.marks.values(), True), (row.final.stale, False))
            for m in marks
        ],
    }


def marked(row: Row) -> str:
    """Return the marks as one cell: 'q7: 4 (well argued); q3: 2 (for an earlier notebook, does not count)'."""
    said = [f"{m.item}: {number(m.points)}{f' ({m.comment})' if m.comment else ''}" for m in row.final.marks.values()]
    said += [f"{m.item}: {number(m.points)} (for an earlier notebook, does not count)" for m in row.final.stale]
    return "; ".join(said)


def class_table(rows: Iterable[Row], item: str | None = None) -> Table:
    """Return the rows as a table for the terminal; with `item`, add a column for its points."""
    from rich.table import Table
    from rich.text import Text

    known = list(rows)
    names, times = any(row.entry.student_name for row in known), any(row.entry.submitted_at for row in known)
    late, marks = any(row.entry.late for row in known), any(row.final.marks or row.final.stale for row in known)
    table = Table(box=None, pad_edge=False)
    headers = [tr("submission"), tr("student") if names else "", tr("submitted") if times else ""]
    headers += [tr("late") if late else "", tr("status"), tr("points"), item or "", tr("waiting")]
    headers += [tr("marked") if marks else ""]
    numbers = (tr("points"), tr("waiting"), item)
    for header in filter(None, headers):
        table.add_column(header, overflow="fold", justify="right" if header in numbers else "left")
    for row in known:
        entry, final = row.entry, row.final.standing
        cells = [entry.name, entry.student_name, entry.submitted_at[:16], tr("yes") if entry.late else ""]
        most = number(round(final.max_score - final.ungraded, 2))
        points = tr("{score} of {most}", score=number(final.score), most=most)
        cells += [final.status, points, item_points(final, item or "")]
        cells += [number(sum(one.open for one in final.items)), said(marked(row))]
        table.add_row(*(Text(one_line(cell)) for cell, header in zip(cells, headers, strict=True) if header))
    return table


def write_class(path: Path, rows: Iterable[Row], items: Sequence[str]) -> None:
    """Write the class as a CSV file, atomically."""
    write_atomically(path, class_csv(rows, items))
