"""Show a result in a terminal, or as an SVG picture of one."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from grader.formatting import clean, number, one_line
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


ADVISORY = "a self-check, for advice only: what counts is the instructor's grading"
_FONT_FACE = re.compile(r"\s*@font-face\s*\{[^}]*\}")
_OTHER_LINES = "\n  │ "  # marks further lines of a student's text, which could otherwise pass for lines of the report


def report(result: Result, details: bool = False) -> RenderableType:
    """Return the report. `details` also lists the checks that passed, with what they found."""
    if result.status == "failed":
        failure = _hanging("✗", one_line(result.message), "red")
        return Group(Rule(Text(one_line(result.submission.name))), failure, *_advisory(result))
    parts: list[RenderableType] = [Rule(Text(one_line(result.submission.name), style="bold"))]
    parts += [_hanging("note:", one_line(note), "dim") for note in result.notes]
    for item in result.items:
        parts.append(_item_line(item))
        shown = [check for check in item.checks if details or check.status != "pass" or check.hint]
        if len({check.message for check in shown}) == 1 and shown[0].status == "not_graded":
            shown = shown[:1]
        skipped = [check for check in shown if check.status == "skipped"]
        parts += [Padding(_check(check), (0, 0, 0, 4)) for check in shown if check.status != "skipped"]
        if skipped:
            parts.append(Padding(Text(_skipped_line(skipped), "dim"), (0, 0, 0, 4)))
    parts += [Rule(), _hanging("total:", total_line(result), "bold"), *_advisory(result)]
    where = [
        f"{name}: {value}" for name in ("data", "device") if isinstance(value := result.environment.get(name), str)
    ]
    isolation = result.environment.get("isolation")
    if isinstance(isolation, Mapping):
        confined = isolation.get("confined") is True
        where.append(
            f"confined by: {isolation.get('level')}" if confined else "not confined: it ran with your own permissions"
        )
    return Group(*parts, *([Text(one_line("; ".join(where)), style="dim")] if where else []))


def _hanging(label: str, text: str, style: str) -> RenderableType:
    """Return a label and a text that wraps beside it, so that no later line of the text looks like one of ours."""
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(Text(label, style), Text(text, style))
    return table


def _advisory(result: Result) -> list[RenderableType]:
    return [Text(ADVISORY, style="italic")] if result.advisory else []


def _skipped_line(checks: Sequence[CheckResult]) -> str:
    """Return one line for all skipped checks: they cost their points, but their messages add nothing."""
    names = ", ".join(one_line(check.id.split(".", 1)[-1]) for check in checks)
    points = number(sum(check.max_score for check in checks))
    return f"· skipped, because of the above: {names} ({points} points)"


def _item_line(item: ItemResult) -> RenderableType:
    mark, style = MARKS[item.status]
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(width=1)
    table.add_column(width=10)
    table.add_column(ratio=1)
    table.add_column(justify="right")
    points = Text(_points(item), style)
    table.add_row(Text(mark, style), Text(one_line(item.id), "bold"), Text(one_line(item.title)), points)
    return table


def _points(item: ItemResult) -> str:
    most = number(item.max_score)
    if item.status == "not_graded":
        return f"– / {most}"
    return f"({number(item.score)}) / {most}" if item.provisional else f"{number(item.score)} / {most}"


def verdict_line(item: ItemResult) -> str:
    """Return an item's verdict in one line, to print while other items are still being graded."""
    return f"{MARKS[item.status][0]} {one_line(item.id)}: {one_line(item.title)}, {_points(item)}"


def _check(check: CheckResult) -> RenderableType:
    mark, style = MARKS[check.status]
    text = Text()
    text.append(f"{mark} ", style)
    text.append(_lines(check.message), style if check.status in ("fail", "partial", "error") else "")
    if check.status in ("fail", "partial"):
        text.append(f"\n  expected: {_lines(check.expected)}", "")
        if check.hint:
            text.append(f"\n  hint: {_lines(check.hint)}", "italic")
        text.append(f"\n  {number(check.score)} of {number(check.max_score)} points", "dim")
    elif check.status == "pass" and check.hint:
        text.append(f"\n  hint, which costs nothing: {_lines(check.hint)}", "italic")
    elif check.status == "review" and check.hint:
        text.append(f"\n  remark: {_lines(check.hint)}", "yellow")
    for fact in check.evidence:
        text.append(f"\n  fact: {_lines(fact)}", "dim")
    return text


def total_line(result: Result) -> str:
    """Return the total in one line, with the points that were not graded and those that a person has yet to confirm."""
    if result.status == "failed":
        return f"could not be graded: {one_line(result.message)}"
    line = f"{number(result.score)} of {number(round(result.max_score - result.ungraded, 2))} points"
    if result.ungraded:
        reasons = {c.message for i in result.items for c in i.checks if c.status == "not_graded"}
        reason = next(iter(reasons)) if len(reasons) == 1 else "not graded here"
        line += f"; {number(result.ungraded)} {one_line(reason)}"
    if result.provisional:
        line += f"; {number(result.provisional)} of them provisional until a person has read the answers"
    return line


def _lines(text: str) -> str:
    return clean(text).replace("\n", _OTHER_LINES)


def print_report(result: Result, console: Console | None = None, details: bool = False) -> None:
    """Print the report; in colour only to a terminal."""
    (console or Console(highlight=False, markup=False, emoji=False)).print(report(result, details))


def svg(result: Result, width: int = 100) -> str:
    """Return the report as an SVG picture. It loads nothing from the network: rich's font is removed."""
    console = Console(record=True, width=width, file=io.StringIO(), highlight=False, force_terminal=True)
    console.print(report(result))
    picture = console.export_svg(title=f"grader check {one_line(result.submission.name)}")
    return _FONT_FACE.sub("", picture)
