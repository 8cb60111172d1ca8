"""Find the cells that messages speak of, link the words to them, and show them with the line marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.formatting import clean

if TYPE_CHECKING:
    from markupsafe import Markup

    from grader.notebook.cells import Notebook

MOST_CELLS = 30
MOST_LINES = 120  # of a cell, around the first marked line
_MENTION = re.compile(
    r"\bcell (?P<cell>\d{1,5})(?:, line (?P<line>\d{1,5}))?|\bline (?P<line2>\d{1,5}) of cell (?P<cell2>\d{1,5})"
)


@dataclass(frozen=True)
class ShownLine:
    """A line of a cell; `marked` if a message speaks of it."""

    number: int
    text: str
    marked: bool


@dataclass(frozen=True)
class ShownCell:
    """A cell as it is shown; `cut` tells whether lines are left out."""

    index: int
    lines: tuple[ShownLine, ...]
    cut: bool


def mentioned(texts: Iterable[str]) -> dict[int, frozenset[int]]:
    """Return the cells that the texts speak of, and for each the lines, from 1.

    >>> mentioned(["NameError (cell 3, line 2)", "see cell 5 and line 1 of cell 3"])
    {3: frozenset({1, 2}), 5: frozenset()}
    """
    found: dict[int, set[int]] = {}
    for text in texts:
        for match in _MENTION.finditer(text):
            cell, line = _place(match)
            found.setdefault(cell, set()).update(() if line is None else (line,))
    return {cell: frozenset(lines) for cell, lines in found.items()}


def _place(match: re.Match[str]) -> tuple[int, int | None]:
    line = match["line"] or match["line2"]
    return int(match["cell"] or match["cell2"]), int(line) if line else None


def linked(text: str, cells: Mapping[int, object]) -> Markup:
    """Return the text as HTML, escaped, in which the mentions of these cells are links to them."""
    from markupsafe import Markup, escape

    parts, end = [], 0
    for match in _MENTION.finditer(text):
        cell, line = _place(match)
        if cell in cells:
            place = f"cell-{cell}" + (f"-{line}" if line else "")
            parts += [escape(clean(text[end : match.start()])), Markup(f'<a href="#{place}">{match[0]}</a>')]
            end = match.end()
    return Markup("").join([*parts, escape(clean(text[end:]))])


def shown_cells(notebook: Notebook, marked: Mapping[int, frozenset[int]]) -> tuple[ShownCell, ...]:
    """Return the code cells among those that are spoken of, in the notebook's order."""
    cells = [cell for cell in notebook.code_cells if cell.index in marked]
    return tuple(_shown(cell.index, cell.source, marked[cell.index]) for cell in cells[:MOST_CELLS])


def _shown(index: int, source: str, marked: frozenset[int]) -> ShownCell:
    lines = source.split("\n")
    first = max(0, min(marked, default=1) - 1 - MOST_LINES // 2) if len(lines) > MOST_LINES else 0
    shown = lines[first : first + MOST_LINES]
    return ShownCell(
        index,
        tuple(ShownLine(n, line[:500], n in marked) for n, line in enumerate(shown, first + 1)),
        len(shown) < len(lines),
    )
