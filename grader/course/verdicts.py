"""The verdicts of all checks of a class from one table, so that no page has to read the results of all submissions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from grader.course.records import COLUMNS, Verdict, message_in, store_verdicts, verdict_in
from grader.course.store import Store
from grader.reports.class_summary import kind_of_fault

_FILLED = "verdicts"  # the fact that says that gradings of earlier versions are in the table too


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
    names = dict(store.query("SELECT key, name FROM submissions"))
    found: dict[str, list[Verdict]] = {name: [] for name in sorted(names.values())}
    for key, *values in _read(store, checks):
        if key in names:  # of other keys are former gradings
            found[names[key]].append(verdict_in(values))
    return {name: tuple(those) for name, those in found.items() if those}


def _read(store: Store, checks: Collection[str] | None) -> Iterator[Sequence[Any]]:
    query = f"SELECT key, {COLUMNS} FROM verdicts"
    if checks is None:
        yield from store.query(f"{query} ORDER BY rowid")
        return
    for check in sorted(checks):
        yield from store.query(f"{query} WHERE check_id = ?", (check,))


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


def cause(message: str) -> str:
    """Return a message without names and numbers: all of it, since what comes after the first clause says why.

    >>> cause("no training was seen; line 3 of the cell under 'Question 4' ended with NameError: no name 'x'")
    'no training was seen; line … of the cell under … ended with NameError: no name …'
    """
    return "; ".join(map(kind_of_fault, message.split("; ")))


def causes(store: Store, check: str, names: Collection[str]) -> dict[str, str]:
    """Return the `cause` of the present verdict on a check, for each of these submissions. Raises StoreError."""
    query = "SELECT s.name, r.document FROM submissions s JOIN results r ON r.key = s.key WHERE s.name = ?"
    found = (row for name in names for row in store.query(query, (name,)))
    return {name: cause(message_in(document, check)) for name, document in found}


def of_submission(store: Store, name: str) -> tuple[Verdict, ...]:
    """Return the verdicts of one submission, in the order of its result. Raises StoreError."""
    fill(store)
    columns = ", ".join(f"v.{column}" for column in COLUMNS.split(", "))
    query = f"SELECT {columns} FROM submissions s JOIN verdicts v ON v.key = s.key WHERE s.name = ? ORDER BY v.rowid"
    return tuple(verdict_in(values) for values in store.query(query, (name,)))
