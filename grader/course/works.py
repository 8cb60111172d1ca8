"""The works of a class that are compared with each other: from a store of results, or from the files handed in."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from grader.course.ingest.collect import ClassOptions, read_class
from grader.course.ingest.sources import IngestError
from grader.course.store import FILE, Store
from grader.evidence.decode import Malformed
from grader.evidence.kept import parts
from grader.files import read_regular
from grader.notebook.cells import Notebook
from grader.notebook.questions import Section, locate
from grader.notebook.reader import UnreadableNotebook, read_notebook
from grader.similarity.work import Work

if TYPE_CHECKING:
    from grader.assignment import Assignment
    from grader.course.ingest.submissions import Submission
    from grader.course.store import Entry

MOST_BYTES = 100_000_000  # of a notebook whose figures are read
MOST_GROUPS = 16 << 20  # bytes
_PICTURES = ("image/png", "image/jpeg", "image/svg+xml", "image/gif")


class Works(NamedTuple):
    """The works, and sentences on what was left out."""

    works: tuple[Work, ...]
    notes: tuple[str, ...]


def is_store(path: Path) -> bool:
    """Return whether a path is the --out folder of `grader grade`."""
    return (path / FILE).is_file()


def of_store(folder: Path) -> Works:
    """Return the works in a store, from the evidence that was kept with the results. Raises StoreError."""
    works, lacking = [], []
    with Store(folder, create=False) as store:
        for row in store.rows():
            work = work_of(row.entry, store.evidence(row.key))
            if work is None:
                lacking.append(row.entry.name)
            else:
                works.append(work)
    return Works(tuple(works), tuple(_left_out(lacking, "the store holds no notebook of them")))


def work_of(entry: Entry, evidence: bytes) -> Work | None:
    """Return the work of a row, or None if its notebook was not kept or this version cannot read it."""
    try:
        wanted: dict[tuple[str, ...], Any] = {("notebook",): Notebook, ("sections",): Mapping[str, Section]}
        notebook, sections = parts(evidence, wanted) if evidence else (None, None)
    except Malformed:
        return None
    if notebook is None:
        return None
    return Work(
        entry.name,
        notebook,
        _people(entry.student_id, entry.student_name),
        _answers(sections),
        student=entry.student_name or entry.student_id,
        submitted=entry.submitted_at,
    )


def of_files(paths: Sequence[Path], into: Path, options: ClassOptions, assignment: Assignment | None) -> Works:
    """Return the works in notebooks, folders and archives; these are unpacked into `into`. Raises IngestError.

    Written answers are found only if the assignment is known.
    """
    found = read_class(paths, into, into, options)
    works, lacking = [], []
    for one in found.submissions:
        try:
            if one.problem:
                raise UnreadableNotebook(one.problem)
            works.append(_work_of_file(one, assignment))
        except UnreadableNotebook:
            lacking.append(one.name)
    return Works(tuple(works), (*found.notes, *_left_out(lacking, "they hold no notebook that can be read")))


def _work_of_file(one: Submission, assignment: Assignment | None) -> Work:
    notebook = read_notebook(one.path)
    sections = locate(notebook, assignment.prompts, assignment.template(), {}) if assignment is not None else {}
    return Work(
        one.name,
        notebook,
        _people(one.student_id, one.student_name),
        _answers(sections),
        saved_pictures(one.path),
        one.student_name or one.student_id,
        one.submitted.isoformat() if one.submitted else "",
    )


def with_groups(works: Sequence[Work], path: Path) -> tuple[Work, ...]:
    """Return the works with their groups as further owners, from a CSV file. Raises IngestError.

    One column is headed 'group'; in any other a submission, a name or a number may stand.
    """
    try:
        text = read_regular(path, MOST_GROUPS)[0].decode("utf-8-sig", "replace")
        header, *rows = [row for row in csv.reader(text.splitlines()) if any(row)] or [[]]
    except (OSError, csv.Error) as error:
        raise IngestError(f"the groups in '{path}' cannot be read ({error})") from None
    column = next((at for at, name in enumerate(header) if name.strip().casefold() == "group"), None)
    if column is None:
        raise IngestError(
            f"the groups in '{path}' need a column 'group', beside one with submissions, names or numbers"
        )
    groups: dict[str, set[str]] = {}
    for row in rows:
        group = row[column].strip() if column < len(row) else ""
        for at, cell in enumerate(row):
            if group and at != column and cell.strip():
                groups.setdefault(cell.strip().casefold(), set()).add(f"group {group.casefold()}")
    return tuple(replace(work, people=work.people.union(*_groups_of(work, groups))) for work in works)


def _groups_of(work: Work, groups: Mapping[str, set[str]]) -> Iterator[set[str]]:
    return (groups[one] for one in (*work.people, work.name.casefold()) if one in groups)


def base_notebooks(assignment: Assignment) -> tuple[Notebook, ...]:
    """Return the notebooks in an assignment's folder: what was handed out, and the solution."""
    return tuple(_readable(sorted(assignment.folder.glob("*.ipynb")) if assignment.folder.is_dir() else ()))


def _readable(paths: Sequence[Path]) -> Iterator[Notebook]:
    for path in paths:
        try:
            yield read_notebook(path)
        except UnreadableNotebook:
            continue


def saved_pictures(path: Path) -> dict[int, tuple[str, ...]]:
    """Return the digests of the figures saved in a notebook file, by cell; none of a file that is not such JSON."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return {}
        cells = json.loads(path.read_bytes())["cells"]
        found = {at: tuple(_digests(cell.get("outputs", ()))) for at, cell in enumerate(cells)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return {at: digests for at, digests in found.items() if digests}


def _digests(outputs: Sequence[Mapping[str, Mapping[str, object]]]) -> Iterator[str]:
    for output in outputs:
        data = output.get("data", {})
        for kind in _PICTURES:
            value = data.get(kind)
            text = "".join(map(str, value)) if isinstance(value, list) else str(value or "")
            if text:
                yield hashlib.sha256("".join(text.split()).encode()).hexdigest()


def _people(numbers: str, names: str) -> frozenset[str]:
    """Return the names and numbers of the owners; a group's are joined by '+' and ' & '."""
    found = (*numbers.split("+"), *names.split(" & "))
    return frozenset(one.strip().casefold() for one in found if one.strip())


def _answers(sections: Mapping[str, Section]) -> dict[str, str]:
    return {item: section.answer for item, section in sections.items() if section.answer}


def _left_out(names: Sequence[str], why: str) -> Iterator[str]:
    if names:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        yield f"{len(names)} left out, {why}: {', '.join(names[:5])}{more}"
