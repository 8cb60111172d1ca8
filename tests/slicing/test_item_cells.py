from pathlib import Path

import pytest

from grader.notebook.cells import Cell, Notebook
from grader.notebook.reader import read_notebook
from grader.slicing.item_cells import cells_for, part_for
from reference.rubric import ASSIGNMENT

SOLUTION = read_notebook(Path(__file__).parents[2] / "reference" / "solution.ipynb")


def cells_with(*texts: str) -> set[int]:
    return {cell.index for cell in SOLUTION.code_cells if any(text in cell.source for text in texts)}


@pytest.mark.parametrize(
    ("item", "kept", "left_out"),
    [
        ("q2", {'plot_losses("MLP, first'}, {"epochs 11 to 20", "CNN on the CPU"}),
        ("q5", {"def gpu_train", "gpu_train(current_epoch"}, {"epochs 11 to 20", "CNN on the CPU", "def cpu_train"}),
        ("q7", {"CNN on the CPU", "class CNN"}, {"epochs 11 to 20", "def gpu_train"}),
        ("q8", {"CNN on the GPU", "def gpu_train"}, {"epochs 11 to 20", "CNN on the CPU", "def cpu_train"}),
    ],
)
def test_an_item_of_the_solution_needs_the_cells_that_it_reads_from(item, kept, left_out):
    needed = cells_for(SOLUTION, ASSIGNMENT, item)
    assert needed is not None
    assert all(cells_with(text) & needed for text in kept)
    assert not any(cells_with(text) & needed for text in left_out if text != "CNN on the GPU")


@pytest.mark.parametrize("item", ["q4", "q6", "q9", "q10"])
def test_beside_a_written_answer_lie_the_figures_of_the_whole_run(item):
    assert cells_for(SOLUTION, ASSIGNMENT, item) is None


def test_without_its_heading_an_item_needs_all():
    bare = Notebook(
        Path("n"), "n", "", tuple(Cell(c.index, c.kind, c.source if c.kind == "code" else "") for c in SOLUTION.cells)
    )
    assert cells_for(bare, ASSIGNMENT, "q8") is None


def test_a_part_goes_on_where_it_ended_if_it_leaves_out_little():
    part = part_for(SOLUTION, ASSIGNMENT, ["q3"])
    assert part is not None
    assert part.begins
    assert part.all
    assert part.cells == {cell.index for cell in SOLUTION.code_cells if cell.index <= max(part.cells)}
    assert part.cells >= (cells_for(SOLUTION, ASSIGNMENT, "q3") or set())


def test_a_part_that_leaves_out_long_trainings_runs_alone():
    part = part_for(SOLUTION, ASSIGNMENT, ["q8"])
    assert part is not None
    assert not part.begins
    assert part.cells == cells_for(SOLUTION, ASSIGNMENT, "q8")


def test_several_items_need_what_each_of_them_needs():
    part = part_for(SOLUTION, ASSIGNMENT, ["q2", "q1"])
    assert part is not None
    for item in ("q1", "q2"):
        assert part.cells >= (cells_for(SOLUTION, ASSIGNMENT, item) or set())
    assert set(part.items) == {"q1", "q2"}


def test_beside_an_item_that_needs_the_whole_run_a_part_must_go_on():
    part = part_for(SOLUTION, ASSIGNMENT, ["q3", "q4"])
    assert part is not None
    assert part.begins
    assert not part.all
    assert part.items == ("q3",)
    assert part_for(SOLUTION, ASSIGNMENT, ["q8", "q9"]) is None  # the trainings before would run twice
    assert part_for(SOLUTION, ASSIGNMENT, ["q4"]) is None
    assert part_for(SOLUTION, ASSIGNMENT, []) is None
