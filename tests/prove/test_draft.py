"""Drafts are read and written, cells are found and changed, and IPython's lines are kept."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from grader.notebook.reader import read_notebook
from grader.prove.draft import Cell, Draft, parse, unparse

SOLUTION = Path(__file__).parents[2] / "reference" / "solution.ipynb"


def draft(*sources: str) -> Draft:
    return Draft(tuple(Cell("code", source) for source in sources))


def sources(found: Draft | None) -> list[str]:
    assert found is not None
    return [cell.source for cell in found.cells]


def test_what_is_written_is_read_again_the_same(tmp_path: Path) -> None:
    solution = Draft.from_bytes(SOLUTION.read_bytes())
    again = Draft.from_bytes(solution.to_bytes())
    assert again == solution
    assert again.to_bytes() == solution.to_bytes()
    path = tmp_path / "again.ipynb"
    path.write_bytes(solution.to_bytes())
    ours, theirs = read_notebook(path), read_notebook(SOLUTION)
    assert ours.repairs == ()
    assert [(c.kind, c.source) for c in ours.cells] == [(c.kind, c.source) for c in theirs.cells]


def test_outputs_and_metadata_are_kept() -> None:
    output = {"output_type": "stream", "name": "stdout", "text": "3"}
    cells = [{"cell_type": "code", "source": ["1\n", "2"], "outputs": [output], "metadata": {"tags": ["a"]}}]
    found = Draft.from_bytes(json.dumps({"nbformat": 4, "cells": cells}).encode())
    assert found.cells[0] == Cell("code", "1\n2", (output,), {"tags": ["a"]})
    assert json.loads(found.to_bytes())["cells"][0]["outputs"] == [output]


def test_only_nbformat_4_is_read() -> None:
    with pytest.raises(ValueError, match="nbformat 4"):
        Draft.from_bytes(b'{"nbformat": 3, "worksheets": []}')


@pytest.mark.parametrize(
    "source",
    [
        "!pip install -q thop\nx = 1",
        "%matplotlib inline\nx = 1",
        "if x:\n    !ls {x}\n    y = 2",
        "%%time\nx = 1",
        "x?\ny = 1",
    ],
)
def test_lines_of_ipython_survive(source: str) -> None:
    tree = parse(source)
    assert tree is not None
    assert unparse(tree) == source
    changed = draft(source).rewrite("_1 = _2", "_1 = _2\nz = 3")
    assert source.split("\n")[0] in sources(changed)[0]


def test_what_is_not_python_is_left_alone() -> None:
    assert draft("x = (").tree(0) is None
    assert draft("x = (").rewrite("x", "y") is None


def test_cells_that_do_not_change_keep_their_comments() -> None:
    found = draft("a = 1  # one", "b = 2  # two").rewrite("b = _1", "b = 3")
    assert sources(found) == ["a = 1  # one", "b = 3"]


def test_looking_in_one_function_or_cell() -> None:
    two = draft("def f():\n    return 1\n\ndef g():\n    return 1", "x = 1")
    assert sources(two.rewrite("1", "2", within="g"))[0].count("2") == 1
    assert sources(two.rewrite("1", "2", cells=[1])) == [two.cells[0].source, "x = 2"]
    assert two.rewrite("1", "2", within="h") is None


def test_cells_come_and_go() -> None:
    one = draft("a", "b")
    assert sources(one.insert(1, Cell("markdown", "text"))) == ["a", "text", "b"]
    assert sources(one.remove(0)) == ["b"]
    assert sources(one) == ["a", "b"]


def test_sections_end_with_the_next_heading() -> None:
    cells = (Cell("markdown", "## One\ntext"), Cell("code", "1"), Cell("markdown", "more"), Cell("markdown", "### Two"))
    found = Draft((*cells, Cell("code", "2")))
    assert found.section("One") == (1, 2)
    assert found.section("Two") == (4,)
    assert found.section("Three") == ()


def test_definitions_and_assignments_are_found() -> None:
    found = draft("class A:\n    pass", "a, b = 1, 2\nb = 3")
    place = found.definition("A")
    assert place is not None
    assert (place.cell, type(place.node)) == (0, ast.ClassDef)
    assert found.definition("B") is None
    assert [place.cell for place in found.assignments("b")] == [1, 1]
    assert found.cells_with("b = _1") == (1,)


def test_names_are_renamed_everywhere_but_in_attributes_of_others() -> None:
    before = draft(
        "import numpy as np\ndef f(loss, *, step=1):\n    global total\n    total = loss.loss\n    return step",
        "print(f'{total}', f(total, step=2), dict(step=1))",
    )
    after = before.rename({"loss": "cost", "total": "summe", "step": "schritt", "f": "g", "np": "numpy_"})
    assert sources(after) == [
        "import numpy as numpy_\n\ndef g(cost, *, schritt=1):\n    global summe\n    summe = cost.loss\n    return schritt",
        "print(f'{summe}', g(summe, schritt=2), dict(step=1))",
    ]
