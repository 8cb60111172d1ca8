"""Appeals: a student disputes a verdict with a sentence, and a person accepts or rejects that."""

from __future__ import annotations

import getpass
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from grader.course import verdicts
from grader.course.records import Verdict
from grader.course.store import Store, now
from grader.course.stored import named
from grader.errors import GraderError

Status = Literal["open", "accepted", "rejected"]
LONGEST = 4_000  # characters of an appeal, or of a decision
_COLUMNS = "id, submission, check_id, text, filed_at, filed_by, status, decision, decided_at, decided_by"


class AppealError(GraderError):
    """The appeal cannot be stored or decided; the message is one sentence."""


@dataclass(frozen=True)
class Appeal:
    """A student's objection to a verdict. `check` is the id of a check, or of an item if that has several in question.

    `filed_by` is who entered it, and `decided_by` who decided it.
    """

    id: int
    submission: str
    check: str
    text: str
    filed_at: str
    filed_by: str
    status: Status = "open"
    decision: str = ""
    decided_at: str = ""
    decided_by: str = ""


def file_appeal(store: Store, submission: str, check: str, text: str, by: str = "") -> tuple[Appeal, bool]:
    """Store an appeal and return it, and whether it is new: the same one, filed again, is stored once.

    `check` is the id of a check or of an item. Raises AppealError, MarkError if there is no such submission, and
    StoreError.
    """
    name, _ = named(store, submission)
    said = _text(text, "the appeal")
    checked = _disputed(name, verdicts.of_submission(store, name), check)
    with store.transaction() as db:
        query = f"SELECT {_COLUMNS} FROM appeals WHERE submission = ? AND check_id = ? AND text = ?"
        known = db.execute(query, (name, checked, said)).fetchone()
        if known is not None:
            return Appeal(*known), False
        added = db.execute(
            "INSERT INTO appeals (submission, check_id, text, filed_at, filed_by, status, decision, decided_at, "
            "decided_by) VALUES (?, ?, ?, ?, ?, 'open', '', '', '')",
            (name, checked, said, now(), by or person()),
        )
        return _one(db, int(added.lastrowid or 0)), True


def all_appeals(store: Store, status: Status | None = None) -> tuple[Appeal, ...]:
    """Return the appeals, open ones first, each group in the order in which they were filed. Raises StoreError."""
    order = "ORDER BY status != 'open', id"
    if status is None:
        return tuple(Appeal(*row) for row in store.query(f"SELECT {_COLUMNS} FROM appeals {order}"))
    found = store.query(f"SELECT {_COLUMNS} FROM appeals WHERE status = ? {order}", (status,))
    return tuple(Appeal(*row) for row in found)


def of_submission(store: Store, submission: str) -> tuple[Appeal, ...]:
    """Return the appeals of a submission, in the order in which they were filed. Raises StoreError."""
    found = store.query(f"SELECT {_COLUMNS} FROM appeals WHERE submission = ? ORDER BY id", (submission,))
    return tuple(Appeal(*row) for row in found)


def appeal(store: Store, number: int) -> Appeal:
    """Return the appeal of this number. Raises AppealError if there is none."""
    found = store.query(f"SELECT {_COLUMNS} FROM appeals WHERE id = ?", (number,))
    if not found:
        raise AppealError(f"there is no appeal {number}; `grader appeal OUT` lists them")
    return Appeal(*found[0])


def in_question(one: Appeal, known: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Return the verdicts that an appeal disputes, of those of its submission: of an item the checks that lost points.

    All checks of the item if none of them lost any.
    """
    check = tuple(verdict for verdict in known if verdict.check == one.check)
    if check:
        return check
    of_item = tuple(verdict for verdict in known if verdict.item == one.check)
    return tuple(verdict for verdict in of_item if _loses(verdict)) or of_item


def alike(store: Store, one: Appeal) -> dict[str, tuple[str, ...]]:
    """Return, by check in question, the other submissions that lost points in it for the same reason.

    The whole message must be the same but for names and numbers. Raises StoreError.
    """
    return {check: same for check, (same, _) in others(store, one).items()}


def others(store: Store, one: Appeal) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return, by check in question, those who are `alike`, and those whose message only begins like that in question.

    Nothing should be decided for the latter without a look: 'no training was seen' is true of many faults. Raises
    StoreError.
    """
    found = {}
    for verdict in in_question(one, verdicts.of_submission(store, one.submission)):
        names = verdicts.alike(store, verdict.check, verdict.kind) if verdict.kind else ()
        causes = verdicts.causes(store, verdict.check, {one.submission, *names}) if len(names) > 1 else {}
        same = tuple(name for name in names if causes.get(name) == causes.get(one.submission))
        rest = tuple(name for name in names if name not in set(same))
        found[verdict.check] = tuple(name for name in same if name != one.submission), rest
    return found


def person() -> str:
    """Return the name of the person who runs this process, for the records."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"


def _one(db: sqlite3.Connection, number: int) -> Appeal:
    return Appeal(*db.execute(f"SELECT {_COLUMNS} FROM appeals WHERE id = ?", (number,)).fetchone())


def _text(text: str, what: str) -> str:
    said = text.encode("utf-8", "replace").decode().strip()
    if not said:
        raise AppealError(f"{what} is empty; say in a sentence why")
    if len(said) > LONGEST:
        raise AppealError(f"{what} has {len(said):,} characters; {LONGEST:,} are the most")
    return said


def _disputed(name: str, known: Sequence[Verdict], check: str) -> str:
    """Return the id of the check, or of the item if several of its checks may be meant. Raises AppealError."""
    wanted = check.strip().casefold()
    for verdict in known:
        if verdict.check.casefold() == wanted:
            return verdict.check
    of_item = [verdict for verdict in known if verdict.item.casefold() == wanted]
    if not of_item:
        items = ", ".join(dict.fromkeys(verdict.item for verdict in known))
        there = f"the items are {items}" if items else "it could not be graded, so it has none"
        raise AppealError(f"{name} has no check or item '{check}'; {there}")
    lost = [verdict for verdict in of_item if _loses(verdict)] or of_item
    return lost[0].check if len(lost) == 1 else lost[0].item


def _loses(verdict: Verdict) -> bool:
    return verdict.status in ("fail", "partial", "skipped")
