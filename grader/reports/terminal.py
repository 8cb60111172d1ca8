"""A result as a person reads it in a terminal."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from grader.rubric import CheckResult, ItemResult

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


def number(value: float) -> str:
    """Points without needless zeros: 5, 2.5, 0.75."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def report(result: Result, details: bool = False) -> RenderableType:
    """The whole report. With `details` the checks that passed are listed too, with what was found."""
    if result.status == "failed":
        return Group(Rule(Text(_clean(result.submission.name))), Text(f"✗ {_clean(result.message)}", style="red"))
    parts: list[RenderableType] = [Rule(Text(_clean(result.submission.name), style="bold"))]
    parts += [Text(f"note: {_clean(note)}", style="dim") for note in result.notes]
    for item in result.items:
        parts.append(_item_line(item))
        shown = [check for check in item.checks if details or check.status != "pass" or check.hint]
        if len({check.message for check in shown}) == 1 and shown[0].status == "not_graded":
            shown = shown[:1]
        skipped = [check for check in shown if check.status == "skipped"]
        parts += [Padding(_check(check), (0, 0, 0, 4)) for check in shown if check not in skipped]
        if skipped:
            parts.append(Padding(Text(_skipped_line(skipped), "dim"), (0, 0, 0, 4)))
    parts += [Rule(), Text(total_line(result), style="bold")]
    where = [
        f"{name}: {value}" for name in ("data", "device") if isinstance(value := result.environment.get(name), str)
    ]
    return Group(*parts, *([Text(_clean("; ".join(where)), style="dim")] if where else []))


def _skipped_line(checks: Sequence[CheckResult]) -> str:
    """The checks that were not looked at, in one line: they cost their points, but there is nothing more to say."""
    names = ", ".join(check.id.split(".", 1)[-1] for check in checks)
    points = number(sum(check.max_score for check in checks))
    return f"· not looked at, because of the above: {names} ({points} points)"


def _item_line(item: ItemResult) -> RenderableType:
    mark, style = MARKS[item.status]
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(width=1)
    table.add_column(width=10)
    table.add_column(ratio=1)
    table.add_column(justify="right")
    points = f"{number(item.score)} / {number(item.max_score)}"
    if item.status == "not_graded":
        points = f"– / {number(item.max_score)}"
    elif item.provisional:
        points = f"({number(item.score)}) / {number(item.max_score)}"
    table.add_row(Text(mark, style), Text(item.id, "bold"), Text(item.title), Text(points, style))
    return table


def _check(check: CheckResult) -> RenderableType:
    mark, style = MARKS[check.status]
    text = Text()
    text.append(f"{mark} ", style)
    text.append(_clean(check.message), style if check.status in ("fail", "partial", "error") else "")
    if check.status in ("fail", "partial"):
        text.append(f"\n  expected: {_clean(check.expected)}", "")
        if check.hint:
            text.append(f"\n  hint: {_clean(check.hint)}", "italic")
        text.append(f"\n  {number(check.score)} of {number(check.max_score)} points", "dim")
    elif check.status == "pass" and check.hint:
        text.append(f"\n  hint, which costs nothing: {_clean(check.hint)}", "italic")
    elif check.status == "review":
        if check.hint:
            text.append(f"\n  remark: {_clean(check.hint)}", "yellow")
        for fact in check.evidence:
            text.append(f"\n  fact: {_clean(fact)}", "dim")
    return text


def total_line(result: Result) -> str:
    """The total in one line, with what is not graded and what a person has yet to confirm."""
    if result.status == "failed":
        return f"could not be graded: {_clean(result.message)}"
    line = f"{number(result.score)} of {number(round(result.max_score - result.ungraded, 2))} points"
    if result.ungraded:
        reasons = {c.message for i in result.items for c in i.checks if c.status == "not_graded"}
        reason = next(iter(reasons)) if len(reasons) == 1 else "not graded here"
        line += f"; {number(result.ungraded)} {_clean(reason)}"
    if result.provisional:
        line += f"; {number(result.provisional)} of them provisional until a person has read the answers"
    return line


def _clean(text: str) -> str:
    """Student text without control characters, which could move the cursor or colour the report."""
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


def print_report(result: Result, console: Console | None = None, details: bool = False) -> None:
    """Print the report to the terminal, or without colour to a pipe."""
    (console or Console(highlight=False, markup=False, emoji=False)).print(report(result, details))


def svg(result: Result, width: int = 100) -> str:
    """The report as an SVG picture."""
    console = Console(record=True, width=width, file=io.StringIO(), highlight=False, force_terminal=True)
    console.print(report(result))
    return console.export_svg(title=f"grader check {_clean(result.submission.name)}")
