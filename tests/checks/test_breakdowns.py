"""How the exception that ended a cell is told: with the student's line, and with a place that Colab shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.checks.breakdowns import breakdown, first_cause, hint_for, unreadable
from grader.evidence.run import CellError, CellRun
from grader.notebook.cells import Cell, Notebook

LOOP = "def gpu_train(loader):\n    for i in loader:\n        data, target = data.cuda(), target.cuda()"
PLOT = "fig, ax = plt.subplots()\nax.plot(steps, losses label='train')"
CELLS = (
    Cell(0, "markdown", "### Question 2"),
    Cell(1, "code", PLOT),
    Cell(2, "markdown", "### The loops"),
    Cell(3, "code", LOOP),
    Cell(4, "markdown", "### Question 8"),
    Cell(5, "code", "for _ in range(2):\n    gpu_train(train_loader)"),
    Cell(6, "code", "images, labels = images.to(device), labels.to(device)"),
    Cell(7, "code", "%matplotlib inline\nx = = 1"),
)
BOOK = Notebook(Path("a.ipynb"), "a.ipynb", "", CELLS)
LOCAL = "cannot access local variable 'data' where it is not associated with a value"


def told(cell: int, name: str, message: str, line: int | None = 1, raised: tuple[int, int] | None = None) -> str:
    return breakdown(BOOK, CellRun(cell, "error", error=CellError(name, message, line, raised=raised)))


def test_what_is_no_python_is_told_as_that() -> None:
    assert (
        told(1, "SyntaxError", "invalid syntax. Perhaps you forgot a comma?", 2)
        == "line 2 of the cell under 'Question 2' is no Python: `ax.plot(steps, losses label='train')`"
        " (SyntaxError: invalid syntax. Perhaps you forgot a comma?)"
    )
    assert told(1, "IndentationError", "unexpected indent", 2).startswith(
        "line 2 of the cell under 'Question 2' is no P"
    )


def test_a_function_s_own_line_is_told_where_it_stands() -> None:
    said = told(5, "RuntimeError", "expected all tensors on one device", 2, (3, 3))
    assert said == (
        "line 3 of the cell under 'The loops' ended with RuntimeError: expected all tensors on one device: "
        "`data, target = data.cuda(), target.cuda()` (called in line 2 of the cell under 'Question 8' that begins with "
        "`for _ in range(2):`)"
    )


@pytest.mark.parametrize("message", [LOCAL, "local variable 'data' referenced before assignment"])
def test_a_name_that_is_used_too_early(message: str) -> None:
    said = told(5, "UnboundLocalError", message, 2, (3, 3))
    assert said.startswith(
        "`data` is used before it has a value, in line 3 of the cell under 'The loops': `data, target"
    )
    said = told(6, "NameError", "name 'images' is not defined")
    assert said.startswith("`images` is used before it has a value, in line 1 of the cell under 'Question 8'")
    assert told(5, "NameError", "name 'train_loader' is not defined", 2).startswith(
        "line 2 of the cell under 'Question 8'"
    )


def test_without_a_line_or_an_error() -> None:
    assert told(1, "KeyboardInterrupt", "", None) == "the cell under 'Question 2' ended with KeyboardInterrupt"
    assert breakdown(BOOK, CellRun(1, "timeout", reason="it ran for 600 s")) == "it ran for 600 s"
    assert hint_for(CellRun(1, "timeout", reason="it ran for 600 s")) == ""


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("SyntaxError", "invalid syntax", "Run that cell by itself"),
        ("NameError", "name 'tmie' is not defined", "Where does `tmie` get its value"),
        ("UnboundLocalError", LOCAL, "Where does `data` get its value"),
        ("ValueError", "too many values", "Restart the runtime"),
    ],
)
def test_each_has_a_hint(name: str, message: str, hint: str) -> None:
    assert hint_for(CellRun(1, "error", error=CellError(name, message))).startswith(hint)


def test_a_cell_that_never_ran_is_read_without_running_it() -> None:
    assert unreadable(BOOK, "ax.plot").startswith("line 2 of the cell under 'Question 2' is no Python: `ax.plot(")
    assert unreadable(BOOK, "x = =").startswith("line 2 of the cell")  # a magic is not what is wrong
    assert unreadable(BOOK, "gpu_train") == unreadable(BOOK, "nowhere") == ""


CHAIN = Notebook(
    Path("a.ipynb"),
    "a.ipynb",
    "",
    (
        Cell(0, "code", "class MLP(nn.Module:\n    pass"),
        Cell(1, "code", "import torch\nlr = 0.1\nmodel = MLP()\nsteps = []"),
        Cell(2, "code", "def make():\n    optimizer = 1\n\noptimizer = torch.optim.SGD(model.parameters(), lr)"),
        Cell(3, "code", "optimizer.step()"),
    ),
)


def broke(cell: int, name: str, message: str, line: int, statement: int | None = None) -> CellRun:
    return CellRun(cell, "error", error=CellError(name, message, line, statement=statement))


def undefined(cell: int, name: str, line: int = 1) -> CellRun:
    return broke(cell, "NameError", f"name '{name}' is not defined", line)


def test_the_first_cause_is_followed_through_the_names_that_each_cell_lacks() -> None:
    no_class = broke(0, "SyntaxError", "'(' was never closed", 1)
    runs = [no_class, undefined(1, "MLP", 3), undefined(2, "model", 4), undefined(3, "optimizer")]
    assert first_cause(CHAIN, runs, runs[3]) is no_class
    assert first_cause(CHAIN, runs, no_class) is no_class
    assert first_cause(CHAIN, runs, undefined(3, "loader")).index == 3


def test_a_cell_is_no_cause_if_it_ran_or_broke_after_the_name_had_its_value() -> None:
    last = undefined(3, "lr")
    after = broke(1, "TypeError", "MLP() takes no arguments", 3)
    assert first_cause(CHAIN, [after, last], last) is last
    named = undefined(3, "model")
    assert first_cause(CHAIN, [after, named], named) is after
    assert first_cause(CHAIN, [CellRun(1, "ok"), named], named) is named
    later = undefined(3, "steps")
    assert first_cause(CHAIN, [CellRun(1, "timeout", reason="it ran for 600 s"), later], later).index == 1


def test_the_statement_counts_when_a_function_of_the_same_cell_broke() -> None:
    last = undefined(3, "optimizer")
    inside = broke(2, "ValueError", "optimizer got an empty parameter list", 2, statement=4)
    assert first_cause(CHAIN, [inside, last], last) is inside
