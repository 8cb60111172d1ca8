"""Show a result in a terminal, or as an SVG picture of one."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.constrain import Constrain
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from grader.formatting import clean, number, one_line
from grader.language import said, tr
from grader.reports.audience import for_reader
from grader.reports.priorities import Priorities, priorities, untold
from grader.result import CheckResult, ItemResult

if TYPE_CHECKING:
    from grader.result import Result

MARKS = {
    "pass": ("✓", "green"),
    "partial": ("◐", "yellow"),
    "fail": ("✗", "red"),
    "skipped": ("·", "dim"),
    "review": ("?", "cyan"),
    "not_graded": ("–", "dim"),
    "error": ("!", "magenta"),
}


WIDEST = 110  # columns of the report; longer lines are hard to read
ADVISORY = "a self-check, for advice only: what counts is the instructor's grading"
_FONT_FACE = re.compile(r"\s*@font-face\s*\{[^}]*\}")
_OTHER_LINES = "\n│ "  # marks further lines of a student's text, which could otherwise pass for lines of the report


def report(result: Result, details: bool = False, told: Collection[str] = ()) -> RenderableType:
    """Return the report: what to mend, most important first, then what waits for a person, then what is right.

    `details` also lists the checks that passed, with what they found. `told` are the items whose verdicts the reader
    has seen already: of those that are right only the number is told.
    """
    result = for_reader(result)
    if result.status == "failed":
        failure = _hanging("✗", one_line(said(result.message)), "red")
        return _Narrow(Group(Rule(Text(one_line(result.submission.name))), failure, *_advisory(result)))
    found = priorities(result.items)
    parts: list[RenderableType] = [Rule(Text(one_line(result.submission.name), style="bold"))]
    parts += _to_mend(found, details, told)
    parts += [
        _item_line(item, tr("not started: {what}", what=one_line(said(item.title))))
        for item in found.not_started
        if details
    ]
    if found.not_started and not details:
        parts.append(_hanging("·", tr("not started: {what}", what=_ids(found.not_started))))
    parts += _to_wait(found, details, told)
    parts += _advice(result.items, () if details else found.right)
    if found.right and details:
        parts += [part for item in found.right for part in _whole(item)]
    elif found.right:
        count = len(found.right)
        many = tr("1 item") if count == 1 else tr("{count} items", count=count)
        known = all(item.id in told for item in found.right)
        words = f"{many} ({_pts(sum(item.score for item in found.right))})" if known else _ids(found.right)
        parts.append(_hanging("✓", tr("right: {items}", items=words), "green"))
    parts += [_hanging(tr("note:"), one_line(said(note)), "dim") for note in untold(result.notes, found)]
    parts += [Rule(), _hanging(tr("total:"), total_line(result), "bold"), *_advisory(result)]
    parts += [Text(where, style="dim") for where in (_where(result),) if where]
    return _Narrow(Group(*parts))


class _Narrow:
    """Shows something no wider than people read with ease."""

    def __init__(self, shown: RenderableType) -> None:
        self._shown = shown

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield what is shown, for rich."""
        yield Constrain(self._shown, WIDEST)


def _to_mend(found: Priorities, details: bool, told: Collection[str]) -> Iterator[RenderableType]:
    """Yield the items that lost points, most important first, each with what to mend."""
    if not found.mendings:
        return
    points = _pts(sum(mending.lost for mending in found.mendings))
    alone = len(found.mendings) == 1
    words = tr("to mend: {points}") if alone else tr("to mend: {points}; begin with the first")
    yield Text(words.format(points=points), "bold")
    for mending in found.mendings:
        lost = tr("{points} lost", points=_pts(mending.lost)) if mending.item.id in told else _points(mending.item)
        yield _item_line(mending.item, points=lost)
        hints: set[str] = set()
        for check in mending.checks:
            yield _indented(_lost_check(replace(check, hint="") if check.hint in hints else check))
            hints.add(check.hint)
        if mending.skipped:
            yield _indented(_hanging("·", _skipped_words(mending.skipped), "dim"))
        if mending.blocks:
            items = ", ".join(map(one_line, mending.blocks))
            yield _indented(_hanging("·", tr("the same fault costs points in {items}", items=items)))
        if details:
            yield from (_indented(_check(check)) for check in mending.item.checks if check.status == "pass")


