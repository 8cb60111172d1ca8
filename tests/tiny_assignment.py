"""An assignment that is graded in seconds: its notebook prints a number, and nothing is probed."""

from __future__ import annotations

import json
from pathlib import Path

RUBRIC = '''
import os
from pathlib import Path
from grader.assignment import Assignment, Check, Fail, Item, Review, Rubric

def printed(e):
    """A number is printed."""
    out = "".join(cell.stdout for cell in e.run.cells)
    if "JUDGED" in os.environ:
        with Path(os.environ["JUDGED"]).open("a") as file:
            file.write("x")
    if "42" not in out:
        raise Fail(f"{out.strip() or 'nothing'} was printed", "42", "What is six times seven?")
    return "42"

def more(e):
    """More is printed."""
    raise Fail("one line", "two lines", credit=0.5)

def read(e):
    """Somebody reads it."""
    return Review("a short answer")

def secret(e):
    """A secret."""

def template():
    return ()

ASSIGNMENT = Assignment(
    "tiny",
    Rubric("tiny", (
        Item("q1", "Print", 3, (Check("q1.printed", 2, printed), Check("q1.after", 1, read, requires=("q1.printed",)))),
        Item("q2", "More", 3, (Check("q2.more", 2, more), Check("q2.secret", 1, secret, visibility="hidden"))),
    )),
    (), template, (), (), None, (), lambda run: {}, lambda size: {},
)
'''


def notebook(source: str) -> str:
    """Return a notebook with one cell."""
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source, "id": "a"}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def write_assignment(folder: Path) -> None:
    """Write the assignment's package `tiny` into a folder."""
    (folder / "tiny").mkdir(parents=True)
    (folder / "tiny" / "__init__.py").write_text("")
    (folder / "tiny" / "rubric.py").write_text(RUBRIC)
