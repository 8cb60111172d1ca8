"""The verdicts of all checks of a class in one table, so that no page has to read the results of all submissions."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from grader.reports.class_summary import kind_of_fault

if TYPE_CHECKING:
    from grader.course.store import Store

LOST = ("fail", "partial")
_FILLED = "verdicts"  # the fact that says that gradings of earlier versions are in the table too
_COLUMNS = "check_id, item, status, score, max_score, waits, kind"


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
        f"INSERT OR REPLACE INTO verdicts (key, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (key, one.check, one.item, one.status, one.score, one.max_score, one.waits, one.kind)
            for one in verdicts_in(document)
        ],
    )


def fill(store: Store) -> None:
    """Store the verdicts of gradings that an earlier version of grader stored. This is done once."""
    if store.query("SELECT 1 FROM facts WHERE name = ?", (_FILLED,)):
        return
    with store.transaction() as db:
        missing = db.execute("SELECT key FROM results WHERE key NOT IN (SELECT key FROM verdicts)").fetchall()
        for (key,) in missing:
            (document,) = db.execute("SELECT document FROM results WHERE key = ?", (key,)).fetchone()
            store_verdicts(db, key, document)
        db.execute("INSERT OR REPLACE INTO facts VALUES (?, 'all')", (_FILLED,))


def of_class(store: Store, checks: Collection[str] | None = None) -> dict[str, tuple[Verdict, ...]]:
    """Return the verdicts of a class, all or those of some checks, by the submission's name. Raises StoreError."""
    fill(store)
    found: dict[str, list[Verdict]] = {}
    for name, *values in _read(store, checks):
        found.setdefault(name, []).append(_of_row(values))
    return {name: tuple(those) for name, those in found.items()}


def _read(store: Store, checks: Collection[str] | None) -> Iterator[Sequence[Any]]:
    columns = ", ".join(f"v.{name}" for name in _COLUMNS.split(", "))
    query = f"SELECT s.name, {columns} FROM submissions s JOIN verdicts v ON v.key = s.key"
    if checks is None:
        yield from store.query(f"{query} ORDER BY s.name, v.rowid")
        return
    for check in sorted(checks):
        yield from store.query(f"{query} WHERE v.check_id = ? ORDER BY s.name", (check,))


def checks_of_class(store: Store) -> dict[str, tuple[str, ...]]:
    """Return the ids of all checks of a class by item, in the order of the results. Raises StoreError."""
    fill(store)
    found: dict[str, list[str]] = {}
    for item, check in store.query("SELECT item, check_id FROM verdicts GROUP BY check_id ORDER BY min(rowid)"):
        found.setdefault(item, []).append(check)
    return {item: tuple(checks) for item, checks in found.items()}


def alike(store: Store, check: str, kind: str) -> tuple[str, ...]:
    """Return the names of the submissions that lost points in this check for this kind of reason, sorted.

    Raises StoreError.
    """
    fill(store)
    query = (
        "SELECT s.name FROM verdicts v JOIN submissions s ON s.key = v.key "
        "WHERE v.check_id = ? AND v.kind = ? AND v.kind != '' ORDER BY s.name"
    )
    return tuple(name for (name,) in store.query(query, (check, kind)))


def of_submission(store: Store, name: str) -> tuple[Verdict, ...]:
    """Return the verdicts of one submission, in the order of its result. Raises StoreError."""
    fill(store)
    columns = ", ".join(f"v.{column}" for column in _COLUMNS.split(", "))
    query = f"SELECT {columns} FROM submissions s JOIN verdicts v ON v.key = s.key WHERE s.name = ? ORDER BY v.rowid"
    return tuple(_of_row(values) for values in store.query(query, (name,)))


def _of_row(values: Sequence[Any]) -> Verdict:
    check, item, status, score, max_score, waits, kind = values
    return Verdict(check, item, status, float(score), float(max_score), bool(waits), kind)
