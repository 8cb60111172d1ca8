"""The answers of the solution's notebook to the written questions, for the person who marks.

No module of the rubric imports this one, so it is not in the file for students.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from grader.assignment import data_file
from reference.prompts import PROMPTS


def model_answers() -> Mapping[str, str]:
    """Return the answer to each written question, by item: the text cells below it in the solution."""
    cells = json.loads(data_file(__package__, "solution.ipynb"))["cells"]
    found: dict[str, list[str]] = {}
    item = ""
    for cell in cells:
        text = "".join(cell["source"]).strip()
        asked = next((p.item for p in PROMPTS if p.headings and _asks(p.headings[0], text)), "")
        item = asked if asked or text.startswith("#") or cell["cell_type"] != "markdown" else item
        if item and not asked and text and cell["cell_type"] == "markdown":
            found.setdefault(item, []).append(text)
    written = [prompt.item for prompt in PROMPTS if prompt.written]
    return {name: "\n\n".join(found[name]) for name in written if name in found}


def _asks(heading: str, text: str) -> bool:
    return any(line.strip("#* ") == heading for line in text.splitlines())
