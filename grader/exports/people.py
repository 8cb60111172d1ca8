"""Find whose row of a gradebook a submission is: by IDs first, then by names, and never by a guess."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grader.course.ingest.submissions import safe_name

if TYPE_CHECKING:
    from grader.course.store import Entry


@dataclass(frozen=True)
class Student:
    """A student in a gradebook: the index of the row, every ID in it, the name, and what a download calls a submission.

    `label` is the name that this student's submission has in a class that was read from the same system's download.
    """

    line: int
    ids: tuple[str, ...]
    name: str = ""
    label: str = ""

    @property
    def shown(self) -> str:
        """Return how a person recognises the student."""
        return self.name or next(filter(None, self.ids), f"row {self.line + 1}")


@dataclass(frozen=True)
class Person:
    """One of those who handed in a submission, as the class knows them."""

    submission: str
    number: str = ""
    name: str = ""


@dataclass(frozen=True)
class Matches:
    """Who is who.

    `found` maps the line of a student to the submission; `by_name` are the lines of those that only a name told.
    `doubts` are sentences on students who were left out because more than one answer is possible.
    """

    found: Mapping[int, str] = field(default_factory=dict)
    by_name: frozenset[int] = frozenset()
    doubts: tuple[str, ...] = ()


def people(entries: Iterable[Entry]) -> list[Person]:
    """Return those who handed in these submissions; a group's submission has several."""
    found = []
    for entry in entries:
        names, numbers = entry.student_name.split(" & "), entry.student_id.split("+")
        if len(names) != len(numbers) or len(names) == 1:
            names, numbers = [entry.student_name], [entry.student_id]
        found += [Person(entry.name, number, name) for name, number in zip(names, numbers, strict=True)]
    return found


def match(students: Sequence[Student], known: Sequence[Person]) -> Matches:
    """Return whose submission is whose.

    An ID decides. A name decides only for a submission whose ID nobody in the gradebook can have: one without an ID, or
    if no ID of the class is in the gradebook at all. What fits two students, or two submissions, fits none.
    """
    search = _Search(students, known)
    ids = {student.line: search.by_id(student) for student in students}
    shared = any(ids.values())
    claims: dict[int, Person] = {}
    by_name: set[int] = set()
    doubts: list[str] = []
    for student in students:
        hits = ids[student.line]
        if len({person.submission for person in hits}) > 1:
            doubts.append(f"{student.shown}: IDs of this row fit several submissions: {_listed(hits)}")
        elif hits:
            person = hits[0]
            if (other := search.elsewhere(student, person)) is not None:
                doubts.append(
                    f"{student.shown}: has the ID {person.number} of {person.submission}, whose student "
                    f"{person.name} is another row ({other.shown})"
                )
            else:
                claims[student.line] = person
    taken = set(claims.values())
    for student in students:
        if ids[student.line] or not student.name:
            continue
        hits = [person for person in search.by_name(student) if person not in taken]
        open_to = [person for person in hits if not (shared and person.number)]
        if not hits:
            continue
        if not open_to:
            doubts.append(f"{student.shown}: {_listed(hits)} has this name, but another ID ({hits[0].number})")
        elif len({person.submission for person in hits}) > 1 or search.namesakes(student) > 1:
            doubts.append(f"{student.shown}: several have this name: {_listed(hits)}")
        else:
            claims[student.line] = open_to[0]
            by_name.add(student.line)
    counts = Counter(claims.values())
    shown = {student.line: student.shown for student in students}
    for person, count in counts.items():
        if count > 1:
            lines = [line for line, one in claims.items() if one == person]
            doubts.append(f"{person.submission}: fits {count} rows: {', '.join(shown[line] for line in lines)}")
            for line in lines:
                del claims[line]
    return Matches(
        {line: person.submission for line, person in claims.items()}, frozenset(by_name & set(claims)), tuple(doubts)
    )


class _Search:
    """Finds people by their IDs and names, and students by their names."""

    def __init__(self, students: Sequence[Student], known: Sequence[Person]) -> None:
        self._ids: dict[str, list[Person]] = defaultdict(list)
        self._labels: dict[str, list[Person]] = defaultdict(list)
        self._names: dict[str, list[Person]] = defaultdict(list)
        self._students: dict[str, list[Student]] = defaultdict(list)
        for person in known:
            if person.number:
                self._ids[_id(person.number)].append(person)
            self._labels[person.submission.casefold()].append(person)
            for key in name_keys(person.name):
                self._names[key].append(person)
        for student in students:
            for key in name_keys(student.name):
                self._students[key].append(student)

    def by_id(self, student: Student) -> list[Person]:
        hits = [person for one in student.ids if _id(one) for person in self._ids.get(_id(one), ())]
        if not hits and student.label:
            hits = self._labels.get(safe_name(student.label).casefold(), [])
        return list(dict.fromkeys(hits))

    def by_name(self, student: Student) -> list[Person]:
        return list(dict.fromkeys(person for key in name_keys(student.name) for person in self._names.get(key, ())))

    def namesakes(self, student: Student) -> int:
        """Return how many students have this name."""
        return max((len(self._students[key]) for key in name_keys(student.name)), default=0)

    def elsewhere(self, student: Student, person: Person) -> Student | None:
        """Return the other student whose name this person has, if this student has another name."""
        keys = name_keys(person.name)
        if not student.name or not keys or keys & name_keys(student.name):
            return None
        others = {one.line: one for key in keys for one in self._students.get(key, ())}
        return next(iter(others.values()), None)


def name_keys(name: str) -> frozenset[str]:
    """Return what names are compared by: 'Doe, Jane', 'Jane Doe' and Canvas's 'doejane' have one in common."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    last, comma, first = folded.partition(",")
    words = re.findall(r"[^\W_]+", f"{first} {last}" if comma else folded)
    if not words:
        return frozenset()
    sortable = re.findall(r"[^\W_]+", folded) if comma else [words[-1], *words[:-1]]
    return frozenset((" ".join(words), "".join(sortable)))


def _id(text: str) -> str:
    """Return an ID as it is compared: Brightspace writes '#' before one."""
    return " ".join(text.casefold().split()).removeprefix("#")


def _listed(people: Sequence[Person]) -> str:
    return ", ".join(dict.fromkeys(person.submission for person in people[:5]))
