"""The class with its marks: a table for the terminal, and exports as CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.course.csv_text import csv_text
from grader.course.decisions import lines_in_words
from grader.course.summary_csv import is_undecided, item_points
from grader.files import escape_unprintable, write_atomically
from grader.formatting import number, one_line
from grader.language import said, tr

if TYPE_CHECKING:
    from rich.table import Table

    from grader.course.decisions import Mark
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
    "waiting",
    "machine_score",
)
LAST_COLUMNS = ("provisional", "ungraded", "marked", "overridden", "released", "superseded", "message")
_RELEASED = {"": "no", "released": "yes", "changed": "changed since", "earlier": "for an earlier notebook"}
_LATE = {True: "yes", False: "no", None: ""}


@dataclass(frozen=True)
class Filter:
    """Selects rows. `below` is compared with the confirmed points, or with the percentage of the decided points."""

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
        score, most = final.confirmed, final.decided
        if self.item is not None:
            item = final.item(self.item)
            if item is None or is_undecided(item):
                return False
            score, most = item.confirmed, item.max_score - item.ungraded - item.open
        elif final.status == "failed":
            return True
        return (100 * score / most if most else 0.0) < self.below if self.percent else score < self.below


def class_csv(rows: Iterable[Row], items: Sequence[str]) -> str:
    """Return CSV text with one row per submission and one column per item; the points include the marks."""
    table = [[*COLUMNS, *items, *LAST_COLUMNS]]
    for row in rows:
        entry, final = row.entry, row.final.standing
        who = [entry.name, entry.student_id, entry.student_name, entry.submitted_at, _LATE[entry.late], final.status]
        points = [number(value) for value in (final.confirmed, final.max_score, final.waiting, row.machine.confirmed)]
        rest = [
            number(final.provisional),
            number(final.beyond),
            marked(row),
            overridden(row),
            _RELEASED[row.release_state],
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
        "score": final.confirmed,
        "max_score": final.max_score,
        "waiting": final.waiting,
        "machine_score": row.machine.confirmed,
        "provisional": final.provisional,
        "ungraded": final.beyond,
        "message": final.message,
        "points": dict(row.final.points),
        "released": row.release_state or None,
        "released_at": row.release.at if row.release else None,
        "items": {item.id: None if is_undecided(item) else item.confirmed for item in final.items},
        "marks": [
            {
                "item": m.item,
                "points": m.points,
                "lines": [{"text": line.text, "points": line.points} for line in m.lines],
                "adjustment": m.adjustment,
                "comment": m.comment,
                "by": m.by,
                "marked_at": m.marked_at,
                "counts": counts,
            }
            for marks, counts in ((row.final.marks.values(), True), (row.final.stale, False))
            for m in marks
        ],
        "overrides": [
            {"check": o.check, "score": o.score, "reason": o.reason, "by": o.by, "at": o.at, "counts": counts}
            for those, counts in ((row.final.overrides.values(), True), (row.final.stale_overrides, False))
            for o in those
        ],
    }


def marked(row: Row) -> str:
    """Return the marks as one cell: 'q7: 4 (well argued); q3: 2 (for an earlier notebook, does not count)'."""
    said = [f"{m.item}: {number(m.points)}{_reasons(m)}" for m in row.final.marks.values()]
    said += [f"{m.item}: {number(m.points)} (for an earlier notebook, does not count)" for m in row.final.stale]
    return "; ".join(said)


def _reasons(mark: Mark) -> str:
    words = ". ".join(filter(None, (lines_in_words(mark.lines), mark.comment)))
    return f" ({words})" if words else ""


def overridden(row: Row) -> str:
    """Return the overridden verdicts as one cell: 'q5.losses: 2 (the figure is right)'."""
    said = [f"{one.check}: {number(one.score)} ({one.reason})" for one in row.final.overrides.values()]
    said += [
        f"{one.check}: {number(one.score)} (for an earlier notebook, does not count)"
        for one in row.final.stale_overrides
    ]
    return "; ".join(said)


def class_table(rows: Iterable[Row], item: str | None = None) -> Table:
    """Return the rows as a table for the terminal; with `item`, add a column for its points."""
    from rich.table import Table
    from rich.text import Text

    known = list(rows)
    names, times = any(row.entry.student_name for row in known), any(row.entry.submitted_at for row in known)
    late, marks = any(row.entry.late for row in known), any(row.final.marks or row.final.stale for row in known)
    verdicts = any(row.final.overrides or row.final.stale_overrides for row in known)
    released = any(row.release for row in known)
    table = Table(box=None, pad_edge=False)
    headers = [tr("submission"), tr("student") if names else "", tr("submitted") if times else ""]
    headers += [tr("late") if late else "", tr("status"), tr("points"), item or "", tr("waiting")]
    headers += [tr("marked") if marks else "", tr("overridden") if verdicts else "", tr("released") if released else ""]
    numbers = (tr("points"), tr("waiting"), item)
    for header in filter(None, headers):
        table.add_column(header, overflow="fold", justify="right" if header in numbers else "left")
    for row in known:
        entry, final = row.entry, row.final.standing
        cells = [entry.name, entry.student_name, entry.submitted_at[:16], tr("yes") if entry.late else ""]
        most = number(round(final.max_score - final.beyond, 2))
        points = tr("{score} of {most}", score=number(final.confirmed), most=most)
        cells += [final.status, points, item_points(final, item or ""), number(final.waiting)]
        cells += [said(marked(row)), said(overridden(row)), said(_RELEASED[row.release_state])]
        table.add_row(*(Text(one_line(cell)) for cell, header in zip(cells, headers, strict=True) if header))
    return table


def write_class(path: Path, rows: Iterable[Row], items: Sequence[str]) -> None:
    """Write the class as a CSV file, atomically."""
    write_atomically(path, class_csv(rows, items))
