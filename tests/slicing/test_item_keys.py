"""Which items a change of the notebook touches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grader.notebook.cells import Cell, Notebook
from grader.notebook.questions import locate
from grader.notebook.reader import read_notebook
from grader.slicing.item_keys import changed, item_keys
from reference.rubric import ASSIGNMENT, RUBRIC

SOLUTION = read_notebook(Path(__file__).parents[2] / "reference" / "solution.ipynb")
PROFILED = next(cell.source for cell in SOLUTION.code_cells if "thop" in cell.source and "profile(" in cell.source)
FOUND = {"flops": PROFILED}
ALL = {item.id for item in RUBRIC.items}
WRITTEN = {"q4", "q6", "q9", "q10"}


def touched(old: str, new: str, lost: tuple[str, ...] = (), kind: str = "") -> set[str]:
    """Return the items that are checked again after `old` became `new` in every cell (of this kind)."""
    cells = tuple(
        replace(cell, source=cell.source.replace(old, new)) if kind in ("", cell.kind) else cell
        for cell in SOLUTION.cells
    )
    assert cells != SOLUTION.cells
    return between(SOLUTION, replace(SOLUTION, cells=cells), lost)


def between(one: Notebook, other: Notebook, lost: tuple[str, ...] = ()) -> set[str]:
    return set(changed(item_keys(one, ASSIGNMENT, FOUND), item_keys(other, ASSIGNMENT, FOUND), lost))


def test_nothing_changed():
    assert between(SOLUTION, SOLUTION) == set()


def test_a_change_in_the_last_training_touches_only_its_item():
    assert touched("model = CNN().cuda()", "net = model = CNN().cuda()") == {"q8"}


def test_another_answer_is_read_again_and_no_other():
    answer = locate(SOLUTION, ASSIGNMENT.prompts, ASSIGNMENT.template(), {})["q9"].answer
    assert touched(answer[:40], "And so it is. " + answer[:40]) == {"q9"}


def test_words_outside_of_answers_touch_nothing():
    title = SOLUTION.cells[0].source
    assert touched(title, title + "\n\nBy Anna.", kind="markdown") == set()


def test_a_function_touches_all_that_it_trained():
    found = touched("def cpu_train(", "def  cpu_train(")
    assert {"cpu_loops", "q2", "q3", "q7"} <= found
    assert not found & WRITTEN


def test_a_model_touches_its_own_trainings():
    found = touched("class CNN(", "class  CNN(")
    assert {"cnn", "q7", "q8", "flops"} <= found
    assert not found & {"q1", "q2", "q3", "q5", *WRITTEN}


def test_the_data_touch_all_code():
    found = touched("transform = transforms.Compose", "transform =  transforms.Compose")
    assert found >= ALL - WRITTEN - {"mlp", "cnn", "flops"}


def test_the_cells_of_an_item_without_a_heading_are_where_the_run_found_them():
    assert "flops" in touched(PROFILED, PROFILED + "\nprint()")
    assert "flops" not in touched("model = CNN().cuda()", "net = model = CNN().cuda()")


@pytest.mark.parametrize("item", ["q2", "q3", "q8"])
def test_an_item_that_lost_points_does_not_wait_for_later_code(item):
    later = (*SOLUTION.cells, Cell(len(SOLUTION.cells), "code", "print('more')", ""))
    assert item not in between(SOLUTION, replace(SOLUTION, cells=later), lost=(item,))


def test_an_item_that_lost_points_is_checked_again_after_any_change_before_it():
    first = next(cell.source for cell in SOLUTION.code_cells if "Blend" in cell.source)
    assert "q8" not in touched(first, first + "\nprint()")
    assert "q8" in touched(first, first + "\nprint()", lost=("q8",))


def test_a_helper_file_touches_all_code():
    from grader.notebook.helper_files import read_helper_files

    path = Path(__file__)
    with_file = replace(SOLUTION, beside=read_helper_files([("utils.py", path)]))
    assert between(SOLUTION, with_file) == ALL - WRITTEN
