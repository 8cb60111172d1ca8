import pytest

from grader.slicing.needed_cells import expensive_cells, needed_cells
from grader.slicing.program import SourceCell

FIT = """
def fit(model, losses):
    for batch in train_loader:
        optimizer.zero_grad()
        loss = model(batch)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
"""
SOURCES = (
    "import torch",  # 0
    "train_loader = torch.utils.data.DataLoader([1.0])",  # 1
    "class Net(torch.nn.Module):\n    pass",  # 2
    FIT,  # 3
    "model = Net()\noptimizer = torch.optim.SGD(model.parameters(), 0.1)\nlosses = []",  # 4
    "fit(model, losses)",  # 5
    "print(losses)",  # 6
    "model = Net()\noptimizer = torch.optim.SGD(model.parameters(), 0.1)\nlosses = []",  # 7
    "for _ in range(2):\n    count = len(losses)\n    fit(model, losses)\n    print(count)",  # 8
)


def cells(*sources: str) -> tuple[SourceCell, ...]:
    return tuple(SourceCell(index, source) for index, source in enumerate(sources))


@pytest.mark.parametrize(
    ("wanted", "needed"),
    [
        (1, {0, 1}),
        (6, {0, 1, 2, 3, 4, 5, 6}),  # the training filled the list
        (7, {0, 2, 7}),
        (8, {0, 1, 2, 3, 7, 8}),  # all begun anew: the first training is of no account
    ],
)
def test_what_is_read_when_it_is_read(wanted, needed):
    assert needed_cells(cells(*SOURCES), {wanted}) == needed


def test_a_model_that_is_trained_on_needs_its_first_training():
    more = (*SOURCES[:7], "losses = []\nfit(model, losses)")
    assert needed_cells(cells(*more), {7}) >= {4, 5, 7}


def test_what_may_not_have_been_bound_anew_counts():
    more = (*SOURCES[:5], "if torch.cuda.is_available():\n    losses = [1.0]", "print(losses)")
    assert needed_cells(cells(*more), {6}) >= {4, 5, 6}


def test_settings_count_always():
    more = ("import torch", "torch.set_default_dtype(torch.float64)", "x = 1")
    assert needed_cells(cells(*more), {2}) == {0, 1, 2}


def test_cells_that_train_are_expensive():
    assert expensive_cells(cells(*SOURCES)) == {5, 8}
