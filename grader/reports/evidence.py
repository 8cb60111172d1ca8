"""Keep the evidence of a grading beside its result, for pictures and for judging again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from grader.assignment import Evidence
from grader.evidence import kept
from grader.evidence.decode import Malformed
from grader.evidence.run import CellRun
from grader.formatting import one_line
from grader.result import Result

if TYPE_CHECKING:
    from grader.notebook.cells import Notebook
    from grader.notebook.questions import Section

MOST_KEPT = 6 << 20  # bytes of kept evidence; it takes about 1.1 MB, and as much again with longer data


@dataclass(frozen=True)
class Longer:
    """The evidence of a notebook's cells on data of the full length.

    `why` says, for each item that was judged on it, which cell relies on that length. `evidence` is None if there is no
    such data here.
    """

    why: Mapping[str, str] = field(default_factory=dict)
    evidence: Evidence | None = None


def dump_evidence(evidence: Evidence, longer: Longer | None = None) -> bytes:
    """Return the evidence for `load_evidence`: without the weights and data files, which only the grading itself needs.

    `longer` follows it, for `load_longer`. Nothing if it is too large.
    """
    beside = evidence.notebook.beside
    files = tuple(one if one.name.endswith(".py") else replace(one, content=b"") for one in beside.files)
    notebook = replace(evidence.notebook, beside=replace(beside, files=files))
    try:
        kept_first = kept.dump(replace(evidence, notebook=notebook, run=replace(evidence.run, weights=())))
        return kept_first + (kept.dump(_lean(longer)) if longer is not None else b"")
    except ValueError:
        return b""


def dump_bounded(evidence: Evidence, longer: Longer | None = None) -> bytes:
    """Return the evidence as `dump_evidence` does, within `MOST_KEPT` bytes.

    If that is too much, pictures are left out, and then what was seen on longer data; nothing if that is not enough.
    """
    for parts in ((evidence, longer), (without_pictures(evidence), longer), (without_pictures(evidence), None)):
        dumped = dump_evidence(*parts)
        if dumped and len(dumped) <= MOST_KEPT:
            return dumped
    return b""


def without_pictures(evidence: Evidence) -> Evidence:
    """Return the evidence without the pictures that cells showed, on which no verdict rests."""
    cells = tuple(replace(cell, pictures=()) for cell in evidence.run.cells)
    return replace(evidence, run=replace(evidence.run, cells=cells))


def _lean(longer: Longer) -> Longer:
    """Leave out what the evidence before it holds too, or what only people look at."""
    if longer.evidence is None:
        return longer
    evidence = without_pictures(longer.evidence)
    notebook = replace(evidence.notebook, cells=(), beside=replace(evidence.notebook.beside, files=()))
    return replace(longer, evidence=replace(evidence, notebook=notebook, run=replace(evidence.run, weights=())))


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
    return kept.load(data, Evidence, _types())


@dataclass(frozen=True)
class Seen:
    """The part of the evidence that people read: the notebook, the runs of its cells, the places of the questions."""

    notebook: Notebook
    runs: tuple[CellRun, ...]
    sections: Mapping[str, Section]


def kept_cells(result: Result) -> Seen | None:
    """Return what people read of the evidence that was kept with a result; None as in `kept_evidence`.

    It takes a tenth of the time that all of the evidence takes.
    """
    from grader.notebook.cells import Notebook
    from grader.notebook.questions import Section

    wanted = {("notebook",): Notebook, ("run", "cells"): tuple[CellRun, ...], ("sections",): Mapping[str, Section]}
    try:
        return Seen(*kept.parts(result.kept, wanted)) if result.kept else None
    except Malformed:
        return None


def load_longer(data: bytes, evidence: Evidence) -> Longer | None:
    """Return what follows `evidence` in the data that `dump_evidence` wrote; None if nothing does. Raises Malformed."""
    rest = kept.after(data)
    if not rest:
        return None
    longer = kept.load(rest, Longer, (*_types(), Evidence))
    if longer.evidence is None:
        return longer
    return replace(longer, evidence=replace(longer.evidence, notebook=evidence.notebook))


def _types() -> tuple[type, ...]:
    from grader.evidence.probes import LoaderProbe, LoopProbe, ModelProbe
    from grader.notebook.cells import Notebook
    from grader.notebook.questions import Section

    return LoaderProbe, LoopProbe, ModelProbe, Notebook, Section
