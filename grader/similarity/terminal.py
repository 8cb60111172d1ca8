"""The comparison of a class in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from grader.formatting import one_line
from grader.similarity.told import answers_in_words, percent

if TYPE_CHECKING:
    from rich.table import Table

    from grader.similarity.compare import Comparison
    from grader.similarity.shown import Excerpt, Shown

MOST_ROWS, MOST_GROUPS, MOST_PARTS, MOST_LINES = 50, 20, 4, 14


def pair_table(comparison: Comparison) -> Table:
    """Return the strongest pairs as a table."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, pad_edge=False)
    for column, justify in (("first", "left"), ("second", "left"), ("code", "right"), ("answers", "left")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    for column in ("saved lines", "figures"):
        table.add_column(column, justify="right")
    for pair in comparison.pairs[:MOST_ROWS]:
        table.add_row(
            one_line(pair.first),
            one_line(pair.second),
            percent(pair.code.share),
            one_line(answers_in_words(pair)),
            str(pair.lines or ""),
            str(pair.pictures or ""),
        )
    return table


def groups(comparison: Comparison) -> Iterator[str]:
    """Yield a line for each group of more than two, and one on what was left out."""
    large = [group for group in comparison.clusters if len(group) > 2]
    for group in large[:MOST_GROUPS]:
        more = f" and {len(group) - 10} more" if len(group) > 10 else ""
        yield f"group of {len(group)}: {', '.join(map(one_line, group[:10]))}{more}"
    if len(comparison.pairs) > MOST_ROWS:
        yield f"and {len(comparison.pairs) - MOST_ROWS} more pairs, which --csv and --json have"


def pair_parts(shown: Shown) -> Iterator[Table]:
    """Yield tables of what a pair has in common, its two notebooks side by side."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SQUARE, show_lines=True, expand=True)
    table.add_column(one_line(shown.pair.first), ratio=1, overflow="fold")
    table.add_column(one_line(shown.pair.second), ratio=1, overflow="fold")
    for part in shown.parts[:MOST_PARTS]:
        table.add_row(_code(part.first), _code(part.second))
    for answer in shown.answers:
        first, second = ("".join(piece.text for piece in pieces) for pieces in (answer.first, answer.second))
        said = f"answer to {answer.item}, {percent(answer.share)} alike:"
        table.add_row(one_line(f"{said} {first}"), one_line(f"{said} {second}"))
    for line in shown.lines[:MOST_PARTS]:
        table.add_row(
            f"saved: {one_line(line.text)}\n({one_line(line.first)})",
            f"saved: {one_line(line.text)}\n({one_line(line.second)})",
        )
    for first, second in shown.pictures:
        table.add_row(f"the same saved figure: {one_line(first)}", f"the same saved figure: {one_line(second)}")
    more = shown.more_parts + max(0, len(shown.parts) - MOST_PARTS)
    if more:
        table.caption = f"and {more} more parts of code, which --html has"
    yield table


def _code(excerpts: Sequence[Excerpt]) -> str:
    lines: list[str] = []
    for one in excerpts:
        lines.append(f"{one_line(one.place)}:")
        lines += [f"{line.number:3} {one_line(line.text)}" for line in one.lines]
    return "\n".join(lines[:MOST_LINES]) + ("\n…" if len(lines) > MOST_LINES else "")
