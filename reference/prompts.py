"""The questions of the assignment, as the notebook for students asks them."""

from __future__ import annotations

import json
import re
from functools import cache

from grader.assignment import data_file
from grader.notebook.questions import Prompt

ITEMS = ("mlp", "data", "cpu_loops", *(f"q{n}" for n in range(1, 7)), "cnn", "q7", "q8", "q9", "flops", "q10")
WRITTEN = ("q4", "q6", "q9", "q10")


@cache
def _notebook_cells(kind: str) -> tuple[str, ...]:
    """Return the cells of this kind, 'markdown' or 'code', of the notebook that students get."""
    text = data_file(__package__, "assignment.ipynb")
    return tuple("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == kind)


def template() -> tuple[str, ...]:
    """Return the markdown cells of the notebook that students get."""
    return _notebook_cells("markdown")


def template_code() -> tuple[str, ...]:
    """Return the code cells of the notebook that students get."""
    return _notebook_cells("code")


def _prompt(item: str) -> Prompt:
    """Return an item's question with its wording from the notebook; items without a number have no heading."""
    if not item[1:].isdigit():
        return Prompt(item, ())
    heading = f"Question {item[1:]}"
    pattern = re.compile(rf"^\W*{heading}\b.*", re.MULTILINE | re.DOTALL)
    found = next(filter(None, map(pattern.search, template())), None)
    return Prompt(item, (heading,), found.group() if found else "", written=item in WRITTEN)


PROMPTS = tuple(map(_prompt, ITEMS))
PROMPTS_BY_ITEM = {prompt.item: prompt for prompt in PROMPTS}
