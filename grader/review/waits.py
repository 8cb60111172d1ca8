"""The items of a class that wait for a person: found once for each grading, kept in the store and in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from grader.course.store import Store, StoreError, read_document
from grader.review.queue import Waiting, waiting
from grader.review.seen import seen

if TYPE_CHECKING:
    from grader.course.store import Row

__all__ = ["Waits", "waits_of"]

PATIENCE = 0.1  # seconds in which a page itself looks at gradings; a thread looks at the others
AT_ONCE = 20  # gradings in one transaction of the thread

Entries = tuple[Waiting, ...]


class Waits:
    """The items that wait, by grading. Any thread may use it, each with a store of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, tuple[str, Entries]] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def of(
        self, store: Store, rows: Sequence[Row], patience: float = PATIENCE
    ) -> tuple[list[tuple[Row, Waiting]], int]:
        """Return what waits of these rows, and how many gradings have yet to be looked at, which a thread does now."""
        missing = self._missing(rows)
        if missing:
            self._load(store)
            missing = self._missing(rows)
        until = time.monotonic() + patience
        while missing and time.monotonic() < until:
            self._look(store, [missing.pop()])
        if missing:
            self._start(missing)
        known = [(row, self._known.get(row.key)) for row in rows]
        return [(row, entry) for row, found in known if found for entry in found[1]], len(missing)

    def _missing(self, rows: Iterable[Row]) -> list[Row]:
        return [row for row in rows if row.key and self._known.get(row.key, ("",))[0] != row.graded_at]

    def _load(self, store: Store) -> None:
        found = {
            key: (graded_at, msgspec.json.decode(entries, type=Entries))
            for key, graded_at, entries in store.query("SELECT key, graded_at, entries FROM waits")
        }
        with self._lock:
            self._known |= found

    def _look(self, store: Store, rows: Sequence[Row]) -> None:
        """Look at gradings, and keep what was found."""
        found = {row.key: (row.graded_at, _entries(store, row)) for row in rows}
        values = [(key, at, msgspec.json.encode(entries).decode()) for key, (at, entries) in found.items()]
        with store.transaction() as db:
            db.executemany("INSERT OR REPLACE INTO waits (key, graded_at, entries) VALUES (?, ?, ?)", values)
        with self._lock:
            self._known |= found

    def _start(self, rows: Sequence[Row]) -> None:
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            self._thread = threading.Thread(target=self._work, args=(list(rows),), name="queue", daemon=True)
            self._thread.start()

    def _work(self, rows: list[Row]) -> None:
        try:
            with Store(self._folder, create=False) as store:
                for at in range(0, len(rows), AT_ONCE):
                    self._look(store, rows[at : at + AT_ONCE])
        except StoreError:  # the store is gone, or busy for long: the next page tries again
            return


def _entries(store: Store, row: Row) -> Entries:
    """Return what waits of a grading; of one that another version of grader stored, what its points say."""
    try:
        result = read_document(store.document(row.key))
    except StoreError:
        return tuple(Waiting(item.id, "unsure") for item in row.machine.items if item.open)
    return waiting(result, seen(store.evidence(row.key)))


@lru_cache(maxsize=8)
def waits_of(folder: Path) -> Waits:
    """Return what waits in the class of this folder; the same object each time."""
    return Waits(folder)
