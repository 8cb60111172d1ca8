"""The gradings of a submission, and what differs between two of them or between two submissions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from starlette.responses import Response

from grader.course import history
from grader.course.differences import Difference, difference
from grader.course.history import Grading
from grader.course.store import Row, StoreError
from grader.result import Result
from grader.review.called import row_called
from grader.review.visit import Refused, Visit, get

MOST_CELLS, MOST_LINES, MOST_WIDTH, MOST_CHARACTERS = 60, 300, 400, 120_000  # that are shown


def show(visit: Visit) -> Response:
    """List the gradings of a submission, the newest first."""
    row = visit.row()
    found = history.gradings(visit.store, row.entry.name)
    return visit.page(
        "review/history.html",
        f"Gradings of {visit.called(row.entry)}",
        row=row,
        steps=history.steps(found),
        mark=mark_of,
    )


def compare(visit: Visit) -> Response:
    """Show what differs between two gradings, or between this submission and another one."""
    row = visit.row()
    found = history.gradings(visit.store, row.entry.name)
    other = visit.text("other")
    if other:
        beside = row_called(visit, other)
        before, after = _current(visit, row), _current(visit, beside)
        labels = (visit.called(row.entry), visit.called(beside.entry))
    else:
        old, new = (_chosen(found, visit.text(name), name) for name in ("before", "after"))
        before, after = _result(visit, old), _result(visit, new)
        labels = (f"graded {moment(old.graded_at)}", f"graded {moment(new.graded_at)}")
    return visit.page(
        "review/difference.html",
        f"Difference: {labels[0]} and {labels[1]}",
        row=row,
        labels=labels,
        found=_bounded(whole := difference(before, after)),
        more=0 if whole.cells is None else max(0, len(whole.cells) - MOST_CELLS),
        other_points=[one for one in whole.checks if not one.same_points],
        other_words=[one for one in whole.checks if one.same_points],
        two_students=bool(other),
    )


def mark_of(step: history.Step | Grading) -> str:
    """Return the word that stands for a grading in addresses."""
    return hashlib.sha256(f"{step.key} {step.graded_at}".encode()).hexdigest()[:16]


def moment(time: str) -> str:
    """Return an ISO time as people read it, in minutes."""
    return f"{time[:10]} {time[11:16]}".strip()


def _chosen(found: Sequence[Grading], wanted: str, which: str) -> Grading:
    """Return the grading that is asked for; by default the current one, and before it the one that it replaced."""
    if wanted:
        for one in found:
            if mark_of(one) == wanted:
                return one
        raise Refused(404, "There is no such grading of this submission.")
    current = next((place for place, one in enumerate(found) if one.current), 0)
    place = current if which == "after" else min(current + 1, len(found) - 1)
    if not found:
        raise Refused(404, "No grading of this submission is stored.")
    return found[place]


def _result(visit: Visit, grading: Grading) -> Result:
    try:
        return grading.result.with_evidence(visit.store.evidence(grading.key))
    except StoreError as error:
        raise Refused(409, f"{error}.") from None


def _current(visit: Visit, row: Row) -> Result:
    found = history.gradings(visit.store, row.entry.name)
    current = next((one for one in found if one.current), None)
    if current is None:
        raise Refused(404, f"{visit.called(row.entry)} has no grading.")
    return _result(visit, current)


def _bounded(found: Difference) -> Difference:
    """Return the difference as a page can show it: a bounded number of cells, of their lines, and of characters."""
    if found.cells is None:
        return found
    cells, left = [], MOST_CHARACTERS
    for cell in found.cells[:MOST_CELLS]:
        lines = []
        for line in cell.lines[:MOST_LINES]:
            lines.append(replace(line, text=line.text[:MOST_WIDTH]))
            left -= len(lines[-1].text) + 80
        cells.append(replace(cell, lines=tuple(lines)))
        if left < 0:
            break
    return replace(found, cells=tuple(cells))


routes = [get("/submissions/{submission}/history", show), get("/submissions/{submission}/difference", compare)]
