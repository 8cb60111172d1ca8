from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.evidence.run import CellError, CellRun, ModelSeen, RunEvidence
from grader.notebook.cells import Cell, Notebook
from grader.probe.definitions import Definitions, all_definitions, certain_definitions
from grader.sandbox.kernel import Kernel
from grader.sandbox.limits import Limits
from grader.slicing.slice import Piece
from reference.rubric import ASSIGNMENT

IMPORTS = "import torch\nimport torch.nn as nn"
MLP = "class MLP(nn.Module):\n    pass"
CNN = "class CNN(nn.Module):\n    pass"


def notebook(*sources: str) -> Notebook:
    return Notebook(Path("n.ipynb"), "n.ipynb", "", tuple(Cell(i, "code", s) for i, s in enumerate(sources)))


def ran(*statuses: str, models: tuple[str, ...] = ()) -> RunEvidence:
    cells = tuple(
        CellRun(i, status, error=None if status == "ok" else CellError("E", "e", 1))  # type: ignore[arg-type]
        for i, status in enumerate(statuses)
    )
    seen = ModelSeen("m", "MLP", (), (), 0, models)
    return RunEvidence(cells=cells, models={"m": seen} if models else {})


def sources(definitions: Definitions) -> list[str]:
    return [piece.source for piece in definitions.pieces]


def test_a_run_in_which_all_ended_well_changes_nothing():
    given = notebook(IMPORTS, MLP, "net = MLP()")
    expected = all_definitions(given)
    assert all_definitions(given, ran("ok", "ok", "ok", models=("net",))) == expected
    assert "net = MLP()" in sources(expected)


def test_models_are_recognised_by_the_calls_that_make_them():
    made = (
        "a = MLP().cuda()",
        "b, c = MLP(), 1",
        "def build():\n    return MLP()",
        "d = build()",
        "for e in (MLP(), MLP()):\n    print(e)",
        "f = nn.Sequential(nn.ReLU())",
    )
    given = notebook(IMPORTS, MLP, *made)
    found = sources(all_definitions(given))
    assert [source for source in made if source in found] == list(made)


def test_statements_that_merely_use_a_model_are_not_run():
    assert "size = len(str(MLP()))" not in sources(all_definitions(notebook(IMPORTS, MLP, "size = len(str(MLP()))")))


def test_a_cell_that_broke_counts_for_less():
    again = "class MLP(nn.Module):\n    changed = True"
    given = notebook(IMPORTS, MLP, again)
    assert all_definitions(given, ran("ok", "ok", "error")) != all_definitions(given)
    assert MLP in sources(all_definitions(given, ran("ok", "ok", "error")))


def test_models_and_loaders_that_no_run_can_change():
    loader = "train_loader = torch.utils.data.DataLoader([1])"
    certain = certain_definitions(notebook(IMPORTS, MLP, CNN, loader), ASSIGNMENT)
    assert certain.roles == {"mlp", "cnn"}
    assert certain.models is not None
    assert certain.loaders is not None
    assert MLP in sources(certain.models)
    assert sources(certain.loaders) == ["import torch", loader]


def test_a_class_that_comes_twice_is_not_certain():
    certain = certain_definitions(notebook(IMPORTS, MLP, CNN, MLP + "\n    x = 1"), ASSIGNMENT)
    assert certain.roles == {"cnn"}
    assert certain.loaders is None


def test_an_interrupted_definition_is_reported():
    definitions = all_definitions(notebook(IMPORTS, MLP))
    told: list[tuple[int, int, int]] = []
    assert definitions.run(lambda i, s, t: CellRun(i, "error"), lambda *step: told.append(step))
    assert told[0] == (0, len(definitions.pieces), 0)
    assert not definitions.run(lambda i, s, t: CellRun(i, "timeout"))


def test_modules_that_the_notebook_writes_come_first():
    given = notebook("%%writefile net.py\nimport torch", "from net import torch")
    assert [index for index, _ in all_definitions(given).files] == [0]


def test_a_wanted_function_that_is_assigned_is_defined() -> None:
    given = notebook("def make():\n    def f(epoch):\n        return epoch\n    return f", "gpu_train = make()")
    assert "gpu_train = make()" in [
        piece.source for piece in all_definitions(given, wanted=("gpu_train", "gpu_test")).pieces
    ]


# --- statements of one cell run at once ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with Kernel({}, Limits(cell_seconds=30)) as kernel:
        yield kernel


def below(*statements: str, cell: int = 3) -> Definitions:
    """Return the statements of one cell, each on its own lines."""
    line, pieces = 2, []
    for source in statements:
        pieces.append(Piece(cell, line, source, frozenset()))
        line += source.count("\n") + 2
    return Definitions((), tuple(pieces))


@pytest.mark.parametrize(
    ("statements", "requests"),
    [
        (("def f():\n    return 1 / 0", "a = 1", "b = 2"), 1),
        (("a = 1", "def f():\n    return 1 / 0", "f()", "c = 3", "d = f()", "b = 2"), 3),  # raises in a function above
        (("a = 1", "def f(:\n    pass", "b = 2"), 3),
        (("a = 1", "return 5", "b = 2"), 4),  # cannot be compiled
        (("a = 1", "from __future__ import annotations", "b = 2"), 1),
        (("a = 1", "%precision 3", "b = 2"), 3),
        (("a = 1", "import sys; sys.exit(1)", "b = 2"), 4),  # without a line
        (("%xmode Minimal", "a = 1", "undefined", "b = 2", "%xmode Plain"), 6),
        (("import asyncio", "a = 1", "await asyncio.sleep(0)", "b = 2"), 1),
    ],
)
def test_statements_below_one_that_raises_still_run(kernel: Kernel, statements: tuple[str, ...], requests: int) -> None:
    kernel.run_cell(0, "a = b = 0")
    asked: list[str] = []

    def run(index: int, source: str, seconds: float) -> CellRun:
        asked.append(source)
        return kernel.run_cell(index, source, seconds)

    assert below(*statements).run(run)
    assert kernel.run_cell(1, "print(a, b)").stdout == "1 2\n"
    assert len(asked) == requests


def test_each_statement_keeps_its_line(kernel: Kernel) -> None:
    runs: list[CellRun] = []

    def run(index: int, source: str, seconds: float) -> CellRun:
        runs.append(kernel.run_cell(index, source, seconds))
        return runs[-1]

    below("def f():\n    x = 1\n    return x / 0", "a = 1", "f()").run(run)
    error = runs[0].error
    assert error is not None
    assert (error.line, error.statement) == (4, 8)


def test_statements_of_two_cells_or_of_one_line_run_apart() -> None:
    asked: list[str] = []

    def run(index: int, source: str, seconds: float) -> CellRun:
        asked.append(source)
        return CellRun(index, "ok")

    one = [Piece(0, 1, "a = 1", frozenset()), Piece(0, 1, "b = 2", frozenset()), Piece(1, 2, "c = 3", frozenset())]
    assert Definitions((), tuple(one)).run(run)
    assert asked == ["a = 1", "b = 2", "\nc = 3"]
