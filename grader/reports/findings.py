"""List what lost points with its place in the notebook's file, the worst first, for tools that point at lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from grader.formatting import number, one_line
from grader.reports.audience import for_students
from grader.reports.evidence import kept_evidence
from grader.reports.executed import item_place
from grader.reports.mentions import Mentions
from grader.reports.priorities import by_importance, is_not_started, lost_points

if TYPE_CHECKING:
    from grader.assignment import Evidence
    from grader.notebook.json_lines import CellLines
    from grader.reports.visibility import Level
    from grader.result import CheckResult, ItemResult, Result

Severity = Literal["error", "warning", "notice"]


@dataclass(frozen=True)
class Finding:
    """A finding of a check, and its place: `path` and `line` of the file, and the `end` of the lines that it is about.

    `lost` are the points that it cost; `share` is their part of the whole assignment's. An 'error' cost all points of
    a check, a 'warning' some of them, and a 'notice' none.
    """

    severity: Severity
    path: str
    line: int
    check: str
    title: str
    message: str
    lost: float = 0.0
    share: float = 0.0


def findings(
    result: Result, path: str, cells: Sequence[CellLines] = (), level: Level = "visible"
) -> tuple[Finding, ...]:
    """Return what was found, the most important first.

    `path` names the notebook's file as the platform knows it, `cells` are the places of its cells. `level` says which
    checks may be told.
    """
    if result.status == "failed":
        return (Finding("error", path, 1, "notebook", "could not be graded", one_line(result.message), 0.0, 1.0),)
    evidence, result = kept_evidence(result), for_students(result, level)
    places = _Places(evidence, cells)
    losing = by_importance([item for item in result.items if lost_points(item) > 0])
    found: list[Finding] = []
    for mending in losing:
        item = mending.item
        lost = mending.checks[:1] if is_not_started(item) else mending.checks
        for check in lost:
            cost = lost_points(item) if is_not_started(item) else check.max_score - check.score
            severity: Severity = "error" if check.status == "fail" else "warning"
            found.append(_finding(severity, path, places.line(item, check), item, check, cost, result.max_score))
    for item in result.items:
        for check in item.checks:
            if check.status == "error" or (check.status == "pass" and check.hint):
                found.append(_finding("notice", path, places.line(item, check), item, check, 0.0, result.max_score))
    return tuple(found)


def _finding(
    severity: Severity, path: str, line: int, item: ItemResult, check: CheckResult, lost: float, most: float
) -> Finding:
    parts = [one_line(check.message)]
    if severity != "notice" and check.expected:
        parts.append(f"expected: {one_line(check.expected)}")
    if check.hint:
        parts.append(f"hint: {one_line(check.hint)}")
    title = one_line(f"{item.id}, {item.title}") + (f": −{number(lost)} points" if lost else "")
    return Finding(
        severity, path, line, check.id, title, "\n".join(parts), round(lost, 2), lost / most if most > 0 else 0.0
    )


class _Places:
    """Finds the line of the file that a check's message speaks of, else that of its question's cell, else the first."""

    def __init__(self, evidence: Evidence | None, cells: Sequence[CellLines]) -> None:
        self._evidence, self._cells = evidence, cells
        self._mentions = Mentions(evidence.notebook if evidence is not None else None)

    def line(self, item: ItemResult, check: CheckResult) -> int:
        for mention in self._mentions.find(check.message):
            if mention.cell < len(self._cells):
                return self._cells[mention.cell].of(mention.line)
        place = None if self._evidence is None else item_place(self._evidence, item.id)
        if place is None or place >= len(self._cells):
            return 1
        return self._cells[place].of(None)
