"""One-time links and sessions: who is at which browser, for how long. They live in memory and end with the server."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from grader.course.people import Person

IDLE_SECONDS = 8 * 3600.0  # a session that nobody used for so long ends
MOST_SECONDS = 24 * 3600.0  # and each after so long
LINK_SECONDS = 24 * 3600.0  # an unused link
MOST_SESSIONS = 1000
FAILURES, FAILURE_SECONDS = 5, 60.0  # wrong passwords for one name, until it has to wait for so long


@dataclass
class Session:
    """A person at a browser. `csrf` stands in each form; `messages` are shown once; `names` may be hidden."""

    person: Person
    csrf: str
    began: float
    used: float
    hide_names: bool = False
    messages: list[tuple[str, str]] = field(default_factory=list)

    def tell(self, message: str, kind: str = "done") -> None:
        """Show a sentence at the top of the next page; `kind` is 'done' or 'problem'."""
        self.messages.append((kind, message))

    def told(self) -> list[tuple[str, str]]:
        """Return the messages, and forget them."""
        messages, self.messages = self.messages, []
        return messages


class Sessions:
    """All sessions and links of a server; only digests of their secrets are kept. Any thread may use it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._links: dict[str, tuple[Person, float]] = {}
        self._sessions: dict[str, Session] = {}
        self._failures: dict[str, list[float]] = {}

    def link(self, person: Person) -> str:
        """Return the secret of a new link, with which the person may enter once."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._links[_digest(token)] = (person, self._clock() + LINK_SECONDS)
        return token

    def enter(self, token: str) -> str | None:
        """Use up a link; return the secret of a new session, or None if the link is none, used or too old."""
        with self._lock:
            person, until = self._links.pop(_digest(token), (None, 0.0))
        return self.start(person) if person is not None and until > self._clock() else None

    def start(self, person: Person) -> str:
        """Start a session; return its secret."""
        token, now = secrets.token_urlsafe(32), self._clock()
        with self._lock:
            self._forget(now)
            self._sessions[_digest(token)] = Session(person, secrets.token_urlsafe(32), now, now)
        return token

    def find(self, token: str) -> Session | None:
        """Return the session with this secret, and note that it was used; None if there is none any more."""
        now = self._clock()
        with self._lock:
            session = self._sessions.get(_digest(token))
            if session is None or _over(session, now):
                return None
            session.used = now
            return session

    def end(self, token: str) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(_digest(token), None)

    def end_all_of(self, name: str) -> None:
        """End all sessions of a person and forget the links for them."""
        with self._lock:
            self._sessions = {key: one for key, one in self._sessions.items() if one.person.name != name}
            self._links = {key: one for key, one in self._links.items() if one[0].name != name}

    def may_try(self, name: str) -> bool:
        """Return whether a password may be tried for this name now; each call counts as a try that failed."""
        name, now = _digest(name), self._clock()  # a name may have megabytes
        with self._lock:
            tries = [one for one in self._failures.get(name, ()) if now - one < FAILURE_SECONDS]
            allowed = len(tries) < FAILURES
            if allowed:
                self._failures[name] = [*tries, now]
            if len(self._failures) > MOST_SESSIONS:
                self._failures = {key: one for key, one in self._failures.items() if now - one[-1] < FAILURE_SECONDS}
            return allowed

    def succeeded(self, name: str) -> None:
        """Forget the tries for this name."""
        with self._lock:
            self._failures.pop(_digest(name), None)

    def _forget(self, now: float) -> None:
        kept = {key: one for key, one in self._sessions.items() if not _over(one, now)}
        for key in sorted(kept, key=lambda one: kept[one].used)[: max(0, len(kept) + 1 - MOST_SESSIONS)]:
            del kept[key]
        self._sessions = kept


def _over(session: Session, now: float) -> bool:
    return now - session.used > IDLE_SECONDS or now - session.began > MOST_SECONDS


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
