"""Keep the evidence of a grading beside its result, for pictures and for judging again."""

from __future__ import annotations

from dataclasses import replace

from grader.assignment import Evidence
from grader.evidence import kept
from grader.evidence.decode import Malformed
from grader.result import Result


def dump_evidence(evidence: Evidence) -> bytes:
    """Return the evidence for `load_evidence`: without the weights and data files, which only the grading itself needs.

    Nothing if it is too large.
    """
    beside = evidence.notebook.beside
    files = tuple(one if one.name.endswith(".py") else replace(one, content=b"") for one in beside.files)
    notebook = replace(evidence.notebook, beside=replace(beside, files=files))
    try:
        return kept.dump(replace(evidence, notebook=notebook, run=replace(evidence.run, weights=())))
    except ValueError:
        return b""


def kept_evidence(result: Result) -> Evidence | None:
    """Return the evidence that was kept with a result; None without one, or if another version of grader kept it."""
    try:
        return load_evidence(result.kept) if result.kept else None
    except Malformed:
        return None


def load_evidence(data: bytes) -> Evidence:
    """Return the evidence that `dump_evidence` wrote. Raises Malformed for anything else."""
    from grader.evidence.probes import LoaderProbe, LoopProbe, ModelProbe
    from grader.notebook.cells import Notebook
    from grader.notebook.questions import Section

    return kept.load(data, Evidence, (LoaderProbe, LoopProbe, ModelProbe, Notebook, Section))
