"""Shapes typed into a print without a look at a batch. Beside them, batches drawn in other cells and other ways."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from grader.assignment import Evidence, Fail
from grader.checks.first_batch import FirstBatch, first_batch_text
from grader.evidence.probes import LoaderProbe
from grader.evidence.run import LoaderSeen, Pass
from grader.notebook.cells import Cell
from reference.checks.observed import q1_text
from tests.reference.checks.test_epochs import SECTIONS, TEST, TRAIN, evidence

pytestmark = pytest.mark.attack

TYPED = "sample: (64, 1, 28, 28) torch.float32, label: (64,) torch.int64"


def printed(*drawn: Pass, text: str = TYPED, probed: LoaderSeen | None = TEST, source: str = "") -> Evidence:
    e = evidence(drawn, printed={16: text})
    sources = tuple(Cell(i, "code", source if i == 16 else "") for i in SECTIONS["q1"])
    return replace(e, notebook=replace(e.notebook, cells=sources), loaders={"test": LoaderProbe("test", probed)})


def batch(cell: int, loader: LoaderSeen = TEST, batches: int = 1) -> Pass:
    return Pass(cell, loader, float(cell), 0.1, batches, 64 * batches, complete=False)


@pytest.mark.parametrize(
    "drawn",
    [(), (batch(16, batches=0),), (batch(22),), (batch(32), batch(39))],
    ids=["nothing drawn", "an iterator that gave nothing", "drawn below", "tested much later"],
)
@pytest.mark.parametrize("text", [TYPED, TYPED.split(", label")[0], "images 64 x 1 x 28 x 28 torch.float32"])
def test_typed_shapes_earn_nothing(drawn: tuple[Pass, ...], text: str) -> None:
    with pytest.raises(Fail, match="no batch was drawn from the test loader") as caught:
        q1_text(printed(*drawn, text=text))
    assert caught.value.credit == 0


def test_a_batch_of_the_training_images_keeps_half() -> None:
    with pytest.raises(Fail, match="cell 16 takes its batch from the training loader") as caught:
        q1_text(printed(batch(16, TRAIN)))
    assert caught.value.credit == 0.5
    with pytest.raises(Fail, match="batches of the training loader were drawn, and none of the test loader") as caught:
        q1_text(printed(batch(14, TRAIN)))
    assert caught.value.credit == 0.5


@pytest.mark.parametrize("above", [2, 14])
def test_a_batch_of_the_training_images_keeps_half_below_a_look_at_the_test_images(above: int) -> None:
    with pytest.raises(Fail, match="cell 16 takes its batch from the training loader") as caught:
        q1_text(printed(batch(above), batch(16, TRAIN)))
    assert caught.value.credit == 0.5


def test_a_batch_of_the_training_images_keeps_half_in_a_cell_that_tests_a_model_too() -> None:
    tested = replace(batch(16, batches=16), complete=True, model="model-1")
    with pytest.raises(Fail, match="cell 16 takes its batch from the training loader"):
        q1_text(printed(batch(16, TRAIN), tested))


def test_both_loaders_may_be_compared() -> None:
    both = f"train: {TYPED}\ntest: {TYPED}"
    assert q1_text(printed(batch(16, TRAIN), batch(16)))
    assert q1_text(printed(batch(14), batch(16, TRAIN), text=both))


TYPED_CODE = [
    f"print('{TYPED}')",
    f"first_batch = next(iter(test_loader))\nprint('{TYPED}')",
    "sample, label = next(iter(test_loader))\nprint(f'sample: {(64, 1, 28, 28)} {torch.float32}', (64,), torch.int64)",
]


@pytest.mark.parametrize("source", TYPED_CODE)
@pytest.mark.parametrize("cell", [14, 16])
def test_shapes_in_the_code_earn_nothing_though_a_batch_was_drawn(source: str, cell: int) -> None:
    with pytest.raises(Fail, match="the shapes are typed in: what the cell that begins with") as caught:
        q1_text(printed(batch(cell), source=f"import torch\n{source}"))
    assert caught.value.credit == 0


@pytest.mark.parametrize(
    "source",
    ["sample, label = first_batch\nprint(sample.shape, label.shape)", "describe(*first_batch)", "!cat shapes.txt"],
)
def test_shapes_that_are_read_from_a_batch_cost_nothing(source: str) -> None:
    assert q1_text(printed(batch(14), source=source))


@pytest.mark.parametrize("cell", [2, 14, 16])
def test_a_batch_may_be_drawn_in_the_printing_cell_or_above(cell: int) -> None:
    assert q1_text(printed(batch(cell)))
    assert q1_text(printed(batch(14, TRAIN), batch(cell)))
    assert q1_text(printed(replace(batch(cell, batches=16), complete=True)))


def test_a_loader_of_data_that_is_not_recognised_is_believed() -> None:
    assert q1_text(printed(batch(16, replace(TEST, split=None))))


def test_a_test_loader_with_the_training_images_costs_nothing_here() -> None:
    assert q1_text(printed(batch(16, TRAIN), probed=replace(TEST, split="train")))


@pytest.mark.parametrize("text", ["(1" + "\n " * 90_000, "1" + "\n " * 90_000 + "x", "a, b" + "\n " * 90_000])
def test_any_text_and_code_are_read_at_once(text: str) -> None:
    began = time.process_time()
    with pytest.raises(Fail):
        first_batch_text(text, FirstBatch(), source=text)
    assert time.process_time() - began < 4
