"""The cells that items need, so that `--item` does not run the others."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from grader.assignment import Assignment
from grader.notebook.cells import Notebook, python_source, written_files
from grader.notebook.questions import locate
from grader.slicing.needed_cells import expensive_cells, needed_cells
from grader.slicing.program import SourceCell
from grader.slicing.source_cells import ALL_RAN, source_cells

_MAGIC = re.compile(r"^[^\S\n]*[!%]", re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """A part of a notebook that may be enough to judge `items`: the indices of its code cells.

    `begins`: these are all code cells up to the last of them, so that the rest may run after them as in a run of the
    whole. `all`: every item that was asked for is one of `items`; others need the whole run.
    """

    cells: frozenset[int]
    items: tuple[str, ...]
    begins: bool
    all: bool


def cells_for(notebook: Notebook, assignment: Assignment, item: str) -> frozenset[int] | None:
    """Return the indices of the code cells in the item's section and of all cells that these depend on.

    Returns None if the whole notebook must run: for a written answer, which is shown beside measurements of the whole
    run; if the section can be located only during the run or contains no code; and if no expensive cell would be left
    out.
    """
    own = own_cells(notebook, assignment).get(item)
    if not own:
        return None
    cells = source_cells(notebook, ALL_RAN)
    needed = cells_needed(notebook, cells, own)
    return needed if expensive_cells(cells) - needed else None


def part_for(notebook: Notebook, assignment: Assignment, items: Sequence[str]) -> Part | None:
    """Return the part of the notebook that may be enough for these items; None if the whole notebook must run.

    It holds the cells that the items need. Where that leaves out little of what is before the last of them, this is
    part of it too: then nothing has to run twice if the part is not enough. It is little if no more of the left out
    cells are expensive than of the needed ones.
    """
    own = own_cells(notebook, assignment)
    found = {item: own[item] for item in items if item in own}
    if not found:
        return None
    cells = source_cells(notebook, ALL_RAN)
    needed = cells_needed(notebook, cells, frozenset().union(*found.values()))
    expensive = expensive_cells(cells)
    if not expensive - needed:
        return None
    before = frozenset(cell.index for cell in notebook.code_cells if cell.index <= max(needed))
    begins = len(expensive & before - needed) <= len(expensive & needed)
    whole = len(found) < len(set(items))
    if whole and not begins:
        return None
    return Part(before if begins else needed, tuple(found), begins, not whole)


def own_cells(notebook: Notebook, assignment: Assignment) -> dict[str, frozenset[int]]:
    """Return the code cells in the section of each item that is answered by code, unless it has to be searched for."""
    code = {cell.index for cell in notebook.code_cells}
    sections = locate(notebook, assignment.prompts, assignment.template(), {})
    coded = {prompt.item for prompt in assignment.prompts if not prompt.written}
    return {
        item: frozenset(own)
        for item, section in sections.items()
        if item in coded and section.found_by not in (None, "position") and (own := code.intersection(section.cells))
    }


def cells_needed(notebook: Notebook, cells: Sequence[SourceCell], own: Collection[int]) -> frozenset[int]:
    """Return these cells and all that they depend on."""
    # Magics and code that cannot be parsed may affect the other cells in unknown ways.
    other = {
        cell.index
        for cell in notebook.code_cells
        if cell.index < max(own) and (python_source(cell.source) is None or _MAGIC.search(cell.source))
    }
    return needed_cells(cells, {*own, *other, *written_files(notebook)})


def costly_cells(notebook: Notebook) -> frozenset[int]:
    """Return the indices of the cells that train or evaluate, judged by their source."""
    return expensive_cells(source_cells(notebook, ALL_RAN))
