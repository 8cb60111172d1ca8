"""The notes of the store beside each grading, in one transaction: the verdict of each check, and the history."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

from grader.reports.class_summary import kind_of_fault

Query: TypeAlias = Callable[[str, Sequence[object]], "list[tuple[Any, ...]]"]
"""`Store.query`."""
LOST = ("fail", "partial")
COLUMNS = "check_id, item, status, score, max_score, waits, kind"


@dataclass(frozen=True)
class Verdict:
    """The machine's verdict of one check; `waits` says that a person must look.

    `kind` is what the message has in common with those about the same fault, '' unless the check lost points.
    """

    check: str
    item: str
    status: str
    score: float
    max_score: float
    waits: bool = False
    kind: str = ""

    @property
    def lost(self) -> float:
        """The points that it cost; 0 for one that was skipped because of another."""
        return round(self.max_score - self.score, 2) if self.status in LOST else 0.0


class _Check(msgspec.Struct, frozen=True):
    id: str
    status: str
    score: float
    max_score: float
    message: str = ""
    evidence: tuple[str, ...] = ()


class _Item(msgspec.Struct, frozen=True):
    id: str
    checks: tuple[_Check, ...] = ()


class _Document(msgspec.Struct, frozen=True):
    items: tuple[_Item, ...] = ()


def message_in(document: str, check: str) -> str:
    """Return the message of a check in a result.json, '' if there is no such check or the text is none."""
    try:
        items = msgspec.json.decode(document.encode("utf-8", "replace"), type=_Document).items
    except msgspec.DecodeError:
        return ""
    return next((one.message for item in items for one in item.checks if one.id == check), "")


def verdicts_in(document: str) -> tuple[Verdict, ...]:
    """Return the verdicts in the text of a result.json, none if another version of grader wrote it."""
    try:
        read = msgspec.json.decode(document, type=_Document)
    except (msgspec.DecodeError, ValueError):
        return ()
    return tuple(_verdict(item.id, check) for item in read.items for check in item.checks)


def _verdict(item: str, check: _Check) -> Verdict:
    waits = check.status in ("review", "error") or bool(check.evidence)
    kind = kind_of_fault(check.message) if check.status in LOST else ""
    return Verdict(check.id, item, check.status, check.score, check.max_score, waits, kind)


def store_verdicts(db: sqlite3.Connection, key: str, document: str) -> None:
    """Store the verdicts of the grading under `key`, in the place of earlier ones, within the caller's transaction."""
    db.execute("DELETE FROM verdicts WHERE key = ?", (key,))
    db.executemany(
        f"INSERT OR REPLACE INTO verdicts (key, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (key, one.check, one.item, one.status, one.score, one.max_score, one.waits, one.kind)
            for one in verdicts_in(document)
        ],
    )


def verdicts_of(query: Query, names: Collection[str], key: str | None = None) -> dict[str, list[Verdict]]:
    """Return the verdicts on items by the key of the grading: of all gradings, or of the one under `key`.

    `names` are ids of items, or of checks, which stand for their items.
    """
    items = set(names)
    for name in names:
        items.update(item for (item,) in query("SELECT item FROM verdicts WHERE check_id = ? LIMIT 1", (name,)))
    found: dict[str, list[Verdict]] = {}
    for item in sorted(items):
        where, values = ("item = ?", (item,)) if key is None else ("item = ? AND key = ?", (item, key))
        for at, *verdict in query(f"SELECT key, {COLUMNS} FROM verdicts WHERE {where} ORDER BY rowid", values):
            found.setdefault(at, []).append(verdict_in(verdict))
    return found


def verdict_in(values: Sequence[Any]) -> Verdict:
    """Return the verdict in a row of the table, in the order of `COLUMNS`."""
    check, item, status, score, max_score, waits, kind = values
    return Verdict(check, item, status, float(score), float(max_score), bool(waits), kind)


def enter_grading(db: sqlite3.Connection, submission: str, key: str) -> None:
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
            (packed(document), key, old),
        )


def packed(document: str) -> bytes:
    """Return the text of a result.json as it is kept for a former grading."""
    return zlib.compress(document.encode("utf-8", "replace"), 6)