def _to_wait(found: Priorities, details: bool, told: Collection[str]) -> Iterator[RenderableType]:
    """Yield what waits for a person, and what this machine cannot grade."""
    plain = [] if details else [waiting.item for waiting in found.waiting if not any(map(_tells, waiting.checks))]
    for waiting in found.waiting:
        if waiting.item in plain:
            continue
        if not any(mending.item == waiting.item for mending in found.mendings):
            yield _item_line(waiting.item, points="" if waiting.item.id in told else _points(waiting.item))
        else:
            yield Text("? " + tr("{item}, other checks", item=one_line(waiting.item.id)))
        shown = [check for check in waiting.checks if details or _tells(check)]
        first = [check for check in shown if details or not check.message.startswith("skipped:")]
        yield from (_indented(_check(check)) for check in first or shown)
    if plain:
        yield _hanging("?", tr("a person has yet to read {items}", items=_ids(plain)), "cyan")
    for message, items in _reasons(found.ungraded):
        yield _hanging("–", f"{said(message)}: {_ids(items, _ungraded)}", "dim")


def _tells(check: CheckResult) -> bool:
    """Return whether a check that waits has more to say than that somebody has yet to read an answer."""
    return check.status != "review" or bool(check.hint or check.evidence) or check.score < check.max_score


def _reasons(items: Sequence[ItemResult]) -> Iterator[tuple[str, list[ItemResult]]]:
    """Yield each reason why checks were not graded, with the items that they belong to."""
    found: dict[str, list[ItemResult]] = {}
    for item in items:
        for message in dict.fromkeys(check.message for check in item.checks if check.status == "not_graded"):
            found.setdefault(one_line(message), []).append(item)
    yield from found.items()


def _ungraded(item: ItemResult) -> float:
    return round(sum(check.max_score - check.score for check in item.checks if check.status == "not_graded"), 2)


def _most(item: ItemResult) -> float:
    return item.max_score


def _ids(items: Sequence[ItemResult], points: Callable[[ItemResult], float] = _most) -> str:
    names = ", ".join(one_line(item.id) for item in items)
    return f"{names} ({_pts(sum(map(points, items)))})"


def _pts(points: float) -> str:
    shown = number(round(points, 2))
    return tr("1 point") if shown == "1" else tr("{count} points", count=shown)


def _advice(items: Sequence[ItemResult], of: Sequence[ItemResult]) -> Iterator[RenderableType]:
    """Yield the hints to checks that passed, which cost nothing."""
    for item in items:
        advised = [check for check in item.checks if check.status == "pass" and check.hint and item in of]
        if advised:
            yield _item_line(item)
            yield from (_indented(_check(check)) for check in advised)


def _whole(item: ItemResult) -> Iterator[RenderableType]:
    yield _item_line(item)
    yield from (_indented(_check(check)) for check in item.checks)


def _where(result: Result) -> str:
    named = {"data": tr("data"), "device": tr("device")}
    known = {name: value for name in named if isinstance(value := result.environment.get(name), str)}
    where = [f"{named[name]}: {said(value)}" for name, value in known.items()]
    isolation = result.environment.get("isolation")
    if isinstance(isolation, Mapping):
        confined = isolation.get("confined") is True
        where.append(
            tr("confined by: {level}", level=isolation.get("level"))
            if confined
            else tr("not confined: it ran with your own permissions")
        )
    return one_line("; ".join(where))


def _hanging(label: str, text: str, style: str = "") -> RenderableType:
    """Return a label and a text that wraps beside it, so that no later line of the text looks like one of ours."""
    return _rows([(label, Text(text, style))], style)


def _rows(rows: Sequence[tuple[str, Text]], style: str = "") -> RenderableType:
    """Return labels and texts, each text with all its lines beside its label."""
    parts = []
    for label, text in rows:
        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        table.add_row(Text(label, style), text)
        parts.append(table)
    return Group(*parts)


def _indented(shown: RenderableType) -> RenderableType:
    return Padding(shown, (0, 0, 0, 4))


def _advisory(result: Result) -> list[RenderableType]:
    return [Text(said(ADVISORY), style="italic")] if result.advisory else []


def _skipped_words(checks: Sequence[CheckResult]) -> str:
    """Return one line for all skipped checks: they cost their points, but their messages add nothing."""
    names = ", ".join(one_line(check.id.split(".", 1)[-1]) for check in checks)
    points = _pts(sum(check.max_score for check in checks))
    return tr("skipped, because of the above: {checks} ({points})", checks=names, points=points)


def _item_line(item: ItemResult, title: str = "", points: str | None = None) -> RenderableType:
    mark, style = MARKS[item.status]
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(width=1)
    table.add_column(width=10)
    table.add_column(ratio=1)
    table.add_column(justify="right", no_wrap=True)
    shown = Text(_points(item) if points is None else points, style)
    table.add_row(Text(mark, style), Text(one_line(item.id), "bold"), Text(title or one_line(said(item.title))), shown)
    return table


