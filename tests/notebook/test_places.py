"""Names of cells and lines as a notebook's author sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.notebook.cells import Cell, Notebook
from grader.notebook.places import SHOWN, line_of, place, quoted


def notebook(*cells: tuple[str, str]) -> Notebook:
    return Notebook(Path("a.ipynb"), "a.ipynb", "", tuple(Cell(i, k, s) for i, (k, s) in enumerate(cells)))  # type: ignore[arg-type]


BOOK = notebook(
    ("code", "import torch"),
    ("markdown", "# Training\n\nsome text\n## **Question 2**  \nPlot `both`."),
    ("code", "\n\nplot(a)"),
    ("markdown", "a remark\n#no heading"),
    ("markdown", "### Question 3 #"),
    ("code", "train(10)"),
    ("code", ""),
    ("code", "x = 1\n    y = 2"),
)


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (0, "the cell that begins with `import torch`"),
        (2, "the cell under 'Question 2'"),
        (5, "the cell under 'Question 3' that begins with `train(10)`"),
        (6, "the cell under 'Question 3'"),
        (7, "the cell under 'Question 3' that begins with `x = 1`"),
        (99, "cell 99"),
    ],
)
def test_a_cell_is_named_by_its_heading_and_where_needed_by_its_first_line(index: int, expected: str) -> None:
    assert place(BOOK, index) == expected


def test_a_line_is_quoted_without_its_indentation() -> None:
    assert line_of(BOOK, 7, 2) == "y = 2"
    assert [line_of(BOOK, 7, line) for line in (0, 3, None)] == ["", "", ""]
    assert line_of(BOOK, 99, 1) == ""


def test_long_lines_are_cut_and_backquotes_do_not_end_the_quotation() -> None:
    assert quoted("x = `a`") == "x = 'a'"
    assert len(quoted("x" * 10_000)) == SHOWN
    assert quoted("x" * 10_000).endswith("…")


def test_a_heading_loses_its_markup_and_keeps_its_names() -> None:
    book = notebook(("markdown", "### The loops: `cpu_train` and _the_ **`cpu_test`**"), ("code", "x"))
    assert place(book, 1) == "the cell under 'The loops: cpu_train and the cpu_test'"


def test_a_heading_in_a_code_comment_is_none() -> None:
    book = notebook(("code", "# Question 2\nplot()"), ("code", "y"))
    assert place(book, 1) == "the cell that begins with `y`"
