"""The state that all requests share: the folder of the class, its rows as they are now, and the sessions."""

from __future__ import annotations

import gc
import hashlib
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from anyio import CapacityLimiter

from grader.course.store import Row, Store
from grader.review.sessions import Session, Sessions

if TYPE_CHECKING:
    from starlette.requests import Request


T = TypeVar("T")


@dataclass(frozen=True)
class Link:
    """An entry of the navigation. `place` orders the entries; assistants see it only if it is `for_assistants`."""

    label: str
    address: str
    place: int
    for_assistants: bool = True


@dataclass
class Desk:
    """The state of the application. Any thread may use it."""

    folder: Path
    secure: bool = False
    sessions: Sessions = field(default_factory=Sessions)
    navigation: tuple[Link, ...] = ()
    further: tuple[tuple[str, str], ...] = ()
    assignment: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _store: Store | None = None
    _rows: tuple[int, list[Row]] | None = None
    _addresses: dict[str, str] = field(default_factory=dict)
    _gradings: int = 0
    _remembered: dict[Hashable, Any] = field(default_factory=dict)

    @property
    def cookie(self) -> str:
        """The name of the session's cookie; with TLS browsers take it from this server alone."""
        return "__Host-grader" if self.secure else "grader"

    @cached_property
    def password_checks(self) -> CapacityLimiter:
        """Checks two passwords at once: each takes 32 MiB, and strangers must not take the threads of pages."""
        return CapacityLimiter(2)

    def session_of(self, request: Request) -> Session | None:
        """Return the session of a request, or None."""
        token = request.cookies.get(self.cookie)
        return self.sessions.find(token) if token else None

    def rows(self) -> list[Row]:
        """Return the rows of the class as they are now, sorted by name; they are read again only after a change."""
        with self._lock:
            if self._store is None:
                self._store = Store(self.folder, create=False, shared=True)
            version = int(self._store.query("PRAGMA data_version")[0][0])
            if self._rows is None or self._rows[0] != version:
                self._rows = (version, list(self._store.rows()))
                # A full collection over a large class takes a quarter of a second, and some request would wait for it.
                gc.collect(1)
                gc.freeze()
                gradings = hash(tuple((row.key, row.graded_at) for row in self._rows[1]))
                if gradings != self._gradings:
                    self._gradings, self._remembered = gradings, {}
            return self._rows[1]

    def remembered(self, what: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` returned for the gradings that the class has now; see `Visit.remembered`."""
        self.rows()
        known = self._remembered
        if what not in known:
            known[what] = make()
        found: T = known[what]
        return found

    def address(self, submission: str) -> str:
        """Return the part of an address that stands for a submission: its name would say whose it is."""
        known = self._addresses.get(submission)
        if known is None:
            known = self._addresses[submission] = address_of(submission)
        return known

    def close(self) -> None:
        """Close the store."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None


def address_of(submission: str) -> str:
    """Return 16 hexadecimal digits that stand for a submission's name in addresses.

    >>> address_of("anna")
    '55579b557896d0ce'
    """
    return hashlib.sha256(submission.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def pseudonym(address: str) -> str:
    """Return what a submission is called while names are hidden.

    >>> pseudonym(address_of("anna"))
    'Submission 5557 9b55'
    """
    return f"Submission {address[:4]} {address[4:8]}"
