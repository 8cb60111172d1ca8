import pytest

from grader.slicing.certainty import certain_classes, certain_loaders
from grader.slicing.program import SourceCell

IMPORTS = "import torch\nimport torch.nn as nn\nfrom torch.utils.data import DataLoader"
MLP = (
    "class MLP(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.a = nn.Linear(WIDTH, 10)"
)
LOADERS = "train_loader = DataLoader(data, 64)\ntest_loader = DataLoader(data, 64)"


def cells(*sources: str) -> tuple[SourceCell, ...]:
    return tuple(SourceCell(index, source) for index, source in enumerate(sources))


def certain(*sources: str) -> bool:
    return certain_classes(cells(*sources), ["MLP"]) == {"MLP"}


def test_a_class_with_all_it_reads_bound_once_is_certain():
    assert certain(IMPORTS, "WIDTH = 784", MLP, "model = MLP()\nmodel = MLP()")


def test_an_import_may_come_again_as_it_was():
    assert certain(
        IMPORTS, "WIDTH = 784", MLP, "import torch\nimport torch.nn as nn\nfrom torch.utils.data import DataLoader"
    )
    assert not certain(IMPORTS, "WIDTH = 784", MLP, "from torch import nn")


@pytest.mark.parametrize(
    "more",
    [
        "class MLP(nn.Module):\n    pass",  # which of them counts depends on what ran
        "MLP.forward = lambda self, x: x",
        "WIDTH = 32",
        "del WIDTH",
        "if torch.cuda.is_available():\n    WIDTH = 32",
        "torch.set_default_dtype(torch.float64)",
        "from helpers import *",
        "nn.Linear = object",
    ],
)
def test_what_depends_on_which_cells_ran_is_not_certain(more):
    assert not certain(IMPORTS, "WIDTH = 784", MLP, more)


def test_a_class_that_reads_what_is_nowhere_is_not_certain():
    assert not certain(IMPORTS, MLP)
    assert not certain_classes(cells(IMPORTS), ["MLP"])


def test_loaders_are_certain_only_all_together():
    data = "data = list(range(64))"
    assert set(certain_loaders(cells(IMPORTS, data, LOADERS))) == {"train_loader", "test_loader"}
    assert certain_loaders(cells(IMPORTS, data, LOADERS, "train_loader = DataLoader(data, 32)")) == ()
    assert certain_loaders(cells(IMPORTS, data, "data = 1", LOADERS)) == ()


def test_loaders_that_a_function_makes():
    made = "def make():\n    return DataLoader(data, 64), DataLoader(data, 64)\n\ntrain, test = make()"
    assert set(certain_loaders(cells(IMPORTS, "data = list(range(64))", made))) == {"train", "test"}


def test_without_loaders_none_are_certain():
    assert certain_loaders(cells(IMPORTS)) == ()
