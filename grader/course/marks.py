"""Say what a mark, an override or a release changes, and find the submission that a person means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from grader.course.changes import changing
from grader.course.decisions import MarkError
from grader.course.scores import limit
from grader.formatting import number

if TYPE_CHECKING:
    from grader.course.store import Row, Store


def mark_item(
    store: Store,
    submission: str,
    item: str,
    points: float,
    comment: str,
    by: str = "",
    lines: Sequence[int] = (),
) -> str:
    """Store a mark and return a sentence on its effect; `points` come beside those of the `lines`. Raises MarkError."""
    row = find_row(store, submission)
    with changing(store, by or "unknown") as change:
        mark = change.mark(row.entry.name, item, lines, points, comment)
    machine = row.machine.item(item)
    after = store.row(row.entry.name)
    assert machine is not None
    assert after is not None
    now = after.final.standing.item(item)
    assert now is not None
    most = limit(machine)
    what = (
        f"of the {number(most)} points that waited"
        if machine.open
        else f"instead of the machine's {number(machine.score)}"
    )
    whole = after.final.standing
    return (
        f"{row.entry.name}, {item}: {number(mark.worth(most))} {what}; the item has {number(now.confirmed)} of "
        f"{number(now.max_score)}, the submission {number(whole.confirmed)} of {number(whole.max_score)}"
        + (f" + {number(whole.waiting)} waiting" if whole.waiting else "")
    )


def unmark_item(store: Store, submission: str, item: str, by: str = "") -> str:
    """Remove a mark and return a sentence on what counts now. Raises MarkError if there is none."""
    name = find_row(store, submission).entry.name
    with changing(store, by or "unknown") as change:
        change.unmark(name, item)
    return f"{name}, {item}: mark removed; the machine's points count again"


def find_row(store: Store, submission: str) -> Row:
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
