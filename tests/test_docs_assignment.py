"""docs/assignment.md: its blocks define an assignment that grades a notebook, and the names that it lists exist."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest

import grader.assignment
import reference
from grader.result import Result

DOCUMENT = (Path(__file__).parents[1] / "docs" / "assignment.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
ROWS = re.findall(r"^\| `(grader\.[\w.]+)` \|(.*)\|$", DOCUMENT, re.MULTILINE)
NO_NAMES = {"e", "anchors", "Evidence", "FAULTS", "MUTATIONS", "calibrating", "proving"}  # other words in code style

SOLUTION = """
import torch
from torch import nn
from torchvision import datasets, transforms

class Linear(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(784, 10)

    def forward(self, x):
        return self.fc(x.flatten(1))

images = datasets.MNIST("data", train=True, download=True, transform=transforms.ToTensor())
loader = torch.utils.data.DataLoader(images, batch_size=64, shuffle=True)
model = Linear()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for data, target in loader:
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(data), target).backward()
    optimizer.step()
"""
ANSWER = (
    "The gradient of the loss is large at first because the weights are random, and it shrinks as the model learns."
)


def run_blocks(folder: Path, blocks: Sequence[str]) -> dict[str, Any]:
    """Run these blocks, joined, as the module 'linear/rubric.py' in this folder, and return its names."""
    path = folder / "linear" / "rubric.py"
    path.parent.mkdir()
    path.write_text("\n".join(blocks), encoding="utf-8")
    scope: dict[str, Any] = {"__name__": "linear.rubric"}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), scope)
    return scope


@pytest.mark.slow
def test_the_blocks_grade_a_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = nbformat.v4.new_notebook()
    markdown, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    notebook.cells = [
        markdown("### Question 1"), code(SOLUTION),
        markdown("### Question 2\nWhy does the loss fall quickly at first and slowly later?"), markdown(ANSWER),
    ]  # fmt: skip
    nbformat.write(notebook, tmp_path / "solution.ipynb")
    monkeypatch.chdir(tmp_path)
    result: Result = run_blocks(tmp_path, BLOCKS)["result"]
    first, second = result.items
    assert (first.status, first.score) == ("pass", 5), first
    assert (second.status, second.score) == ("review", 3), second


def test_all_blocks_but_the_last_need_no_notebook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "grade(" in BLOCKS[-1]
    scope = run_blocks(tmp_path, BLOCKS[:-1])
    assert scope["ASSIGNMENT"].rubric.points == 8
    assert f"print(fail.seen)  # {capsys.readouterr().out.strip()}\n" in DOCUMENT


@pytest.mark.parametrize(("module", "text"), ROWS, ids=[module for module, _ in ROWS])
def test_the_listed_names_exist(module: str, text: str) -> None:
    loaded = importlib.import_module(module)
    names = set(re.findall(r"`(\w+)`", text)) - NO_NAMES
    assert names
    missing = {name for name in names if not hasattr(loaded, name)}
    assert not missing
    assert not any(name.startswith("_") for name in names)
    if hasattr(loaded, "__all__"):
        assert names <= set(loaded.__all__)


def test_what_the_reference_imports_is_listed() -> None:
    listed = {(module, name) for module, text in ROWS for name in re.findall(r"`(\w+)`", text)}
    listed |= {("grader.assignment", name) for name in grader.assignment.__all__}
    listed |= {tuple(module.rsplit(".", 1)) for module, _ in ROWS}
    package = Path(reference.__file__).parent
    for path in (*package.glob("*.py"), *package.glob("checks/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("grader."):
                assert {(node.module, alias.name) for alias in node.names} <= listed, path.name


def test_all_of_grader_assignment_is_listed() -> None:
    section = DOCUMENT.split("### grader.assignment\n")[1].split("###")[0]
    assert set(re.findall(r"`(\w+)`", section)) == set(grader.assignment.__all__)
