"""Name a place in a notebook as its author sees it: by the heading above a cell, and by the cell's first line.

Colab shows neither the numbers of cells nor the names of the files that a kernel compiles them under.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.notebook.cells import Cell, Notebook

SHOWN = 80  # characters of a line that is quoted

_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_MARKUP = re.compile(r"[*`]+|(?<!\w)_{1,3}(?=\S)|(?<=\S)_{1,3}(?!\w)")


def place(notebook: Notebook, index: int) -> str:
    """Return a phrase for a cell: 'the cell under 'Question 2'', or with its first line where that is not enough.

    `index` is its place in the notebook, from 0; of a cell that the notebook lacks, only that number is told.

    >>> from pathlib import Path
    >>> cells = (Cell(0, "markdown", "### Question 2"), Cell(1, "code", "plot(losses)"))
    >>> place(Notebook(Path("a.ipynb"), "a.ipynb", "", cells), 1)
    "the cell under 'Question 2'"
    """
    at = next((at for at, cell in enumerate(notebook.cells) if cell.index == index), None)
    if at is None:
        return f"cell {index}"
    heading, start = _heading_above(notebook.cells, at)
    first = next((line for line in notebook.cells[at].source.splitlines() if line.strip()), "")
    if not heading:
        return f"the cell that begins with `{quoted(first)}`" if first else f"cell {index}"
    alone = sum(cell.kind == "code" for cell in _until_heading(notebook.cells, start)) == 1
    if alone or not first:
        return f"the cell under '{heading}'"
    return f"the cell under '{heading}' that begins with `{quoted(first)}`"


def line_of(notebook: Notebook, index: int, line: int | None) -> str:
    """Return a line of a cell, counted from 1, as it is quoted in a message; '' if there is none."""
    source = next((cell.source for cell in notebook.cells if cell.index == index), "")
    lines = source.splitlines()
    return quoted(lines[line - 1]) if line is not None and 0 < line <= len(lines) else ""


def quoted(line: str) -> str:
    """Return a line of code without its indentation, cut short, to stand between backquotes.

    >>> quoted("    data, target = data.cuda(), target.cuda()")
    'data, target = data.cuda(), target.cuda()'
    """
    line = " ".join(line.split()).replace("`", "'")
    return line if len(line) <= SHOWN else line[: SHOWN - 1].rstrip() + "…"


def _heading_above(cells: tuple[Cell, ...], at: int) -> tuple[str, int]:
    """Return the last heading above a cell and the place of the cell that holds it; '' and 0 without one."""
    for above in range(at - 1, -1, -1):
        found = _HEADING.findall(cells[above].source) if cells[above].kind != "code" else []
        if found:
            return quoted(_MARKUP.sub("", found[-1])).replace("'", "’"), above
    return "", 0


def _until_heading(cells: tuple[Cell, ...], start: int) -> Iterator[Cell]:
    """Yield the cells after the one with a heading, up to the next heading."""
    for cell in cells[start + 1 :]:
        if cell.kind != "code" and _HEADING.search(cell.source):
            return
        yield cell
