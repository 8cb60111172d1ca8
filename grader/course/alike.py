"""The findings of `grader similar --keep` in a class, kept beside the store for the desk: `similar.sqlite`.

It is a file of its own because it can be made again at any time, and no mark rests on it.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import msgspec

from grader.course.store import Row, Store, now
from grader.similarity.compare import Compared, Comparison
from grader.similarity.shown import Shown, shown_pairs
from grader.similarity.work import Work

FILE = "similar.sqlite"  # in the folder of results
MOST_SHOWN = 500  # pairs that are kept side by side
_SCHEMA = (
    # One fact about the comparison: 'comparison' and 'notes' as JSON, 'made_at', and the `state_of` the class.
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB NOT NULL)",
    # One pair as it is shown, as JSON.
    "CREATE TABLE pairs (first TEXT, second TEXT, shown BLOB NOT NULL, PRIMARY KEY (first, second))",
)


@dataclass(frozen=True)
class Kept:
    """A comparison as it was kept; `state` tells of which class, see `state_of`.

    `shown` are the pairs that are kept side by side, each by its names.
    """

    comparison: Comparison
    notes: tuple[str, ...]
    made_at: str
    state: str
    shown: frozenset[tuple[str, str]]


def keep(folder: Path, compared: Compared, works: Sequence[Work], notes: Sequence[str]) -> None:
    """Keep a comparison of the class in a folder, in place of an earlier one. Raises OSError and StoreError."""
    with Store(folder, create=False) as store:
        state = state_of(store.rows())
    path = folder / f".{FILE}.{os.getpid()}"
    path.unlink(missing_ok=True)
    pairs = compared.comparison.pairs[:MOST_SHOWN]
    try:
        with closing(sqlite3.connect(path)) as db, db:
            for statement in _SCHEMA:
                db.execute(statement)
            facts = {
                "comparison": msgspec.json.encode(compared.comparison),
                "notes": msgspec.json.encode(list(notes)),
                "made_at": now(),
                "state": state,
            }
            db.executemany("INSERT INTO facts VALUES (?, ?)", facts.items())
            db.executemany(
                "INSERT INTO pairs VALUES (?, ?, ?)",
                (
                    (one.pair.first, one.pair.second, msgspec.json.encode(one))
                    for one in shown_pairs(compared, works, pairs)
                ),
            )
        os.replace(path, folder / FILE)
    finally:
        path.unlink(missing_ok=True)


def kept(folder: Path) -> Kept | None:
    """Return what was kept of the class in a folder; None without it, or if this version cannot read it."""
    try:
        stat = (folder / FILE).stat()
    except OSError:
        return None
    return _kept(folder, (stat.st_ino, stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=2)
def _kept(folder: Path, stamp: tuple[int, int, int]) -> Kept | None:
    """Read the file as it was at `stamp`."""
    try:
        with closing(_opened(folder)) as db:
            facts = dict(db.execute("SELECT name, value FROM facts"))
            shown = frozenset(db.execute("SELECT first, second FROM pairs"))
        return Kept(
            msgspec.json.decode(facts["comparison"], type=Comparison),
            msgspec.json.decode(facts["notes"], type=tuple[str, ...]),
            str(facts["made_at"]),
            str(facts["state"]),
            shown,
        )
    except (sqlite3.Error, KeyError, ValueError, TypeError):
        return None


def kept_pair(folder: Path, first: str, second: str) -> Shown | None:
    """Return a pair as it is shown; None if it is not kept."""
    try:
        with closing(_opened(folder)) as db:
            row = db.execute("SELECT shown FROM pairs WHERE first = ? AND second = ?", (first, second)).fetchone()
        return msgspec.json.decode(row[0], type=Shown) if row else None
    except (sqlite3.Error, ValueError, TypeError):
        return None


def state_of(rows: Iterable[Row]) -> str:
    """Return a digest of the notebooks of a class: another one if a comparison is out of date."""
    named = sorted((row.entry.name, row.entry.sha256) for row in rows)
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()


def _opened(folder: Path) -> sqlite3.Connection:
    """Open the file for reading. Raises sqlite3.Error if there is none."""
    return sqlite3.connect(f"{(folder / FILE).resolve().as_uri()}?mode=ro", uri=True)