def _points(item: ItemResult) -> str:
    most = number(item.max_score)
    if item.status == "not_graded":
        return f"– / {most}"
    if not item.waiting:
        return f"{number(item.score)} / {most}"
    earned = f"{number(item.confirmed)} + " if item.confirmed else ""
    return f"{earned}{tr('{points} waiting', points=number(item.waiting))} / {most}"


def verdict_line(item: ItemResult) -> str:
    """Return an item's verdict in one line, to print while other items are still being graded."""
    return f"{MARKS[item.status][0]} {one_line(item.id)}: {one_line(said(item.title))}, {_points(item)}"


def provisional_line(item: ItemResult, why: str) -> str:
    """Return an item's verdict so far in one line, with the first fault. `why` says what is still to be done.

    >>> lost = CheckResult("q3.time", "fail", 0.0, 3.5, "no seconds were printed")
    >>> provisional_line(ItemResult("q3", "Timing", 6.5, 10, "partial", (lost,)), "the rest of the notebook runs now")
    'so far 6.5 / 10 for q3: no seconds were printed; the rest of the notebook runs now'
    """
    fault = next((check.message for check in item.checks if check.status in ("fail", "partial")), item.title)
    return tr(
        "so far {points} for {item}: {fault}; {why}",
        points=_points(item),
        item=one_line(item.id),
        fault=one_line(said(fault)),
        why=one_line(said(why)),
    )


def _lost_check(check: CheckResult) -> RenderableType:
    mark, style = MARKS[check.status]
    rows = [("  " + tr("expected:"), Text(_lines(said(check.expected))))]
    if check.hint:
        rows.append(("  " + tr("hint:"), Text(_lines(said(check.hint)), "italic")))
    rows += [("  " + tr("fact:"), Text(_lines(said(fact)), "dim")) for fact in check.evidence]
    points = tr("{score} of {most} points", score=number(check.score), most=number(check.max_score))
    rows.append((" ", Text(points, "dim")))
    return Group(_hanging(mark, _lines(said(check.message)), style), _rows(rows))


def _check(check: CheckResult) -> RenderableType:
    if check.status in ("fail", "partial"):
        return _lost_check(check)
    mark, style = MARKS[check.status]
    rows: list[tuple[str, Text]] = []
    if check.status == "pass" and check.hint:
        rows.append(("  " + tr("hint, which costs nothing:"), Text(_lines(said(check.hint)), "italic")))
    elif check.status == "review" and check.hint:
        rows.append(("  " + tr("remark:"), Text(_lines(said(check.hint)), "yellow")))
    rows += [("  " + tr("fact:"), Text(_lines(said(fact)), "dim")) for fact in check.evidence]
    message = Text(_lines(said(check.message)), style if check.status == "error" else "")
    return Group(_rows([(mark, message)], style), _rows(rows))


def total_line(result: Result) -> str:
    """Return the total in one line: confirmed points, those that wait for a person, those that were not graded."""
    if result.status == "failed":
        return tr("could not be graded: {reason}", reason=one_line(said(result.message)))
    most = number(round(result.max_score - result.beyond, 2))
    line = tr("{score} of {most} points", score=number(result.confirmed), most=most)
    if result.waiting:
        line += " " + tr("confirmed + {points} waiting for a person", points=number(result.waiting))
    if result.beyond:
        reasons = {c.message for i in result.items for c in i.checks if c.status == "not_graded"}
        reason = next(iter(reasons)) if len(reasons) == 1 else "not graded here"
        line += f"; {number(result.beyond)} {one_line(said(reason))}"
    return line


def _lines(text: str) -> str:
    return clean(text).replace("\n", _OTHER_LINES)


def print_report(
    result: Result, console: Console | None = None, details: bool = False, told: Collection[str] = ()
) -> None:
    """Print the report, as `report` returns it; in colour only to a terminal."""
    (console or Console(highlight=False, markup=False, emoji=False)).print(report(result, details, told))


def svg(result: Result, width: int = 100) -> str:
    """Return the report as an SVG picture. It loads nothing from the network: rich's font is removed."""
    console = Console(record=True, width=width, file=io.StringIO(), highlight=False, force_terminal=True)
    console.print(report(result))
    picture = console.export_svg(title=f"grader check {one_line(result.submission.name)}")
    return _FONT_FACE.sub("", picture)
