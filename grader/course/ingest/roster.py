"""Read a roster: a CSV file of students with the column names that the common systems export."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.course.ingest.sources import IngestError
from grader.files import read_regular

MAX_BYTES = 16 << 20
_IDS = (
    *("id", "student id", "studentid", "sid", "user id", "userid", "user name", "username", "login", "login id"),
    *("sis user id", "sis login id", "email", "e mail", "email address", "id number", "student number", "number"),
    *("netid", "net id", "matriculation number", "identifier", "matrikelnummer", "anmeldename"),
)
_NAMES = ("name", "student", "student name", "full name", "fullname", "display name")
_FIRST = ("first name", "firstname", "first", "given name", "forename", "vorname")
_LAST = ("last name", "lastname", "last", "surname", "family name", "nachname")


@dataclass(frozen=True)
class Roster:
    """The students of a class.

    `names` maps every ID, login, address and name in a row to the student's name, `numbers` to the student's number.
    `people` are number and name of each student.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    students: tuple[str, ...] = ()
    numbers: Mapping[str, str] = field(default_factory=dict)
    people: tuple[tuple[str, str], ...] = ()

    def name(self, *labels: str) -> str:
        """Return the name of the student with one of these IDs, logins or names, or ''."""
        return next((self.names[key] for label in labels if (key := _key(label)) in self.names), "")

    def number(self, *labels: str) -> str:
        """Return the number of the student with one of these IDs, logins or names, or ''.

        It is the first ID in the student's row, and an address only if there is no other. A name that two students
        share has none.
        """
        return next((number for label in labels if (number := self.numbers.get(_key(label), ""))), "")


def read_roster(path: Path) -> Roster:
    """Read a roster from a CSV file with commas, semicolons or tabs. Raises IngestError."""
    try:
        data, _ = read_regular(path, MAX_BYTES)
    except OSError as error:
        raise IngestError(f"cannot read the roster '{path}': {error.strerror or error}") from None
    if len(data) > MAX_BYTES:
        raise IngestError(f"the roster '{path}' is larger than {MAX_BYTES >> 20} MiB; give a CSV file of the students")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return parse_roster(text, str(path))


def parse_roster(text: str, label: str) -> Roster:
    """Parse a roster. Raises IngestError if no column holds the names of students."""
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text.replace("\0", "")), delimiter=delimiter))
    except csv.Error as error:
        raise IngestError(f"the roster '{label}' is not a CSV file ({error}); export it as CSV") from None
    header = [re.sub(r"[\W_]+", " ", cell).strip().casefold() for cell in rows[0]] if rows else []
    ids = [place for place, name in enumerate(header) if name in _IDS]
    columns = [[place for place, name in enumerate(header) if name in wanted] for wanted in (_NAMES, _FIRST, _LAST)]
    if not (columns[0] or columns[2]):
        raise IngestError(
            f"the roster '{label}' has no column 'name'; its first line must name the columns, such as id,name"
        )
    names: dict[str, str] = {}
    numbers: dict[str, str] = {}
    students: list[str] = []
    people: list[tuple[str, str]] = []
    for row in rows[1:]:
        name = _name(row, columns)
        if not name or name.casefold() in ("points possible", "student, test"):  # lines that Canvas adds
            continue
        students.append(name)
        known = [text for place in ids if place < len(row) and (text := " ".join(row[place].split()))]
        number = next((text for text in known if "@" not in text), known[0] if known else "")
        people.append((number, name))
        for key in (_key(name), *map(_key, known), _sortable(name)):
            names.setdefault(key, name)
            numbers[key] = number if numbers.get(key, number) == number else ""
    names.pop("", None)
    numbers.pop("", None)
    return Roster(names, tuple(students), numbers, tuple(people))


def _name(row: list[str], columns: list[list[int]]) -> str:
    whole, given, family = (" ".join(row[place].strip() for place in places if place < len(row)) for places in columns)
    name = whole if whole.strip() else f"{given} {family}"
    last, comma, first = name.partition(",")
    return " ".join((f"{first} {last}" if comma else name).split())


def _key(label: str) -> str:
    return " ".join(label.casefold().split())


def _sortable(name: str) -> str:
    """Return the name as in Canvas's file names: last word first, letters and digits only."""
    *rest, last = name.split() or [""]
    return re.sub(r"\W", "", "".join((last, *rest))).casefold()
