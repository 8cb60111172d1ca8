"""Write what a student gets back: report, notebook with feedback, and marks, as they were released.

`result.json` is the machine's and stays as it was signed. Before a release the report shows the machine's verdicts, and
what waits for a person; after it also the marks and verdicts of people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.course import decision_tables as tables
from grader.course.changes import changing
from grader.course.marks_file import MARKS_FILE
from grader.course.store import read_document
from grader.files import write_atomically
from grader.reports.executed import EXECUTED, write_executed
from grader.reports.html import write_html

if TYPE_CHECKING:
    from grader.course.store import Row, Store
    from grader.result import Result

AT_A_TIME = 50  # releases in one transaction, so that other writers need not wait


@dataclass(frozen=True)
class Planned:
    """The effect of a release on what a student sees: the points before (None: nothing was shown) and after."""

    name: str
    before: float | None
    after: float
    max_score: float
    waiting: float

    def words(self) -> str:
        """Return the change as a sentence."""
        from grader.formatting import number, one_line

        of = f"{number(self.after)} of {number(self.max_score)}"
        waits = f" + {number(self.waiting)} waiting" if self.waiting else ""
        if self.before is None:
            return f"{one_line(self.name)}: {of}{waits}, shown for the first time"
        if self.before == self.after:
            return f"{one_line(self.name)}: {of}{waits}, as before; what is said about it has changed"
        return f"{one_line(self.name)}: {of}{waits}, before {number(self.before)}"


def planned(rows: Iterable[Row]) -> tuple[Planned, ...]:
    """Return what the release of these submissions changes for students; nothing for those that are up to date."""
    found = []
    for row in rows:
        if row.missing or row.release_state == "released":
            continue
        one, shown = row.final.standing, row.shown
        before = None if shown is None else shown.confirmed
        found.append(Planned(row.entry.name, before, one.confirmed, one.max_score, one.waiting))
    return tuple(found)


def release(
    store: Store, out: Path, names: Iterable[str], by: str, told: Callable[[str], None] = lambda name: None
) -> int:
    """Release these submissions and write their files; return how many. Raises MarkError, StoreError and OSError."""
    every = list(names)
    for start in range(0, len(every), AT_A_TIME):
        part = every[start : start + AT_A_TIME]
        with changing(store, by) as change:
            for name in part:
                change.release(name)
        for name in part:
            write_submission(store, name, out)
            told(name)
    return len(every)


def withdraw(store: Store, out: Path, names: Iterable[str], by: str) -> int:
    """Take the releases of these submissions back and write their files again; return how many."""
    every = list(names)
    with changing(store, by) as change:
        for name in every:
            change.withdraw(name)
    for name in every:
        write_submission(store, name, out)
    return len(every)


def write_submission(store: Store, name: str, out: Path) -> None:
    """Write report.html, marks.json and an executed.ipynb that is there, as the student may see them now."""
    row, folder = store.row(name), out / name
    if row is None or row.missing:
        return
    machine = read_document(store.document(row.key)).with_evidence(store.evidence(row.key))
    result = for_student(store, name, machine)
    write_html(result, folder / "report.html")
    if (folder / EXECUTED).exists():
        write_executed(result, folder / EXECUTED)
    write_marks(store, name, folder)


def for_student(store: Store, name: str, machine: Result) -> Result:
    """Return the result that the student's report shows: the released one for this notebook, else the machine's."""
    row = store.row(name)
    result = store.released(name) if row is not None and row.shown is not None else None
    if row is None or row.release is None or result is None:
        return machine
    return result.with_evidence(store.evidence(row.release.key))


def write_marks(store: Store, name: str, folder: Path) -> None:
    """Write marks.json if the marks of this notebook were released; else remove it."""
    row = store.row(name)
    documents = tables.released_documents(store.query, name) if row is not None and row.shown is not None else None
    if documents is None:
        (folder / MARKS_FILE).unlink(missing_ok=True)
    else:
        write_atomically(folder / MARKS_FILE, documents[1])
