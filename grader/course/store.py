"""The store of a class's results: one SQLite file in the --out folder.

Every result is one transaction, in WAL mode, and is on disk before it is reported. So a driver that is killed or
crashes loses only the notebooks that it was grading. Several processes may use one store: writers wait for each other.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec

from grader.course import decision_tables as tables
from grader.course.decisions import Comment, Mark, Override, RubricLine
from grader.course.points import POINTS, item_with_points, points_in, with_points
from grader.course.questions import Question
from grader.course.records import Verdict, enter_grading, keep_replaced, store_verdicts, verdicts_of
from grader.course.scores import NOTHING, Final, Release, Standing, fingerprint
from grader.course.store_schema import TooNew, migrate
from grader.course.totals import with_decisions
from grader.errors import GraderError
from grader.result import ItemResult, Result, Student, parse_result

FILE = "results.sqlite"
MOST_KNOWN = 20_000  # rows whose points are remembered
BUSY_SECONDS = 60.0  # how long to wait for another writer, which needs milliseconds


class StoreError(GraderError):
    """The store cannot be used; the message is one sentence."""


@dataclass(frozen=True)
class Graded:
    """The grading of one student's notebook.

    `key` is what `key_for` returns. `document` is the text of its result.json. `final` is False if it must not be
    reused, as when the grader itself failed. `evidence` is `Result.kept`.
    """

    key: str
    standing: Standing
    document: str
    final: bool = True
    graded_at: str = ""
    seconds: float = 0.0
    evidence: bytes = b""

    @property
    def result(self) -> Result:
        """The result, with its evidence. Raises StoreError if another version of grader wrote it."""
        return read_document(self.document).with_evidence(self.evidence)


@dataclass(frozen=True)
class Entry:
    """One row of the class: a notebook and its student. Times are ISO 8601; '' or None stands for unknown."""

    name: str
    file: str
    sha256: str = ""
    student_id: str = ""
    student_name: str = ""
    submitted_at: str = ""
    late: bool | None = None
    superseded: tuple[str, ...] = ()

    @property
    def student(self) -> Student:
        """Whose row it is, as in the result."""
        return Student(self.name, self.student_id, self.student_name)


@dataclass(frozen=True)
class Row:
    """An entry with its grading and what people decided; `release` is what the student may see of it.

    `settled` tells whether the grading is final, `seconds` how long it took. A row without a `key` is that of a student
    in the roster who handed in nothing: `missing`.
    """

    entry: Entry
    key: str
    machine: Standing
    final: Final
    settled: bool
    graded_at: str
    updated_at: str
    seconds: float = 0.0
    release: Release | None = None

    @property
    def missing(self) -> bool:
        """Whether the student handed in nothing."""
        return not self.key

    @property
    def shown(self) -> Standing | None:
        """The points that the student may see, with marks: as they were when they were released; None if not yet."""
        return self.release.standing if self.release_state in ("released", "changed") and self.release else None

    @property
    def release_state(self) -> ReleaseState:
        """'released', 'changed' since, 'earlier' if another notebook was graded since, or '' if never released."""
        if self.release is None:
            return ""
        if self.release.sha256 != self.entry.sha256:
            return "earlier"
        return "released" if self.release.fingerprint == fingerprint(self.final) else "changed"


class _Items(msgspec.Struct, frozen=True):
    """The part of a stored result.json that decisions are about."""

    items: tuple[ItemResult, ...] = ()


ReleaseState = Literal["", "released", "changed", "earlier"]
_GRADED = "key, standing, document, final, graded_at, seconds, evidence"
_OF, _AFTER = " of ", " of!"  # keys of one notebook sort between these, since "!" follows the blank
_ENTRY = "name, file, sha256, student_id, student_name, submitted_at, late, superseded"


class Store:
    """The store in a folder. Use it only in the thread that opened it."""

    def __init__(self, folder: Path, create: bool = True, shared: bool = False) -> None:
        """Open the store in `folder`; with `create`, create it if it does not exist. Raises StoreError.

        `shared` is for threads that take care themselves that one at a time uses it.
        """
        self.path = folder / FILE
        self._known: dict[tuple[object, ...], tuple[Standing, Final]] = {}
        if not create and not self.path.is_file():
            raise StoreError(f"'{folder}' holds no results ({FILE}); give the --out folder of `grader grade`")
        with self._store_errors():
            self._db = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=not shared
            )
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                migrate(self._db)
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Close the store; all results are already on disk."""
        self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # --- gradings -----------------------------------------------------------------------------------------------

    def graded(self, key: str) -> Graded | None:
        """Return the final grading under this key, or None."""
        with self._store_errors():
            row = self._db.execute(f"SELECT {_GRADED} FROM results WHERE key = ? AND final", (key,)).fetchone()
        return _graded(row) if row else None

    def alike(self, grading: str) -> Iterator[Graded]:
        """Iterate over the final gradings of this notebook (`grading` is its key), whoever handed it in; newest first.

        Documents are large, so they are read one at a time.
        """
        with self._store_errors():
            query = "SELECT key FROM results WHERE final AND key >= ? AND key < ? ORDER BY graded_at DESC"
            keys = [key for (key,) in self._db.execute(query, (f"{grading}{_OF}", f"{grading}{_AFTER}"))]
        for key in keys:
            if (graded := self.graded(key)) is not None:
                yield graded

    def all_graded(self) -> Iterator[Graded]:
        """Iterate over all gradings, final or not."""
        with self._store_errors():
            for row in self._db.execute(f"SELECT {_GRADED} FROM results"):
                yield _graded(row)

    def put(self, graded: Graded, entry: Entry | None = None) -> None:
        """Store a grading, replacing an earlier one with its key; `entry` is its row in the class."""
        values = (graded.key, graded.final, graded.graded_at or now(), graded.seconds)
        with self._transaction():
            keep_replaced(self._db, graded.key, values[2])
            self._db.execute(
                "INSERT OR REPLACE INTO results (key, final, graded_at, seconds, standing, document, evidence) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*values, json.dumps(asdict(graded.standing)), graded.document, graded.evidence),
            )
            store_verdicts(self._db, graded.key, graded.document)
            if entry is not None:
                self._enter(entry, graded.key, now())

    def enter(self, entry: Entry, key: str, updated_at: str = "") -> None:
        """Store a row of the class with the grading under `key`, which must exist."""
        with self._transaction():
            self._enter(entry, key, updated_at or now())

    def _enter(self, entry: Entry, key: str, updated_at: str) -> None:
        values = asdict(entry) | {"superseded": json.dumps(entry.superseded), "key": key, "updated_at": updated_at}
        self._db.execute(
            f"INSERT OR REPLACE INTO submissions ({_ENTRY}, key, updated_at) VALUES "
            "(:name, :file, :sha256, :student_id, :student_name, :submitted_at, :late, :superseded, :key, :updated_at)",
            {name: _storable(value) for name, value in values.items()},
        )
        enter_grading(self._db, entry.name, key)

    # --- the class ----------------------------------------------------------------------------------------------

    def rows(self) -> Iterator[Row]:
        """Iterate over the rows of the class, sorted by name; then those of students who handed in nothing."""
        there = []
        for row in self._rows():
            there.append((row.entry.student_id, row.entry.student_name, row.entry.name))
            yield row
        yield from self._missing(there)

    def row(self, name: str) -> Row | None:
        """Return the row with this name, or None."""
        found = next(self._rows(name), None)
        return found or next((row for row in self.rows() if row.missing and row.entry.name == name), None)

    def _rows(self, name: str | None = None) -> Iterator[Row]:
        marks, overrides = tables.marks(self.query, name), tables.overrides(self.query, name)
        releases = tables.releases(self.query, name)
        columns = ", ".join(f"s.{column}" for column in _ENTRY.split(", "))
        query = (
            f"SELECT {columns}, s.key, s.updated_at, r.standing, r.final, r.graded_at, r.seconds "
            "FROM submissions s "
            f"JOIN results r ON r.key = s.key {'' if name is None else 'WHERE s.name = ?'} ORDER BY s.name"
        )
        points = self.points()
        verdicts = self._verdicts(points, name) if points else {}
        for *values, key, updated_at, standing, settled, graded_at, seconds in self.query(query, filter(None, [name])):
            entry = _entry(values)
            decisions = (marks.get(entry.name, {}), overrides.get(entry.name, {}))
            machine, final = self._points(key, standing, entry.sha256, *decisions, points, verdicts.get(key, ()))
            times = (graded_at, updated_at, float(seconds))
            yield Row(entry, key, machine, final, bool(settled), *times, releases.get(entry.name))

    def _verdicts(self, points: Mapping[str, float], name: str | None) -> Mapping[str, Sequence[Verdict]]:
        if name is None:
            return verdicts_of(self.query, points)
        keys = self.query("SELECT key FROM submissions WHERE name = ?", (name,))
        return verdicts_of(self.query, points, keys[0][0]) if keys else {}

    def _points(
        self,
        key: str,
        text: str,
        sha256: str,
        marks: Mapping[str, Mark],
        overrides: Mapping[str, Override],
        points: Mapping[str, float],
        verdicts: Sequence[Verdict],
    ) -> tuple[Standing, Final]:
        """Return the machine's points and the final ones; they are remembered, for those who ask again and again."""
        what = (key, text, sha256, tuple(marks.values()), tuple(overrides.values()), tuple(points.items()))
        known = self._known.get(what)
        if known is None:
            if len(self._known) > MOST_KNOWN:
                self._known.clear()
            machine = _standing(text)
            planned = with_points(machine, verdicts, points) if points else machine
            final = with_decisions(planned, sha256, marks, overrides, partial(self.items_of, key, points))
            known = machine, replace(final, points=points) if points else final
            self._known[what] = known
        return known

    def _missing(self, there: Sequence[tuple[str, str, str]]) -> Iterator[Row]:
        """Iterate over the rows of students in the roster who handed in nothing."""
        if not (roster := tables.roster(self.query)):
            return
        most = max((one for (one,) in self.query("SELECT standing ->> 'max_score' FROM results")), default=0.0)
        for label, number, name in missing(roster, there):
            standing = Standing("failed", 0.0, float(most), message=NOTHING)
            yield Row(Entry(label, "", "", number, name), "", standing, Final(standing), True, "", "")

    def points(self) -> Mapping[str, float]:
        """Return the points of checks and items that an instructor set in place of the rubric's, by id."""
        return points_in(self.fact(POINTS))

    def items_of(self, key: str, points: Mapping[str, float] | None = None) -> tuple[ItemResult, ...]:
        """Return the items of the result under `key`, as the machine judged them; () if they cannot be read.

        They have these `points` in place of the rubric's, by default those that an instructor set.
        """
        try:
            items = msgspec.json.decode(self.document(key), type=_Items).items
            points = self.points() if points is None else points
            return tuple(item_with_points(item, points) for item in items) if points else items
        except (msgspec.DecodeError, ValueError):  # another version of grader wrote it
            return ()

    def document(self, key: str) -> str:
        """Return the text of the result.json under `key`, or ''."""
        with self._store_errors():
            row = self._db.execute("SELECT document FROM results WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def evidence(self, key: str) -> bytes:
        """Return the kept evidence of the grading under `key`, or nothing."""
        with self._store_errors():
            row = self._db.execute("SELECT evidence FROM results WHERE key = ?", (key,)).fetchone()
        return bytes(row[0]) if row else b""

    # --- what people decided: `grader.course.changes` writes it -------------------------------------------------

    def marks(self) -> Mapping[str, Mapping[str, Mark]]:
        """Return all marks, by submission and item."""
        return tables.marks(self.query)

    def overrides(self) -> Mapping[str, Mapping[str, Override]]:
        """Return all overrides, by submission and check."""
        return tables.overrides(self.query)

    def lines(self, item: str | None = None, retired: bool = False) -> tuple[RubricLine, ...]:
        """Return the rubric lines of an item, or of all, in their order; with `retired` also those no more offered."""
        every = tables.lines(self.query).values()
        return tuple(one for one in every if (retired or not one.retired) and item in (None, one.item))

    def comments(self, item: str, most: int = 50) -> tuple[Comment, ...]:
        """Return the comments in the marks of an item, those that were used most first."""
        return tables.comments(self.query, item, most)

    def released(self, name: str) -> Result | None:
        """Return what the student of a submission may see: the result with the decisions, as it was released."""
        documents = tables.released_documents(self.query, name)
        return None if documents is None else read_document(documents[0])

    # --- the assignment -----------------------------------------------------------------------------------------

    def items(self) -> tuple[str, ...]:
        """Return the ids of the assignment's items, in order."""
        with self._store_errors():
            row = self._db.execute("SELECT value FROM facts WHERE name = 'items'").fetchone()
        return tuple(json.loads(row[0])) if row else ()

    def set_items(self, items: Sequence[str]) -> None:
        """Store the ids of the assignment's items."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO facts VALUES ('items', ?)", (json.dumps(list(items)),))

    def fact(self, name: str) -> str:
        """Return a fact about the class, or ''."""
        with self._store_errors():
            row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def set_fact(self, name: str, value: str) -> None:
        """Store a fact about the class."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, _storable(value)))

    def questions(self) -> tuple[Question, ...]:
        """Return the assignment's questions, in order; none if an earlier version of grader made the store."""
        return tuple(Question(**plain) for plain in json.loads(self.fact("questions") or "[]"))

    def set_questions(self, questions: Sequence[Question]) -> None:
        """Store the assignment's questions."""
        self.set_fact("questions", json.dumps([asdict(question) for question in questions]))

    def set_roster(self, students: Sequence[tuple[str, str, bool]]) -> None:
        """Store the roster: number, name, and whether the student handed in something; '' for no number."""
        with self._transaction():
            self._db.execute("DELETE FROM roster")
            self._db.executemany(
                "INSERT INTO roster (student_id, student_name, handed_in) VALUES (?, ?, ?)",
                [(_storable(number), _storable(name), there) for number, name, there in students],
            )

    # --- other tables -------------------------------------------------------------------------------------------

    def query(self, sql: str, values: Iterable[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows that a SELECT of another module of `grader.course` finds. Raises StoreError."""
        with self._store_errors():
            return self._db.execute(sql, tuple(values)).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Let another module of `grader.course` write, all or nothing. Raises StoreError."""
        with self._transaction():
            yield self._db

    # --- SQLite -------------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._store_errors():
            self._db.execute("BEGIN IMMEDIATE")  # a second writer waits here, where SQLite lets it wait
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # SQLite itself rolls back on a full disk
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _store_errors(self) -> Iterator[None]:
        try:
            yield
        except TooNew as error:
            raise StoreError(
                f"'{self.path}' was written by a newer grader (schema {error}); use that grader, or give another --out"
            ) from None
        except sqlite3.Error as error:
            raise StoreError(f"the results in '{self.path}' cannot be used ({error}); give another --out") from None


def key_for(grading: str, student: Student) -> str:
    """Return the key of a student's result; `grading` is the key of the grading, which others' equal notebooks share.

    A result says whose it is, so two students with equal notebooks have two results.
    """
    who = json.dumps([student.folder, student.number, student.name])
    return f"{grading}{_OF}{hashlib.sha256(who.encode()).hexdigest()[:32]}"


def read_document(document: str) -> Result:
    """Return the result in a stored document. Raises StoreError if another version of grader wrote it."""
    try:
        return parse_result(document)
    except ValueError:
        raise StoreError(
            "a stored result was written by another version of grader, which this one cannot read; "
            "grade the class again, or use that version"
        ) from None


def now() -> str:
    """Return the time in UTC as ISO 8601 text with microseconds, which sorts by time."""
    return datetime.now(timezone.utc).isoformat(timespec="microseconds")


def _storable(value: Any) -> Any:
    """Replace lone surrogates, which UTF-8 cannot encode."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _graded(row: Sequence[Any]) -> Graded:
    key, standing, document, final, graded_at, seconds, evidence = row
    return Graded(key, _standing(standing), document, bool(final), graded_at, seconds, evidence)


def _standing(document: str) -> Standing:
    try:
        return msgspec.json.decode(document, type=Standing)
    except msgspec.DecodeError:  # a message with half of a character, which an earlier grader stored
        return msgspec.convert(json.loads(document), type=Standing)


def missing(
    roster: Iterable[tuple[str, str, bool]], there: Sequence[tuple[str, str, str]]
) -> tuple[tuple[str, str, str], ...]:
    """Return label, number and name of the students in the roster without a submission.

    `there` are number, student's name and label of each submission; the names of a group are joined by '&'. No label
    is that of another row.
    """
    students = list(roster)
    numbers = {number for number, _, _ in there if number}
    names = {one.strip() for _, name, _ in there for one in name.split(" & ")}
    taken = {label.casefold() for _, _, label in there}
    shared = Counter(name for _, name, _ in students)
    found = []
    for number, name, handed_in in students:
        known = number in numbers or (name in names and (shared[name] == 1 or not number))
        if handed_in or known:
            continue
        first, count = number or name, 1
        label = first
        while label.casefold() in taken:
            count += 1
            label = f"{first}-{count}"
        taken.add(label.casefold())
        found.append((label, number, name))
    return tuple(found)


def _entry(values: Sequence[Any]) -> Entry:
    name, file, sha256, student_id, student_name, submitted_at, late, superseded = values
    known = None if late is None else bool(late)
    replaced = tuple(json.loads(superseded)) if superseded != "[]" else ()  # lone surrogates are not for msgspec
    return Entry(name, file, sha256, student_id, student_name, submitted_at, known, replaced)
