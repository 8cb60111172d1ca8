"""The gradings of a submission, present and former: when each was made, what had changed, and the points of each item.

A grading that another one replaces under the same key, as with `grader grade --force`, is kept here as its document;
the evidence is that of the last one.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.result import Result

if TYPE_CHECKING:
    from grader.course.store import Store

_WORDS = {
    "submission": "the notebook",
    "files": "the helper files",
    "rubric": "the rubric",
    "reference": "the reference",
    "data": "the data",
    "grader": "the grader",
    "environment": "the installed packages",
}


@dataclass(frozen=True)
class Grading:
    """One grading of a submission. `current` is the one that counts. `document` is the text of its result.json."""

    submission: str
    key: str
    graded_at: str
    document: str
    current: bool = False

    @property
    def result(self) -> Result:
        """The result. Raises StoreError if another version of grader wrote it."""
        from grader.course.store import read_document

        return read_document(self.document)


@dataclass(frozen=True)
class ItemChange:
    """The points of an item before and after, None where there was no such item."""

    item: str
    before: float | None
    after: float | None


@dataclass(frozen=True)
class Step:
    """A grading as one step of the history.

    `changed` says in words what differs from the grading before ('the rubric'); `items` are those whose points differ.
    `version` is the version of grader, '' if it is not known.
    """

    graded_at: str
    key: str
    current: bool
    score: float
    max_score: float
    status: str
    version: str = ""
    changed: tuple[str, ...] = ()
    items: tuple[ItemChange, ...] = ()
    first: bool = False


def steps(gradings: Iterable[Grading]) -> tuple[Step, ...]:
    """Return the history that gradings tell, the newest first. Those of another version of grader are left out."""
    from grader.course.store import StoreError

    found: list[Step] = []
    before: Result | None = None
    for grading in sorted(gradings, key=lambda one: (one.graded_at, one.key)):
        try:
            result = grading.result
        except StoreError:
            continue
        found.append(
            Step(
                grading.graded_at,
                grading.key,
                grading.current,
                result.score,
                result.max_score,
                result.status,
                _version(result),
                what_changed(before, result) if before is not None else (),
                item_changes(before, result) if before is not None else (),
                before is None,
            )
        )
        before = result
    return tuple(reversed(found))


def what_changed(before: Result, after: Result) -> tuple[str, ...]:
    """Return in words what two gradings rest on and is not the same: the notebook, the rubric, the grader, the device.

    >>> from grader.result import Submitted
    >>> one = Result("a", Submitted("a.ipynb", "1"), 0, 5, "graded", digests=Digests("1", "r", grader="g"))
    >>> other = Result("a", Submitted("a.ipynb", "1"), 0, 5, "graded", digests=Digests("1", "s", grader="g"))
    >>> what_changed(one, other)
    ('the rubric',)
    """
    old, new = before.digests, after.digests
    found = [words for name, words in _WORDS.items() if getattr(old, name) != getattr(new, name)]
    if before.environment.get("device") != after.environment.get("device"):
        found.append("the device")
    return tuple(found)


def item_changes(before: Result, after: Result) -> tuple[ItemChange, ...]:
    """Return the items whose points differ, in the order of the later result."""
    old = {item.id: item.score for item in before.items}
    new = {item.id: item.score for item in after.items}
    names = [*new, *(name for name in old if name not in new)]
    return tuple(ItemChange(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name))


def _version(result: Result) -> str:
    found = result.environment.get("grader")
    return found if isinstance(found, str) else ""


# --- the store -------------------------------------------------------------------------------------------------------


def gradings(store: Store, submission: str) -> tuple[Grading, ...]:
    """Return all gradings of a submission that the store still knows, the newest first. Raises StoreError."""
    query = (
        "SELECT g.key, g.graded_at, g.document, r.document, s.key IS NOT NULL FROM gradings g "
        "LEFT JOIN results r ON r.key = g.key AND r.graded_at = g.graded_at "
        "LEFT JOIN submissions s ON s.name = g.submission AND s.key = g.key AND r.key IS NOT NULL "
        "WHERE g.submission = ? ORDER BY g.graded_at DESC, g.key"
    )
    found = store.query(query, (submission,))
    return tuple(
        Grading(submission, key, at, zlib.decompress(own).decode() if own else str(document), bool(current))
        for key, at, own, document, current in found
        if own or document
    )


def enter(db: sqlite3.Connection, submission: str, key: str) -> None:
    """Note that the grading under `key` is the submission's now, within the caller's transaction."""
    db.execute(
        "INSERT OR IGNORE INTO gradings (submission, key, graded_at) SELECT ?, key, graded_at FROM results "
        "WHERE key = ?",
        (submission, key),
    )


def keep_replaced(db: sqlite3.Connection, key: str, graded_at: str) -> None:
    """Keep the document of the grading that another one, of the time `graded_at`, is about to replace under `key`."""
    query = "SELECT graded_at, document FROM results WHERE key = ? AND graded_at != ?"
    row = db.execute(query, (key, graded_at)).fetchone()
    if row is not None:
        old, document = row
        db.execute(
            "UPDATE gradings SET document = ? WHERE key = ? AND graded_at = ? AND document IS NULL",
            (_packed(document), key, old),
        )


def merge_history(source: Store, target: Store) -> None:
    """Add the gradings of one store to those of another, which has its results already. Raises StoreError."""
    for (name,) in source.query("SELECT DISTINCT submission FROM gradings"):
        found = gradings(source, name)
        with target.transaction() as db:
            for one in found:
                there = db.execute("SELECT 1 FROM results WHERE key = ? AND graded_at = ?", (one.key, one.graded_at))
                document = None if there.fetchone() else _packed(one.document)
                db.execute(
                    "INSERT OR IGNORE INTO gradings (submission, key, graded_at, document) VALUES (?, ?, ?, ?)",
                    (name, one.key, one.graded_at, document),
                )


def _packed(document: str) -> bytes:
    return zlib.compress(document.encode("utf-8", "replace"), 6)
