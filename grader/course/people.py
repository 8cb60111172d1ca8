"""Who works at the desk: an instructor, or assistants for certain items or students, and their passwords."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from grader.errors import GraderError
from grader.formatting import one_line

if TYPE_CHECKING:
    from grader.course.store import Store

Role = Literal["instructor", "assistant"]
ROLES: tuple[Role, ...] = ("instructor", "assistant")
LEAST_PASSWORD = 10  # characters
_MOST_PASSWORD = 1000
ADDED, CHANGED, REMOVED = "add person", "change person", "remove person"  # in the log of changes
_N, _R, _P = 2**15, 8, 1  # scrypt: 32 MiB and about a tenth of a second
_MEMORY = 128 * _N * _R * 2


class PeopleError(GraderError):
    """A person cannot be added; the message is one sentence."""


@dataclass(frozen=True)
class Person:
    """A person at the desk. An assistant marks the `items` and reads the `students` given; none given means all.

    `students` are names of submissions. `password` is the hash that `hashed` returns, '' for who has none.
    """

    name: str
    role: Role = "instructor"
    items: tuple[str, ...] = ()
    students: tuple[str, ...] = ()
    password: str = ""

    @property
    def is_instructor(self) -> bool:
        """True for who may do everything."""
        return self.role == "instructor"

    def may_read(self, submission: str) -> bool:
        """Return whether the person may see the submission with this name."""
        return self.is_instructor or not self.students or submission in self.students

    def may_mark(self, submission: str, item: str) -> bool:
        """Return whether the person may give points for this item of this submission."""
        return self.is_instructor or (self.may_read(submission) and (not self.items or item in self.items))


def checked(person: Person, items: Iterable[str], submissions: Iterable[str]) -> Person:
    """Return the person if the class has the items and submissions that are named. Raises PeopleError."""
    if not person.name.strip() or person.name != one_line(person.name) or len(person.name) > 100:
        raise PeopleError("a person's name is one line of at most 100 printable characters")
    if person.is_instructor and (person.items or person.students):
        raise PeopleError("an instructor may do everything; --items and --students are for assistants")
    for word, named, there in (("item", person.items, set(items)), ("submission", person.students, set(submissions))):
        unknown = [one for one in named if one not in there]
        if unknown:
            raise PeopleError(f"there is no {word} {unknown[0]!r} in this class")
    return person


# --- in the store ------------------------------------------------------------------------------------------------


def people(store: Store) -> list[Person]:
    """Return the people who may work at the desk, sorted by name. Raises StoreError."""
    found = store.query("SELECT name, role, items, students, password FROM people ORDER BY name")
    return [
        Person(name, role, tuple(json.loads(items)), tuple(json.loads(students)), password)
        for name, role, items, students, password in found
    ]


def add_person(store: Store, person: Person, by: str) -> None:
    """Store a person, in place of an earlier one of this name; `by` says who does. Raises StoreError and MarkError.

    The log of changes tells it: never the password nor its hash, only that one was given.
    """
    from grader.course.changes import changing
    from grader.course.store import now

    lists = (json.dumps(person.items), json.dumps(person.students))
    with changing(store, by) as change:
        before = person_called(store, person.name)
        told = _told(person, before)
        change.note(ADDED if before is None else CHANGED, before="" if before is None else _told(before), after=told)
        change.db.execute(
            "INSERT OR REPLACE INTO people (name, role, items, students, password, added_at) VALUES (?, ?, ?, ?, ?, ?)",
            (person.name, person.role, *lists, person.password, now()),
        )


def remove_person(store: Store, name: str, by: str) -> bool:
    """Remove a person; return whether there was one. What the person did stays. Raises StoreError and MarkError."""
    from grader.course.changes import changing

    with changing(store, by) as change:
        before = person_called(store, name)
        if before is None:
            return False
        change.note(REMOVED, before=_told(before))
        change.db.execute("DELETE FROM people WHERE name = ?", (name,))
        return True


def person_called(store: Store, name: str) -> Person | None:
    """Return the person with this name, None if there is none. Raises StoreError."""
    return next((one for one in people(store) if one.name == name), None)


def _told(person: Person, before: Person | None = None) -> dict[str, object]:
    """Return what the log of changes keeps of a person."""
    again = before is not None and bool(before.password) and before.password != person.password
    password = ("set again" if again else "set") if person.password else "none"
    return {
        "name": person.name,
        "role": person.role,
        "items": list(person.items),
        "students": list(person.students),
        "password": password,
    }


# --- passwords ---------------------------------------------------------------------------------------------------


def hashed(password: str) -> str:
    """Return what is stored of a password: scrypt, its numbers, the salt and the hash. Raises PeopleError."""
    if not LEAST_PASSWORD <= len(password) <= _MOST_PASSWORD:
        raise PeopleError(f"a password has {LEAST_PASSWORD} to {_MOST_PASSWORD} characters")
    if any("\ud800" <= one <= "\udfff" for one in password):  # bytes that are no text; all would be hashed as '?'
        raise PeopleError("a password is text; this one holds bytes that are none in the encoding of this terminal")
    salt = secrets.token_bytes(16)
    parts = (base64.b64encode(one).decode() for one in (salt, _scrypt(password, salt, _N, _R, _P)))
    return "$".join(("scrypt", str(_N), str(_R), str(_P), *parts))


def is_password(password: str, stored: str) -> bool:
    """Return whether this is the password that `stored` was made from; takes as long if nothing is stored."""
    parts = (stored or _NOBODY).split("$")
    if len(parts) != 6 or parts[0] != "scrypt":
        return False
    n, r, p = (int(part) for part in parts[1:4])
    salt, wanted = (base64.b64decode(part) for part in parts[4:])
    found = _scrypt(password[:_MOST_PASSWORD], salt, n, r, p)
    return hmac.compare_digest(found, wanted) and bool(stored)


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode("utf-8", "replace"), salt=salt, n=n, r=r, p=p, maxmem=_MEMORY, dklen=32)


_NOBODY = f"scrypt${_N}${_R}${_P}${base64.b64encode(bytes(16)).decode()}${base64.b64encode(bytes(32)).decode()}"
