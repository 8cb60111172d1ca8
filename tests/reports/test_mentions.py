"""Messages lead to the cells and lines that they speak of."""

from pathlib import Path

from grader.notebook.cells import Cell, Notebook
from grader.reports.mentions import MOST_LINES, linked, mentioned, shown_cells


def notebook(*sources):
    cells = tuple(Cell(index, "code", source) for index, source in enumerate(sources))
    return Notebook(Path("a.ipynb"), "a.ipynb", "", cells)


def test_cells_and_lines_are_found():
    texts = ["ended with NameError (cell 1, line 2)", "cell 1, line 3 …", "line 7 of cell 4", "20 cells", "cell -1"]
    assert mentioned(texts) == {1: frozenset({2, 3}), 4: frozenset({7})}


def test_mentions_of_shown_cells_are_links_and_all_else_is_escaped():
    text = '<b> in cell 1, line 2 & "cell 9"\x1b'
    assert linked(text, {1: None}) == (
        '&lt;b&gt; in <a href="#cell-1-2">cell 1, line 2</a> &amp; &#34;cell 9&#34;\N{REPLACEMENT CHARACTER}'
    )


def test_the_lines_are_marked():
    (shown,) = shown_cells(notebook("x = 1", "a\nb\nc"), {1: frozenset({2}), 7: frozenset()})
    assert (shown.index, shown.cut) == (1, False)
    assert [(line.number, line.text, line.marked) for line in shown.lines] == [
        (1, "a", False),
        (2, "b", True),
        (3, "c", False),
    ]


def test_of_a_long_cell_the_part_around_the_line_is_shown():
    (shown,) = shown_cells(notebook("\n".join(map(str, range(1, 1001)))), {0: frozenset({500})})
    assert shown.cut
    assert len(shown.lines) == MOST_LINES
    assert [line.text for line in shown.lines if line.marked] == ["500"]
