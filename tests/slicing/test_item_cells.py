from pathlib import Path

import pytest

from grader.notebook.cells import Cell, Notebook
from grader.notebook.reader import read_notebook
from grader.slicing.item_cells import cells_for
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
