"""The cells that one item needs, so that `--item` does not run the others."""

from __future__ import annotations

import re

from grader.assignment import Assignment
from grader.notebook.cells import Notebook, python_source, written_files
from grader.notebook.questions import locate
from grader.slicing.needed_cells import expensive_cells, needed_cells
from grader.slicing.source_cells import ALL_RAN, source_cells

_MAGIC = re.compile(r"^[^\S\n]*[!%]", re.MULTILINE)


def cells_for(notebook: Notebook, assignment: Assignment, item: str) -> frozenset[int] | None:
    """Return the indices of the code cells in the item's section and of all cells that these depend on.

    Returns None if the whole notebook must run: for a written answer, which is shown beside measurements of the whole
    run; if the section can be located only during the run or contains no code; and if no expensive cell would be left
    out.
    """
    if any(prompt.written for prompt in assignment.prompts if prompt.item == item):
        return None
    section = locate(notebook, assignment.prompts, assignment.template(), {}).get(item)
    code = {cell.index: cell.source for cell in notebook.code_cells}
    own = [at for at in section.cells if at in code] if section and section.found_by not in (None, "position") else []
    if not own:
        return None
    cells = source_cells(notebook, ALL_RAN)
    # Magics and code that cannot be parsed may affect the other cells in unknown ways.
    other = {
        at for at, source in code.items() if at < max(own) and (python_source(source) is None or _MAGIC.search(source))
    }
    needed = needed_cells(cells, {*own, *other, *written_files(notebook)})
    return needed if expensive_cells(cells) - needed else None


def costly_cells(notebook: Notebook) -> frozenset[int]:
    """Return the indices of the cells that train or evaluate, judged by their source."""
    return expensive_cells(source_cells(notebook, ALL_RAN))
