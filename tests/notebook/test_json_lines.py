import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.notebook.json_lines import CellLines, cell_lines
from grader.notebook.reader import read_notebook

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "submissions").glob("*.ipynb"))


def notebook(*sources, **more):
    cells = [
        {
            "cell_type": "code",
            "metadata": {"cells": [{"source": "no"}]},
            "outputs": [{"text": ["source", "cells"]}],
            "source": source,
            "id": "a",
        }
        for source in sources
    ]
    return {"metadata": {"cells": [1], "source": "x"}, "cells": cells, "nbformat": 4} | more


@pytest.mark.parametrize("path", NOTEBOOKS[:8], ids=lambda path: path.stem)
def test_each_line_of_a_sample_is_found(path):
    text = path.read_text()
    lines, places = text.split("\n"), cell_lines(text)
    cells = read_notebook(path).cells
    assert len(places) == len(cells)
    for cell, found in zip(cells, places, strict=True):
        for number, line in enumerate(cell.source.split("\n"), 1):
            written = {json.dumps(line, ensure_ascii=ascii_)[1:-1] for ascii_ in (True, False)}
            assert any(one in lines[found.of(number) - 1] for one in written)


@given(
    st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), max_size=4), max_size=4),
    st.sampled_from([None, 0, 1]),
)
def test_a_line_per_line_of_the_source_whatever_it_holds(sources, indent):
    cells = [[f"{line}\n".replace("\r", "") for line in source] for source in sources]
    text = json.dumps(notebook(*cells), indent=indent)
    found = cell_lines(text)
    assert len(found) == len(cells)
    for source, place in zip(cells, found, strict=True):
        count = "".join(source).count("\n")
        assert len(place.lines) == count


def test_a_source_that_is_one_text_stands_on_one_line():
    found = cell_lines(json.dumps(notebook("a\nb\nc", "d"), indent=1))
    assert [len(set(cell.lines)) for cell in found] == [1, 1]
    assert len(found[0].lines) == 3


def test_parts_of_a_line_count_as_one_line():
    assert cell_lines('{"cells": [{"source": ["a",\n"b\\n",\n"c"]}]}') == (CellLines(1, (1, 3)),)


def test_old_worksheets_are_read():
    text = json.dumps({"worksheets": [{"cells": [{"input": ["x\n", "y"], "language": "python"}]}]}, indent=1)
    (found,) = cell_lines(text)
    assert text.split("\n")[found.of(2) - 1].strip() == '"y"'


def test_the_last_list_that_is_not_empty_counts():
    found = cell_lines('{"cells": [{"source": "a"}],\n"cells": [{"source": "b"}],\n"cells": []}')
    assert [cell.start for cell in found] == [2]


@pytest.mark.parametrize("text", ["", "[]", "import torch", '{"cells', '{"cells": 3}', "}}}]]", '{"a": "' + "\\" * 9])
def test_what_is_no_notebook_has_no_cells(text):
    assert cell_lines(text) == ()


def test_entries_that_are_no_cells_are_not_counted():
    assert len(cell_lines('{"cells": [1, "x", {"source": "a"}, [2]]}')) == 1
