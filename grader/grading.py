"""Grade one submission: read it, run it, probe it, check it, and add it up to a `Result`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grader.notebook import UnreadableNotebook, read_notebook
from grader.result import Result, Submitted
from grader.rubric import Assignment
from grader.sandbox.policy import Limits

CANONICAL_SEED = 20_240_917  # any fixed number: the harness owns the random numbers of every run


@dataclass(frozen=True)
class Progress:
    """Where a grading stands: `done` of `total` steps of a phase, and what is being done."""

    phase: Literal["read", "run", "probe", "check"]
    done: int
    total: int
    detail: str


Report = Callable[[Progress], None]


class AssignmentError(Exception):
    """The assignment that was asked for cannot be loaded; the message is one sentence."""


def load_assignment(name: str) -> Assignment:
    """Load the assignment of the package `name`, which has a module `rubric` with an `ASSIGNMENT`.

    Raises AssignmentError when there is no such package or it is not an assignment.
    """
    try:
        module = importlib.import_module(f"{name}.rubric")
    except ModuleNotFoundError as error:
        if error.name and f"{name}.rubric".startswith(error.name):
            raise AssignmentError(
                f"no assignment {name!r}: a package with a module '{name}.rubric' must be importable from here"
            ) from None
        raise AssignmentError(
            f"the assignment {name!r} needs the package {error.name!r}, which is not installed"
        ) from None
    assignment = getattr(module, "ASSIGNMENT", None)
    if not isinstance(assignment, Assignment):
        raise AssignmentError(f"{name}.rubric defines no ASSIGNMENT of type grader.rubric.Assignment")
    return assignment


def grade(
    path: str | Path,
    assignment: str | Assignment = "reference",
    *,
    data: Path | None = None,
    sample: bool = False,
    device: str = "auto",
    limits: Limits | None = None,
    only: str | None = None,
    progress: Report | None = None,
) -> Result:
    """Grade the notebook at `path` and return its result; a submission that cannot be graded gives a 'failed' one.

    `data` is a folder with MNIST, `sample` forces the sample that ships; by default the cache is used when it holds MNIST.
    `device` is 'auto', 'cpu' or 'cuda'. `only` keeps one item. Raises AssignmentError, DataError and KeyError (no such item)
    for mistakes of the caller's, never for one of the student's.
    """
    from grader.data.sources import find_data

    assignment = load_assignment(assignment) if isinstance(assignment, str) else assignment
    if only is not None:
        assignment.rubric.item(only)
    source = find_data(data, sample)
    limits = limits or Limits()
    report = progress or (lambda _: None)
    path = Path(path)
    report(Progress("read", 0, 1, path.name))
    try:
        notebook = read_notebook(path)
    except UnreadableNotebook as error:
        return failed(assignment, path.name, str(error))
    return _Grading(assignment, notebook, source, device, limits, report).result(only)


def failed(assignment: Assignment, name: str, message: str, sha256: str = "") -> Result:
    """The result of a submission that could not be graded at all; `message` says why, in one sentence."""
    return Result(
        assignment=assignment.name,
        submission=Submitted(name, sha256),
        score=0.0,
        max_score=assignment.rubric.points,
        status="failed",
        message=message,
    )
