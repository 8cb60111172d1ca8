"""All that stands beside an appeal: the verdicts in question, the cells of their question, and who lost by the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.course import verdicts
from grader.course.appeals import Appeal, in_question, others
from grader.course.points import result_with_points
from grader.course.store import Store, read_document
from grader.course.stored import named
from grader.reports.evidence import kept_cells
from grader.reports.mentions import Mentions, mentioned
from grader.result import CheckResult, Result

MOST_CELLS = 30  # of a question's section
MOST_TEXT = 6_000  # characters of a cell's source, and of its output


@dataclass(frozen=True)
class ShownCell:
    """A cell that an appeal is about: its source, what the run printed, and the exception that ended it."""

    index: int
    kind: str
    source: str
    output: str = ""
    error: str = ""


@dataclass(frozen=True)
class DisputedCheck:
    """A verdict in question, and the names of the other submissions that lost points by it for the same reason.

    The verdicts of those in `resembling` begin with the same words and tell another cause.
    """

    verdict: CheckResult
    item: str
    alike: tuple[str, ...] = ()
    resembling: tuple[str, ...] = ()


@dataclass(frozen=True)
class Disputed:
    """The subject of an appeal. `result` has its evidence; `cells` are empty if none was kept."""

    appeal: Appeal
    result: Result
    checks: tuple[DisputedCheck, ...]
    cells: tuple[ShownCell, ...]

    @property
    def others(self) -> tuple[str, ...]:
        """The names of all other submissions that lost points by a check in question for the same reason."""
        return tuple(sorted({name for check in self.checks for name in check.alike}))

    @property
    def resembling(self) -> tuple[str, ...]:
        """The names of those whose verdicts only begin with the same words."""
        return tuple(sorted({name for check in self.checks for name in check.resembling} - set(self.others)))


def disputed(store: Store, appeal: Appeal) -> Disputed:
    """Return what an appeal is about. Raises StoreError, and MarkError if its submission is gone."""
    _, key = named(store, appeal.submission)
    result = result_with_points(read_document(store.document(key)), store.points())
    result = result.with_evidence(store.evidence(key))
    told = {check.id: check for item in result.items for check in item.checks}
    by_check = others(store, appeal)
    question = in_question(appeal, verdicts.of_submission(store, appeal.submission))
    checks = tuple(
        DisputedCheck(told[one.check], one.item, *by_check[one.check]) for one in question if one.check in told
    )
    items = tuple(dict.fromkeys(check.item for check in checks))
    spoken = [text for one in checks for text in _texts(one.verdict)]
    return Disputed(appeal, result, checks, tuple(_cells(result, items, [*spoken, appeal.text])))


def _texts(check: CheckResult) -> tuple[str, ...]:
    return check.message, check.expected, check.hint, *check.evidence


def _cells(result: Result, items: Sequence[str], texts: Sequence[str]) -> Iterator[ShownCell]:
    """Yield the cells of the items' sections and those that the texts speak of, in order."""
    seen = kept_cells(result)
    if seen is None:
        return
    sections = [seen.sections[item] for item in items if item in seen.sections]
    places = {place for section in sections for place in (*section.cells, *section.answer_cells)}
    places |= mentioned(texts, Mentions(seen.notebook)).keys()
    ran = {run.index: run for run in seen.runs}
    for cell in [cell for cell in seen.notebook.cells if cell.index in places][:MOST_CELLS]:
        run = ran.get(cell.index)
        error = f"{run.error.name}: {run.error.message}" if run is not None and run.error is not None else ""
        output = run.text if run is not None else ""
        yield ShownCell(cell.index, cell.kind, _short(cell.source), _short(output), _short(error))


def _short(text: str) -> str:
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}\n[{len(text) - MOST_TEXT:,} more characters]"
