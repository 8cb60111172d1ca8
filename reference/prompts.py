"""The questions as the notebook for students asks them."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources

from grader.questions import Prompt

WRITTEN = ("q4", "q6", "q9", "q10")


def _notebook_cells() -> list[str]:
    """The markdown cells of the notebook that students get."""
    text = resources.files("reference").joinpath("assignment.ipynb").read_text(encoding="utf-8")
    return ["".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]


@cache
def template() -> tuple[str, ...]:
    """The markdown cells of the notebook that students get."""
    return tuple(_notebook_cells())


def _prompts() -> tuple[Prompt, ...]:
    """The questions, with their wording from the notebook that students get."""
    found = []
    for number in range(1, 11):
        heading = f"Question {number}"
        text = next((cell for cell in template() if re.search(rf"^\W*{heading}\b", cell)), "")
        found.append(Prompt(f"q{number}", (heading,), text, written=f"q{number}" in WRITTEN))
    return tuple(found)


PROMPTS = _prompts()
PROMPTS_BY_ITEM = {prompt.item: prompt for prompt in PROMPTS}
