"""Mark an item of a submission by hand: `grader mark`."""

from __future__ import annotations

import math

from grader.course.scores import Mark, limit, with_marks
from grader.course.store import Row, Store
from grader.errors import GraderError
from grader.formatting import number


class MarkError(GraderError):
    """The mark cannot be given; the message is one sentence."""


def mark_item(store: Store, submission: str, item: str, points: float, comment: str) -> str:
    """Store the mark and return a sentence on its effect. Raises MarkError."""
    row = _row(store, submission)
    machine = row.machine.item(item)
    if machine is None:
        there = ", ".join(one.id for one in row.machine.items) or "none, because it could not be graded"
        raise MarkError(f"{submission} has no item {item!r}; there are {there}")
    most = limit(machine)
    if not (math.isfinite(points) and 0 <= points <= most):
        raise MarkError(f"{item} takes marks from 0 to {number(most)}, not {number(points)}")
    mark = Mark(item, points, comment, row.entry.sha256)
    store.mark(row.entry.name, mark)
    after = with_marks(row.machine, {**row.final.marks, item: mark}, row.entry.sha256).standing
    now = after.item(item)
    assert now is not None
    what = (
        f"of the {number(most)} points that waited"
        if machine.open
        else f"instead of the machine's {number(machine.score)}"
    )
    return (
        f"{row.entry.name}, {item}: {number(points)} {what}; the item has {number(now.score)} of "
        f"{number(now.max_score)}, the submission {number(after.score)} of {number(after.max_score)}"
    )


def unmark_item(store: Store, submission: str, item: str) -> str:
    """Remove a mark and return a sentence on what counts now. Raises MarkError if there is none."""
    name = _row(store, submission).entry.name
    if not store.unmark(name, item):
        raise MarkError(f"{name} has no mark for {item!r}; `grader results` shows the marks")
    return f"{name}, {item}: mark removed; the machine's points count again"


def _row(store: Store, submission: str) -> Row:
    """Return the row with this name; otherwise the row of the only student with this ID or name. Raises MarkError."""
    rows = list(store.rows())
    wanted = submission.casefold()
    named = [row for row in rows if row.entry.name.casefold() == wanted]
    known = [row for row in rows if wanted in (row.entry.student_id.casefold(), row.entry.student_name.casefold())]
    for found in (named, known if wanted else []):
        if len(found) == 1:
            return found[0]
        if found:
            raise MarkError(f"{len(found)} submissions are called {submission!r}; give the name of the result folder")
    raise MarkError(f"there is no submission {submission!r}; `grader results` lists them")
