"""A class that is graded by real worker processes, without the command line."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from grader.course.batch import grade_all
from grader.course.ingest.submissions import Submission
from grader.course.job import Job, Stop
from grader.course.workers import Lent, Workers
from grader.grading.messages import Terms
from grader.sandbox.limits import MIB, Limits
from grader.seeds import CANONICAL_SEED
from tests.attacks.deadline.course.rubric import ASSIGNMENT
from tests.watching import Watching

QUICK = Limits(reading_seconds=20, checking_seconds=5, grading_memory_bytes=1024 * MIB)
MARKER = f"4343.{os.getpid()}"


def terms(limits: Limits = QUICK, isolation: str = "none") -> Terms:
    package = "tests.attacks.deadline.course"
    return Terms(package, limits, sample=True, device="cpu", isolation=isolation, seed=CANONICAL_SEED, many=True)


def notebook(path: Path, *cells: str) -> Path:
    code = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for i, source in enumerate(cells)
    ]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": code}))
    return path


@dataclass
class Outcome:
    results: dict[str, Any]
    seen: Watching
    left: list[str] = field(default_factory=list)

    def message(self, name: str) -> str:
        assert self.results[name]["status"] == "failed"
        return str(self.results[name]["message"])


def grade_class(
    folder: Path,
    limits: Limits = QUICK,
    jobs: int = 1,
    lent: Lent = lambda: None,
    stop: Stop | None = None,
    workers: Workers | None = None,
    **sources: str,
) -> Outcome:
    """Grade a class of one-cell notebooks, given as name=source."""
    submissions = [Submission(notebook(folder / f"{name}.ipynb", source), name) for name, source in sources.items()]
    workers = workers or Workers(terms(limits), lent)
    watching = Watching()
    job = Job(ASSIGNMENT, folder / "out", lambda one: workers.grade(one.path), jobs)
    try:
        grade_all(submissions, job, watching, stop)
    finally:
        workers.close()
    written = {path.parent.name: json.loads(path.read_text()) for path in (folder / "out").glob("*/result.json")}
    return Outcome(written, watching)


def children_like(word: str) -> list[psutil.Process]:
    """Return the processes below this one whose command line contains a word."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(word in part for part in process.info["cmdline"] or []) and process.pid != os.getpid():
            found.append(process)
    return found
