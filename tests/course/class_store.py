"""A class in a store, made from code alone: gradings of a tiny assignment, with evidence."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from grader.assignment import Assignment
from grader.course.scores import standing
from grader.course.store import Entry, Graded, Store
from grader.grading.replay import Material, judged
from grader.notebook.cells import Cell
from grader.reports.evidence import dump_evidence
from grader.result import Digests, Result, Submitted, total
from tests.conftest import empty_evidence
from tests.course.tiny.rubric import ASSIGNMENT


def graded_result(source: str, name: str = "a.ipynb", assignment: Assignment = ASSIGNMENT, **digests: str) -> Result:
    """Return the result of a notebook with one cell, with its evidence."""
    cells = tuple(Cell(place, "code", text) for place, text in enumerate(source.split("\n\n")))
    seen = replace(empty_evidence(), notebook=replace(empty_evidence().notebook, cells=cells))
    sha256 = hashlib.sha256(source.encode()).hexdigest()
    items = judged(Material(seen), assignment)
    where = {"grader": "0.1.0", "device": "virtual GPU"}
    result = total("tiny", Submitted(name, sha256), items, where, digests=Digests(sha256, **digests))
    kept = dump_evidence(seen)
    return replace(result, kept=kept, evidence=hashlib.sha256(kept).hexdigest())


def put(store: Store, name: str, result: Result, key: str = "", at: str = "2026-11-01T12:00:00+00:00") -> None:
    """Store a result as that of a submission."""
    entry = Entry(name, result.submission.name, result.submission.sha256, f"id-{name}", f"{name.title()} Doe")
    key = key or f"key-{name} of {name}"
    document = replace(result, student=entry.student).document()
    store.put(Graded(key, standing(result), document, True, at, 1.0, result.kept), entry)


def make_class(folder: Path, sources: dict[str, str] | None = None) -> Path:
    """Make a class: anna and ben print nothing, carl prints no time, dora is right."""
    folder.mkdir(parents=True, exist_ok=True)
    with Store(folder) as store:
        store.set_items([item.id for item in ASSIGNMENT.rubric.items])
        known = {"anna": "x = 1", "ben": "y = 2", "carl": "print(1)\n\nz = 3", "dora": "print(time)"}
        for name, source in (known if sources is None else sources).items():
            put(store, name, graded_result(source, f"{name}.ipynb"))
    return folder
