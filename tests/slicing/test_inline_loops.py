"""Loops that stand in no function become functions."""

from __future__ import annotations

import pytest

from grader.slicing.inline_loops import inline_loops

EPOCHS = """lists = []
for epoch in range(10):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        step += 1
    model.eval()
    with torch.no_grad():
        right = sum((model(x).argmax(1) == y).sum() for x, y in test_loader)
    print(right)
"""
ONE_EPOCH = """for x, y in train_loader:
    criterion(model(x), y).backward()
    optimizer.step()
"""


def test_one_epoch_becomes_two_functions_on_the_lines_of_the_cell() -> None:
    found = inline_loops(EPOCHS, "training", "testing")
    assert found is not None
    train, test = found.train.split("\n"), found.test.split("\n")
    assert train[2:4] == ["    model.train()", "    for x, y in train_loader:"]  # lines 3 and 4 of the cell
    assert "global loss, step, x, y" in found.train
    assert "testing():" in found.test
    assert "backward" not in found.test
    assert test[9].strip() == "model.eval()"  # line 10 of the cell


WHILE = "while step < 100:\n" + "".join(f"    {line}\n" for line in ONE_EPOCH.splitlines())


@pytest.mark.parametrize("source", [ONE_EPOCH, WHILE])
def test_an_epoch_without_a_test(source: str) -> None:
    found = inline_loops(source, "training", "testing")
    assert found is not None
    assert "def training():" in found.train
    assert found.test == ""


@pytest.mark.parametrize(
    "source",
    [
        "def train():\n    for x, y in loader:\n        loss(x, y).backward()\n",
        "for x, y in loader:\n    print(x.shape)\n",
        "loss.backward()\n",
        "for (\n",
    ],
    ids=["in a function", "no training", "no loop", "no Python"],
)
def test_what_is_no_loop_of_its_own(source: str) -> None:
    assert inline_loops(source, "training", "testing") is None


def test_a_jump_out_of_the_epoch_cannot_be_cut_out() -> None:
    source = EPOCHS.replace("    model.train()\n", "    if epoch > 3:\n        continue\n    model.train()\n")
    found = inline_loops(source, "training", "testing")
    assert found is not None
    assert found.train == ""


def test_of_several_loops_in_a_cell_the_one_on_the_device_is_taken() -> None:
    on_gpu = EPOCHS.replace("zero_grad()", "zero_grad(); x, y = x.cuda(), y.cuda()").replace("lists", "others")
    source = EPOCHS + on_gpu
    for device, expected in (("cuda", True), ("cpu", False), ("", False)):
        found = inline_loops(source, "training", "testing", device)
        assert found is not None
        assert ("cuda" in found.train) == expected
        assert found.test.count("\n") > (20 if expected else 5)  # on the lines of the cell
    found = inline_loops(on_gpu + EPOCHS, "training", "testing", "cpu")
    assert found is not None
    assert "cuda" not in found.train
    assert inline_loops(EPOCHS, "training", "testing", "cuda") == inline_loops(EPOCHS, "training", "testing")
