"""Judge a check that raised once more, without the cells whose text or figures it choked on.

Text, figures and figures' labels are the student's and may be anything. A check that chokes on one of them must neither
take the points of the other cells' work, nor keep points from being lost.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields, replace
from typing import Generic, TypeVar

from grader.assignment import Evidence, Fail, NotGraded
from grader.evidence.run import CellRun

MOST_LEFT_OUT = 3  # cells; each costs as many runs of the check as the number of cells has binary digits

R = TypeVar("R")


@dataclass(frozen=True)
class Judged(Generic[R]):
    """The outcome of a check: its return value, `Fail` or `NotGraded`, and the cells that were left out."""

    given: R | Fail | NotGraded
    left_out: tuple[int, ...] = ()


def judged(check: Callable[[Evidence], R], evidence: Evidence) -> Judged[R]:
    """Run a check, and run it again without the cells that it chokes on if it raises.

    Raises its first exception if it raises even without what all cells show, or if it chokes on too many cells.
    """
    try:
        return Judged(_given(check, evidence))
    except Exception as error:
        first = error
    places = sorted({*(cell.index for cell in evidence.notebook.cells), *(cell.index for cell in evidence.run.cells)})
    left_out: tuple[int, ...] = ()
    while len(left_out) < MOST_LEFT_OUT and not _raises(check, evidence, places):
        culprit = _first_culprit(check, evidence, places, left_out)
        left_out += (culprit,)
        try:
            return Judged(_given(check, without_cells(evidence, left_out)), left_out)
        except Exception:
            continue
    raise first


def _first_culprit(
    check: Callable[[Evidence], R], evidence: Evidence, places: Sequence[int], left_out: Sequence[int]
) -> int:
    """Return the first cell with which the check raises, if those after it and `left_out` are left out."""
    low, high = 0, len(places)  # it does not raise with the first `low` of them, and does with the first `high`
    while high - low > 1:
        middle = (low + high) // 2
        if _raises(check, evidence, (*places[middle:], *left_out)):
            high = middle
        else:
            low = middle
    return places[low]


def _raises(check: Callable[[Evidence], R], evidence: Evidence, left_out: Collection[int]) -> bool:
    try:
        _given(check, without_cells(evidence, left_out))
    except Exception:
        return True
    return False


def _given(check: Callable[[Evidence], R], evidence: Evidence) -> R | Fail | NotGraded:
    try:
        return check(evidence)
    except (Fail, NotGraded) as verdict:
        return verdict


def without_cells(evidence: Evidence, left_out: Collection[int]) -> Evidence:
    """Return the evidence without the texts, figures and profiles of some cells. Their passes stay: they are numbers.

    Raises whatever reading missing parts of the evidence raises.
    """
    gone, run, notebook = frozenset(left_out), evidence.run, evidence.notebook
    parts = {field.name: getattr(evidence, field.name) for field in fields(Evidence)}
    parts["run"] = replace(
        run,
        cells=tuple(_silent(cell) if cell.index in gone else cell for cell in run.cells),
        figures=tuple(figure for figure in run.figures if figure.cell not in gone),
        profiles=tuple(profile for profile in run.profiles if profile.cell not in gone),
    )
    parts["notebook"] = replace(
        notebook,
        cells=tuple(
            replace(cell, source="", stored_text="") if cell.index in gone else cell for cell in notebook.cells
        ),
    )
    parts["sections"] = {
        item: replace(section, answer="") if gone.intersection(section.answer_cells) else section
        for item, section in evidence.sections.items()
    }
    rest = Evidence(**parts)
    if "all_trainings" in vars(evidence):  # they follow from the passes, and take a while to assemble
        vars(rest)["all_trainings"] = evidence.all_trainings
    return rest


def _silent(cell: CellRun) -> CellRun:
    error = replace(cell.error, message="", traceback="") if cell.error is not None else None
    return replace(cell, text="", stdout="", error=error)
