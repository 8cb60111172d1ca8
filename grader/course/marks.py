"""A person decides about an item of a submission: `grader results mark`."""

from __future__ import annotations

import math

from grader.course.scores import Mark, limit, with_marks
from grader.course.store import Row, Store
from grader.errors import GraderError
from grader.formatting import number


class MarkError(GraderError):
    """The mark cannot be given; the message is one sentence."""


def mark_item(store: Store, submission: str, item: str, points: float, comment: str) -> str:
    """Keep the mark; a sentence on what it does. Raises MarkError."""
    row = _row(store, submission)
    machine = row.machine.item(item)
    if machine is None:
        there = ", ".join(one.id for one in row.machine.items) or "none, since it could not be graded"
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
        f"{row.entry.name}, {item}: {number(points)} {what}; the item has {number(now.score)} of {number(now.max_score)}, "
        f"the submission {number(after.score)} of {number(after.max_score)}"
    )


def unmark_item(store: Store, submission: str, item: str) -> str:
    """Take a mark back; a sentence on what counts now. Raises MarkError when there was none."""
    name = _row(store, submission).entry.name
    if not store.unmark(name, item):
        raise MarkError(f"{name} has no mark for {item!r}")
    return f"{name}, {item}: the mark is taken back; what the machine gave counts"


def _row(store: Store, submission: str) -> Row:
    """The row of this name, or of the student with this number or name where only one has it."""
    rows = list(store.rows())
    wanted = submission.casefold()
    named = [row for row in rows if row.entry.name.casefold() == wanted]
    known = [row for row in rows if wanted in (row.entry.student_id.casefold(), row.entry.student_name.casefold())]
    for found in (named, known if wanted else []):
        if len(found) == 1:
            return found[0]
        if found:
            raise MarkError(f"{len(found)} submissions are called {submission!r}; give the name of the result's folder")
    raise MarkError(f"there is no submission {submission!r}; `grader results` lists them")
