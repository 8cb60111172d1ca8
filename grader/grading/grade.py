"""Grade one submission: read it, run it, probe it, check it, and add it up to a `Result`."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from grader.answer_key.file import is_bundle
from grader.assignment import (
    Assignment,
    AssignmentError,
    Evidence,
    default_assignment,
    load_assignment,
    look_in_checkout,
)
from grader.grading.full_length import judged_in_full, reliances
from grader.grading.judge import Judge, PartialEvidence
from grader.grading.notes import notes
from grader.grading.pipeline import Stages
from grader.grading.progress import Progress as Progress
from grader.grading.progress import Report as Report
from grader.grading.progress import SoFar
from grader.grading.wanted import wanted_items
from grader.machine import Device, find_gpu
from grader.notebook.beside import named_beside
from grader.notebook.helper_files import Beside, read_helper_files
from grader.notebook.reader import UnreadableNotebook, read_notebook
from grader.provenance import digests
from grader.provenance.environment import environment
from grader.reports.evidence import Longer, dump_bounded
from grader.result import ItemResult, Result, Submitted, total
from grader.run.kernels import LOAD, Kernels, Setup
from grader.sandbox.confinement.backends import find_backend
from grader.sandbox.limits import Limits
from grader.seeds import CANONICAL_SEED, commitment, kernel_seed, secret_seed


def grade(
    path: str | Path,
    assignment: str | Path | Assignment | None = None,
    *,
    data: Path | None = None,
    sample: bool = False,
    device: Device = "auto",
    limits: Limits | None = None,
    only: str | Collection[str] | None = None,
    progress: Report | None = None,
    verdict: Callable[[ItemResult], None] | None = None,
    so_far: SoFar | None = None,
    seed: int | None = CANONICAL_SEED,
    isolation: str = "auto",
    cores: int = 1,
    beside: Beside | None = None,
) -> Result:
    """Grade the notebook at `path` and return its result, of status 'failed' if it cannot be graded at all.

    `assignment` is the name of its package, or a file for students, which grades under the public seed only. None takes
    the one that the variable GRADER_ASSIGNMENT names, the package `reference`, or the only .grader file in the working
    folder.

    `data` is a folder with MNIST, `sample` forces the sample that ships; by default the cache is used if it has MNIST.
    `device` is one of `grader.machine.DEVICES`. `only` keeps one item or several, in any case, and runs no more than
    they need. `progress` is called before each step, `verdict` with each item's result as soon as it is final, in any
    order, from any thread. `so_far` is called with an item's result on a part of the run, and the reason why it is not
    final.

    `seed` seeds the harness, for each notebook in another way. None takes the one of this machine's secret (OSError
    without a cache), under which nobody knows in advance what a correct training gives. `isolation` is one of
    `grader.sandbox.limits.ISOLATION`: 'auto' refuses if notebooks cannot be confined, 'none' requires no confinement.
    `cores` is the number of cores that may be kept busy: with two, torch has two threads and the notebook is probed
    while it runs. `beside` are the helper files that were handed in with the notebook, as pairs of a name and the path
    on disk; None takes the files in the notebook's folder that its code imports or names.

    The notebook runs in kernels of its own, all else in this process. The command line also limits the time and memory
    of the latter, in a worker process; of `limits` nothing here enforces that.

    Raises AssignmentError, DataError, DeviceError, IsolationError and KeyError (no such item) for the caller's
    mistakes, and KernelStartError if no kernel can be started; never anything for a student's mistake.
    """
    from grader.data.sources import find_data

    began, path = time.monotonic(), Path(path)
    report = progress or (lambda _: None)
    source, gpu = find_data(data, sample), find_gpu(device)
    assignment = default_assignment() if assignment is None else assignment
    try:
        notebook = read_notebook(path)
    except UnreadableNotebook as error:
        assignment = assignment if isinstance(assignment, Assignment) else load_assignment(assignment)
        wanted_items(assignment.rubric, only)
        report(Progress("read", 0, 1, path.name))
        result = failed(assignment, path.name, str(error), digests.of_file(path), source.sha256)
        return replace(result, digests=replace(result.digests, files=read_helper_files(beside or ()).digest))
    helpers = read_helper_files(named_beside(notebook) if beside is None else beside)
    notebook = replace(notebook, beside=helpers)
    backend = find_backend(isolation)
    seed = secret_seed(source.sha256) if seed is None else seed
    inside = kernel_seed(seed, notebook.sha256)
    setup = Setup(source, gpu, limits or Limits(), inside, backend, cores, helpers)
    with Kernels() as kernels:
        hidden = _folder(assignment)
        unknown = not isinstance(assignment, Assignment)
        # A kernel for the probes starts while the assignment is imported.
        early = kernels.start(lambda: setup.probed(hidden), LOAD) if hidden and unknown else None
        assignment = assignment if isinstance(assignment, Assignment) else load_assignment(assignment)
        wanted = wanted_items(assignment.rubric, only)
        _need_public(assignment, seed)
        report(Progress("read", 1, 1, path.name))
        # Taken before any student code runs, so that it cannot affect them.
        digested = replace(digests.digests(assignment, notebook.sha256, source.sha256), files=helpers.digest)
        folder = assignment.folder
        fresh = early if hidden == folder else None
        if fresh is None and assignment.probes:
            fresh = kernels.start(lambda: setup.probed(folder), LOAD)
        relying = reliances(notebook, assignment, source.train_size, source.test_size)
        told, meanwhile = verdict or (lambda _: None), so_far or (lambda *_: None)

        def tell(item: ItemResult) -> None:
            if item.id not in relying or _whole(item):
                told(item)
            else:
                meanwhile(item, "it is judged once more on data of the full length")

        judge = Judge(assignment.rubric, wanted, tell)
        stages = Stages(notebook, setup, seed, assignment, kernels, fresh, report, judge, wanted, meanwhile)
        run = stages.go()
    short = [item for item in judge.results if item.id in relying and not _whole(item)]
    again, longer_seen = judged_in_full(short, relying, notebook, setup, seed, assignment, report)
    longer = {item.id: item for item in again}
    for item in again:
        told(item)
    results = tuple(longer.get(item.id, item) for item in judge.results)
    kept = _kept(stages.evidence, longer_seen)
    seconds = {**stages.seconds, "all": round(time.monotonic() - began, 2)}
    where = environment(gpu, source.describe(), commitment(seed), backend, setup.limits, setup.threads, seconds)
    submitted = Submitted(notebook.name, notebook.sha256)
    result = total(assignment.name, submitted, results, where, notes(notebook, run), digested)
    return replace(result, evidence=hashlib.sha256(kept).hexdigest() if kept else "", kept=kept)


def _whole(item: ItemResult) -> bool:
    """Return whether an item lost no points that other data could give back."""
    return not any(check.status in ("fail", "partial", "skipped") for check in item.checks)


def _kept(evidence: Evidence | None, longer: Longer | None) -> bytes:
    """Return the evidence as it is kept; nothing if there is none, or too much of it."""
    if evidence is None or isinstance(evidence, PartialEvidence):
        return b""
    return dump_bounded(evidence, longer)


def _need_public(assignment: Assignment, seed: int) -> None:
    """Raise AssignmentError if the assignment is a file for students and the seed is not theirs."""
    if assignment.file is not None and seed != CANONICAL_SEED:
        raise AssignmentError(
            f"'{assignment.file.path.name}' is a file for students: it holds answers for their public seed only; grade "
            "with the assignment's package"
        )


def _folder(assignment: str | Path | Assignment) -> Path | None:
    """Return the folder that notebooks must not see. For the name of a package it is found without importing it."""
    if isinstance(assignment, Assignment):
        return assignment.folder
    if isinstance(assignment, Path) or is_bundle(assignment):
        return Path(assignment) if Path(assignment).is_file() else None
    look_in_checkout()
    try:
        spec = importlib.util.find_spec(assignment)
    except (ImportError, ValueError):
        spec = None
    folders = spec.submodule_search_locations if spec else None
    return Path(next(iter(folders))) if folders else None


def failed(assignment: Assignment, name: str, message: str, sha256: str = "", data: str = "") -> Result:
    """Return the result of a submission that could not be graded at all. `message` says why, in one sentence.

    `sha256` and `data` are the digests of the submission and of the data, if they are known.
    """
    return Result(
        assignment=assignment.name,
        submission=Submitted(name, sha256),
        score=0.0,
        max_score=assignment.rubric.points,
        status="failed",
        message=message,
        digests=digests.digests(assignment, sha256, data),
    )
