"""Messages lead to the cells and lines that they speak of."""

import re
from pathlib import Path

from grader.language import said
from grader.notebook.cells import Cell, Notebook
from grader.reports.mentions import (
    MOST_CODE,
    MOST_LINES,
    MOST_NOTES,
    Mentions,
    Remark,
    linked,
    mentioned,
    remarks_on_cells,
    shown_cells,
)
from tests.language.pseudo import latin, pseudo


def notebook(*sources):
    cells = tuple(Cell(index, "code", source) for index, source in enumerate(sources))
    return Notebook(Path("a.ipynb"), "a.ipynb", "", cells)


def test_cells_and_lines_are_found():
    texts = ["ended with NameError (cell 1, line 2)", "cell 1, line 3 …", "line 7 of cell 4", "20 cells", "cell -1"]
    assert mentioned(texts, Mentions()) == {1: frozenset({2, 3}), 4: frozenset({7})}


def test_mentions_of_shown_cells_are_links_and_all_else_is_escaped():
    text = '<b> in cell 1, line 2 & "cell 9"\x1b'
    assert linked(text, Mentions(), {1: None}) == (
        '&lt;b&gt; in <a href="#cell-1-2">cell 1, line 2</a> &amp; &#34;cell 9&#34;\N{REPLACEMENT CHARACTER}'
    )


def test_cells_are_found_by_what_their_author_sees():
    cells = (Cell(0, "markdown", "## Part <1>"), Cell(1, "code", "a = 1"), Cell(2, "code", "b = '<b>'\nc"))
    mentions = Mentions(Notebook(Path("a.ipynb"), "a.ipynb", "", cells))
    text = "line 2 of the cell under 'Part <1>' that begins with `b = '<b>'` ended with NameError"
    assert mentioned([text], mentions) == {2: frozenset({2})}
    shown = linked(text, mentions, {2: None})
    assert shown.startswith('<a href="#cell-2-2">line 2 of the cell under &#39;Part &lt;1&gt;&#39; that begins')
    assert shown.endswith("</a> ended with NameError")
    assert "<b>" not in shown


def test_a_translated_sentence_leads_to_the_same_places(tmp_path):
    cells = (Cell(0, "markdown", "## Part 1"), Cell(1, "code", "a = 1"), Cell(2, "code", "b = 2"))
    book = Notebook(Path("a.ipynb"), "a.ipynb", "", cells)
    texts = [
        "line 2 of the cell under 'Part 1' that begins with `b = 2` ended with 42: 42",
        "the cell under 'Part 1' that begins with `a = 1` ended with 42: 42",
        "line 4 of cell 1 ended with 42: 42",
        "cell 2: 42",
        " (cell 2, line 5)",
    ]
    with pseudo(tmp_path):
        mentions = Mentions(book)
        assert [latin(text, "Part") for text in map(said, texts)] == [[]] * len(texts)
        spoken = [[(one.cell, one.line) for one in mentions.find(said(text))] for text in texts]
        english = [[(one.cell, one.line) for one in mentions.find(text)] for text in texts]
        shown = linked(said(texts[0]), mentions, {2: None})
    assert spoken == english == [[(2, 2)], [(1, None)], [(1, 4)], [(2, None)], [(2, 5)]]
    assert '<a href="#cell-2-2">' in shown
    assert latin(re.sub("<[^>]*>|&#39;Part 1&#39;", "", shown)) == []


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


def test_a_cell_is_shown_with_what_is_said_of_it():
    said = [
        Remark("q1", "line 2 of cell 1 fails"),
        Remark("", "cell 1 and cell 1"),
        Remark("q2", "nothing"),
        Remark("q1", "line 2 of cell 1 fails"),
    ]
    found = remarks_on_cells(said, Mentions())
    assert found == {1: said[:2]}
    (shown,) = shown_cells(notebook("x = 1", "a\nb"), {1: frozenset({2})}, found)
    assert shown.remarks == tuple(said[:2])
    many = remarks_on_cells([Remark("q", f"cell 1 {n}") for n in range(100)], Mentions())
    assert len(many[1]) == MOST_NOTES


def test_the_code_of_all_cells_has_a_limit():
    sources = ["\n".join(["x" * 400] * 100)] * 10
    shown = shown_cells(notebook(*sources), {index: frozenset() for index in range(10)})
    assert 0 < sum(len(line.text) for cell in shown for line in cell.lines) <= MOST_CODE
    assert [cell.index for cell in shown] == [0, 1, 2]
