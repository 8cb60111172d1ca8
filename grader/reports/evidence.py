"""Keep the evidence of a grading beside its result, for pictures and for judging again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from grader.assignment import Evidence
from grader.evidence import kept
from grader.evidence.decode import Malformed
from grader.formatting import one_line
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


def with_kept_evidence(result: Result, make: Callable[[Result, Evidence | None], str]) -> str:
    """Return the report that `make` makes of a result and its evidence, of the result alone if that raises.

    A student's process said what stands in the evidence: no picture of it may cost a result, or stop a class.
    """
    try:
        return make(result, kept_evidence(result))
    except Exception as error:
        note = (
            f"the run could not be shown here ({type(error).__name__}: {one_line(str(error))[:200]}); please report it"
        )
        return make(replace(result, notes=(*result.notes, note)), None)


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
