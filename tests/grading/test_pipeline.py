"""Gradings with real kernels: stages in parallel or in turn; part of a run or all of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import grader
from grader.result import ItemResult, Result

pytestmark = [pytest.mark.usefixtures("warm"), pytest.mark.slow, pytest.mark.timeout(600)]

IMPORTS = "import torch\nimport torch.nn as nn\nfrom torchvision import datasets, transforms"
MLP = """
class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    def forward(self, x):
        return self.layers(x.reshape(-1, 784))
"""
LOADERS = """
scale = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
train_loader = torch.utils.data.DataLoader(datasets.MNIST('.', train=True, download=True, transform=scale), 64, shuffle=True)
test_loader = torch.utils.data.DataLoader(datasets.MNIST('.', train=False, transform=scale), 64)
"""
FIRST_BATCH = """# Question 1
images, labels = next(iter(test_loader))
print('sample', images.shape, images.dtype)
print('label', labels.shape, labels.dtype)
"""
NEVER_REACHED = "raise SystemError('this cell ran')"


def written(folder: Path, *cells: str) -> Path:
    path = folder / "n.ipynb"
    code = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for i, source in enumerate(cells)
    ]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": code}))
    return path


def verdicts(result: Result) -> dict[str, tuple[str, float]]:
    return {check.id: (check.status, check.score) for item in result.items for check in item.checks}


def graded(path: Path, **settings: object) -> Result:
    return grader.grade(path, sample=True, device="cpu", isolation="none", **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "cells",
    [
        (IMPORTS, MLP, LOADERS, FIRST_BATCH),
        # What the sources promise is not what ran: the last MLP, and its width, are those of cells that broke.
        (IMPORTS, MLP, f"1 / 0\n{MLP.replace('128', '32')}", LOADERS, FIRST_BATCH),
        (IMPORTS, f"{MLP}\nraise KeyboardInterrupt", LOADERS, "del train_loader"),
    ],
    ids=["as written", "a redefinition that broke", "stopped by itself"],
)
def test_verdicts_do_not_depend_on_what_runs_in_parallel(cells, tmp_path):
    path = written(tmp_path, *cells)
    assert verdicts(graded(path, cores=2)) == verdicts(graded(path))


def test_each_verdict_is_reported_once_and_none_is_revised(tmp_path):
    told: list[ItemResult] = []
    result = graded(written(tmp_path, IMPORTS, MLP, LOADERS, FIRST_BATCH), cores=2, verdict=told.append)
    assert sorted(told, key=lambda item: item.id) == sorted(result.items, key=lambda item: item.id)
    assert {item.id for item in told[:4]} == {"mlp", "data", "q5", "q8"}  # the last two need a GPU: not graded here


@pytest.mark.parametrize(("item", "score"), [("mlp", 5), ("data", 5)])
def test_certain_items_need_no_run(item, score, tmp_path):
    result = graded(written(tmp_path, IMPORTS, MLP, LOADERS, NEVER_REACHED), only=item)
    assert [(i.id, i.score) for i in result.items] == [(item, score)]
    assert "run" not in result.environment["seconds"]  # type: ignore[operator]
    assert not result.notes


def test_an_item_runs_only_the_cells_that_it_needs(tmp_path):
    train = "for x, y in train_loader:\n    while True:\n        pass"
    path = written(tmp_path, IMPORTS, LOADERS, train, FIRST_BATCH, "# Question 2\n" + NEVER_REACHED)
    result = graded(path, only="q1")
    assert [(item.id, item.status) for item in result.items] == [("q1", "pass")]
    assert not result.notes


def test_an_item_that_loses_marks_is_judged_by_the_whole_run(tmp_path):
    path = written(
        tmp_path, IMPORTS, LOADERS, FIRST_BATCH.replace("labels.dtype", "''"), "# Question 2\n" + NEVER_REACHED
    )
    result = graded(path, only="q1")
    assert result.items[0].status == "partial"
    assert any("this cell ran" in note for note in result.notes)


def test_what_a_part_shows_is_told_before_the_rest_runs(tmp_path):
    told: list[str] = []
    wrong = FIRST_BATCH.replace("labels.dtype", "''")
    later = f"# Question 2\nwhile True:\n    {NEVER_REACHED}"
    result = graded(
        written(tmp_path, IMPORTS, LOADERS, wrong, later),
        only="Q1, data",
        verdict=lambda item: told.append(item.id),
        so_far=lambda item, why: told.append(f"{item.id} so far: {why}"),
    )
    assert [item.id for item in result.items] == ["data", "q1"]
    assert told == ["data", "q1 so far: the rest of the notebook runs now", "q1"]
    assert any("this cell ran" in note for note in result.notes)


@pytest.mark.exhaustive
def test_a_part_goes_on_as_a_run_of_the_whole(tmp_path):
    train = "# Question 2\nmodel = MLP()\nfor x, y in train_loader:\n    model(x).sum().backward()\n    break"
    later = "# Question 3\nprint(count)\nfor x, y in train_loader:\n    break"
    cells = (IMPORTS, MLP, LOADERS, "count = 1", train, "count += 1", later, "# Question 5\nmodel(x).sum().backward()")
    told: list[str] = []
    path = written(tmp_path, *cells)
    some = graded(path, only=["q2", "q3"], so_far=lambda item, why: told.append(item.id))
    whole = graded(path)
    wanted = {name: verdict for name, verdict in verdicts(whole).items() if name.startswith(("q2.", "q3."))}
    assert verdicts(some) == wanted
    assert told == ["q2", "q3"]
