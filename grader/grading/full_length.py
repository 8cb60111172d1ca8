"""Judge an item that lost points again on data as long as students had, if its cells rely on these lengths.

MNIST has 60,000 training images; a notebook that reshapes its ten losses per epoch, or divides by 157 test batches, is
right there and wrong on a shorter sample. Each check keeps the better of the two verdicts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from grader.assignment import Assignment
from grader.data.full_length import full_length
from grader.data.interface import DataError
from grader.grading.judge import Judge, item_result
from grader.grading.pipeline import Stages
from grader.grading.progress import Progress, Report
from grader.notebook.cells import Notebook, python_source
from grader.notebook.places import place
from grader.notebook.questions import locate
from grader.reports.evidence import Longer
from grader.result import CheckResult, ItemResult
from grader.run.kernels import LOAD, Kernels, Setup
from grader.slicing.item_cells import cells_for
from grader.temporary import temporary_folder


@dataclass(frozen=True)
class Reliance:
    """The cells that an item needs, and those of them that rely on the lengths of the data, with the numbers there."""

    cells: frozenset[int]
    named: Mapping[int, tuple[int, ...]]

    def told(self, notebook: Notebook) -> str:
        """Return the first cell with its numbers, in words."""
        cell, numbers = next(iter(self.named.items()))
        return f"{place(notebook, cell)} relies on {' and '.join(f'{number:,}' for number in numbers[:2])}"


def reliances(notebook: Notebook, assignment: Assignment, train_size: int, test_size: int) -> dict[str, Reliance]:
    """Return the items that may have to be judged on longer data than this, with the cells that rely on its length."""
    full = assignment.full_length
    if full is None or (train_size, test_size) == (full.train, full.test):
        return {}
    sources = {cell.index: python_source(cell.source) or "" for cell in notebook.code_cells}
    named = {at: found for at, source in sources.items() if (found := full.sizes.named_in(source))}
    if not named:
        return {}
    relying: dict[str, Reliance] = {}
    cells: frozenset[int] = frozenset(sources)
    for item in reversed(full.items):  # one without a section of its own needs what the next one needs
        cells = _needed(notebook, assignment, item) or cells
        mine = {at: numbers for at, numbers in named.items() if at in cells}
        if mine:
            relying[item] = Reliance(cells, mine)
    return relying


def _needed(notebook: Notebook, assignment: Assignment, item: str) -> frozenset[int]:
    """Return the cells that an item needs: by what they define, else all up to its section's end, if it has one."""
    needed = cells_for(notebook, assignment, item)
    if needed is not None:
        return needed
    section = locate(notebook, assignment.prompts, assignment.template(), {}).get(item)
    last = max(section.cells, default=-1) if section is not None else -1
    return frozenset(cell.index for cell in notebook.code_cells if cell.index <= last)


def judged_in_full(
    results: Sequence[ItemResult],
    relying: Mapping[str, Reliance],
    notebook: Notebook,
    setup: Setup,
    seed: int,
    assignment: Assignment,
    report: Report,
) -> tuple[tuple[ItemResult, ...], Longer | None]:
    """Return items' results with each check as it is judged on data of the full length, where that is better.

    Beside them, return what was seen on that data. The cells that the items need run once for all, in the time that
    the notebook has left. If the data cannot be made, a person decides on what lost points. Raises KernelStartError.
    """
    from grader.probe.loops import Lengths

    full = assignment.full_length
    if full is None or not results:
        return tuple(results), None
    why = {result.id: relying[result.id].told(notebook) for result in results}
    wanted = {result.id for result in results}
    rubric = replace(assignment.rubric, items=tuple(item for item in assignment.rubric.items if item.id in wanted))
    cells = frozenset().union(*(relying[item].cells for item in wanted))
    report(Progress("run", 0, len(cells), "once more, on data of the full length"))
    with temporary_folder("grader-task-") as folder:
        try:
            source = full_length(setup.source, full.train, full.test, folder)
        except (DataError, OSError):
            longer_seen = Longer(why)
            return judged_again(results, longer_seen, ()), longer_seen
        longer, judge = setup.over(source), Judge(rubric)
        lengths = Lengths(full.train, full.test, full.batch, full.batch)
        with Kernels() as kernels:
            fresh = kernels.start(lambda: longer.probed(assignment.folder), LOAD) if assignment.probes else None
            stages = Stages(
                notebook, longer, seed, assignment, kernels, fresh, report, judge, chosen=cells, lengths=lengths
            )
            stages.go()
    longer_seen = Longer(why, stages.evidence)
    return judged_again(results, longer_seen, judge.results), longer_seen


def judged_again(results: Sequence[ItemResult], longer: Longer, again: Sequence[ItemResult]) -> tuple[ItemResult, ...]:
    """Return the items with the better verdict of each check of those that `longer` names.

    `again` are their results on its evidence; without any evidence, a person decides on what they lost.
    """
    seen, later = longer.evidence, {result.id: result for result in again}
    if seen is None:
        return tuple(undecided(one, longer.why[one.id]) if one.id in longer.why else one for one in results)
    many = f"{seen.train_size:,} and {seen.test_size:,} images"
    return tuple(
        better(one, later[one.id], f"judged with {many}, as {longer.why[one.id]}")
        if one.id in longer.why and one.id in later
        else one
        for one in results
    )


def better(result: ItemResult, again: ItemResult, why: str) -> ItemResult:
    """Return the item with the better verdict of each check; `why` is appended to the message of a better one.

    >>> lost = CheckResult("q2.curves", "fail", 0.0, 3.0, "no curve was plotted")
    >>> kept = CheckResult("q2.curves", "pass", 3.0, 3.0, "two curves")
    >>> items = [ItemResult("q2", "Plot", check.score, 3.0, "fail", (check,)) for check in (lost, kept)]
    >>> better(*items, "judged with 60,000 images").checks[0].message
    'two curves (judged with 60,000 images)'
    """
    later = {check.id: check for check in again.checks}
    checks = tuple(_better(check, later.get(check.id, check), why) for check in result.checks)
    return item_result(result.id, result.title, result.max_score, checks) if checks != result.checks else result


def undecided(result: ItemResult, why: str) -> ItemResult:
    """Return the item with its lost checks left to a person, with the points that they have; `why` is told.

    >>> lost = CheckResult("q2.curves", "fail", 0.0, 3.0, "no curve was plotted")
    >>> plot = ItemResult("q2", "Plot", 0.0, 3.0, "fail", (lost,))
    >>> found = undecided(plot, "the cell under 'Question 2' relies on 10")
    >>> found.status, found.checks[0].message
    ('review', "no curve was plotted, but the cell under 'Question 2' relies on 10, so a person decides")
    """
    remark = "on data as long as the students had this may be right; the data that it was graded on is much shorter"
    checks = tuple(
        replace(check, status="review", message=f"{check.message}, but {why}, so a person decides", hint=remark)
        if check.status in ("fail", "partial", "skipped")
        else check
        for check in result.checks
    )
    return item_result(result.id, result.title, result.max_score, checks)


def _better(check: CheckResult, again: CheckResult, why: str) -> CheckResult:
    if again.status == "error" or again.score <= check.score or check.status == "not_graded":
        return check
    return replace(again, message=f"{again.message} ({why})")
