from pathlib import Path

from grader.definitions import Definitions, all_definitions, certain_definitions
from grader.evidence import CellError, CellRun, ModelSeen, RunEvidence
from grader.notebook import Cell, Notebook
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


def test_models_are_told_by_what_makes_them():
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


def test_what_merely_uses_a_model_is_not_run():
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


def test_a_stopped_definition_is_told():
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
