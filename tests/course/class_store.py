"""A class in a store, made from code alone: gradings of a tiny assignment, with evidence."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from grader.assignment import Assignment, Check, Evidence, Fail, Item, Review, Rubric, Threshold
from grader.course.scores import standing
from grader.course.store import Entry, Graded, Store
from grader.grading.replay import Material, judged
from grader.notebook.cells import Cell
from grader.reports.evidence import dump_evidence
from grader.result import Digests, Result, Submitted, total
from tests.conftest import empty_evidence


def prints(e: Evidence) -> str:
    """Something is printed."""
    if not any("print" in cell.source for cell in e.notebook.cells):
        raise Fail("nothing is printed in 1 of 3 cells", "one print", "What shows a value?")
    return "printed"


def timed(e: Evidence) -> str:
    """The time is printed."""
    if not any("time" in cell.source for cell in e.notebook.cells):
        raise Fail(f"{len(e.notebook.cells)} cells print no time", "a time", "What tells the time?", credit=0.5)
    return "a time"


def low(e: Evidence) -> str:
    """The loss is low."""
    limit = e.reference.thresholds["loss"]
    if limit.high is not None and limit.high < 0.5:
        raise Fail(f"the loss is above {limit.high:g}")
    return "low"


def answered(e: Evidence) -> Review:
    """The question is answered."""
    return Review("a person decides", ("the loss fell",))


ASSIGNMENT = Assignment(
    "tiny",
    Rubric(
        "tiny",
        (
            Item("q1", "Printing", 4, (Check("q1.print", 2, prints), Check("q1.time", 2, timed, ("q1.print",)))),
            Item("q2", "Loss", 3, (Check("q2.low", 3, low),)),
            Item("q3", "Answer", 5, (Check("q3.answer", 5, answered),)),
        ),
    ),
    (),
    lambda: (),
    (),
    (),
    None,
    (),
    lambda run: {},
    lambda size: {"loss": Threshold(None, 0.6, "20 seeds")},
)


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
