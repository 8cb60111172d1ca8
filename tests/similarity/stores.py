"""Stores of results whose evidence holds notebooks, as `grader grade` leaves them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from grader.assignment import Evidence, Reference
from grader.course.scores import standing
from grader.course.store import Entry, Graded, Store, key_for
from grader.evidence.run import RunEvidence
from grader.notebook.cells import Notebook
from grader.notebook.questions import Section
from grader.reports.evidence import dump_evidence
from tests.conftest import make_result
from tests.similarity.made import IMPORTS, OTHER, TRAIN, notebook

ANSWER = (
    "The GPU needs less time for each epoch, but only a little, because copying the small batches takes about as long "
    "as the matrix products themselves."
)


def kept(one: Notebook, answers: Mapping[str, str]) -> bytes:
    sections = {item: Section(item, answer=answer) for item, answer in answers.items()}
    return dump_evidence(Evidence(one, sections, RunEvidence(), {}, {}, {}, Reference(), 512, 256))


def enter(
    folder: Path, name: str, one: Notebook | None, answers: Mapping[str, str] | None = None, student: str = ""
) -> None:
    """Store a row; None stands for a file that was no notebook."""
    folder.mkdir(parents=True, exist_ok=True)
    result = make_result(name)
    result = replace(result, submission=replace(result.submission, sha256=hashlib.sha256(name.encode()).hexdigest()))
    entry = Entry(
        name, f"{name}.ipynb", result.submission.sha256, f"n-{name}", student or name.title(), "2026-11-01T10:00"
    )
    evidence = kept(one, answers or {}) if one is not None else b""
    with Store(folder) as store:
        key = key_for(entry.sha256, entry.student)
        store.put(Graded(key, standing(result), result.document(), evidence=evidence), entry)


def made_store(folder: Path) -> Path:
    """Anna and Ben are alike, Carl is not, Dora handed in no notebook."""
    enter(folder, "anna", notebook("## Question 5", IMPORTS, TRAIN), {"q6": ANSWER})
    enter(folder, "ben", notebook(IMPORTS, "# mine\n" + TRAIN.replace("total", "acc")), {"q6": ANSWER})
    enter(folder, "carl", notebook(IMPORTS, OTHER), {"q6": "Hardly: reading the pictures from the disk is slow."})
    enter(folder, "dora", None)
    return folder
