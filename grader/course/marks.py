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
    by: str,
    lines: Sequence[int] = (),
) -> str:
    """Store a mark and return a sentence on its effect; `points` come beside those of the `lines`. Raises MarkError."""
    row = find_row(store, submission)
    with changing(store, by) as change:
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
    return (
        f"{row.entry.name}, {item}: {number(mark.worth(most))} {what}; the item has {number(now.confirmed)} of "
        f"{number(now.max_score)}, {_now(store, row.entry.name)}"
    )


def unmark_item(store: Store, submission: str, item: str, by: str) -> str:
    """Remove a mark and return a sentence on what counts now. Raises MarkError if there is none."""
    name = find_row(store, submission).entry.name
    with changing(store, by) as change:
        change.unmark(name, item)
    return f"{name}, {item}: mark removed; the machine's points count again"


class Finder:
    """Finds rows by the submission's name, else by the ID or name of the only student who has it; reads them once."""

    def __init__(self, store: Store) -> None:
        self._named: dict[str, list[Row]] = {}
        self._known: dict[str, list[Row]] = {}
        for row in store.rows():
            self._named.setdefault(row.entry.name.casefold(), []).append(row)
            for label in {row.entry.student_id.casefold(), row.entry.student_name.casefold()} - {""}:
                self._known.setdefault(label, []).append(row)

    def __call__(self, submission: str) -> Row:
        """Return the row. Raises MarkError."""
        for found in (self._named.get(submission.casefold(), []), self._known.get(submission.casefold(), [])):
            if len(found) == 1:
                return found[0]
            if found:
                raise MarkError(
                    f"{len(found)} submissions are called {submission!r}; give the name of the result folder"
                )
        raise MarkError(f"there is no submission {submission!r}; `grader results` lists them")


def find_row(store: Store, submission: str) -> Row:
    """Return the row with this name; otherwise the row of the only student with this ID or name. Raises MarkError."""
    return Finder(store)(submission)


def override_check(store: Store, submission: str, check: str, score: float, reason: str, by: str) -> str:
    """Override the verdict on a check and return a sentence on the effect. Raises MarkError."""
    name = find_row(store, submission).entry.name
    with changing(store, by) as change:
        change.override(name, check, score, reason)
    return f"{name}, {check}: {number(score)} points by a person; {_now(store, name)}"


def remove_override(store: Store, submission: str, check: str, by: str) -> str:
    """Remove an override and return a sentence on what counts now. Raises MarkError."""
    name = find_row(store, submission).entry.name
    with changing(store, by) as change:
        change.remove_override(name, check)
    return f"{name}, {check}: the machine's verdict counts again; {_now(store, name)}"


def _now(store: Store, name: str) -> str:
    row = store.row(name)
    assert row is not None
    whole = row.final.standing
    waits = f" + {number(whole.waiting)} waiting" if whole.waiting else ""
    return f"the submission has {number(whole.confirmed)} of {number(whole.max_score)}{waits}"


def told_if_released(store: Store, name: str) -> str:
    """Return a sentence if the student sees other points than those that count now, else ''."""
    row = store.row(name)
    if row is None or row.release_state != "changed":
        return ""
    return f"{name} was released before: the student sees this after `grader release` only"
