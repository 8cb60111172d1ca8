"""The notebook that is made of executions: which of them count, and where they stand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grader.live.cells import NOT_RUN, FileCell, arrange, evidence_of, find_file, only_grader
from grader.live.recording import Execution, Output


def ran(*sources: str, ids: tuple[str, ...] = ()) -> list[Execution]:
    return [Execution(at, source, at + 1, ids[at] if ids else None, over=True) for at, source in enumerate(sources)]


def sources(*executions: str, ids: tuple[str, ...] = (), file: tuple[FileCell, ...] = ()) -> list[str]:
    return [cell.source for cell in arrange(ran(*executions, ids=ids), file).notebook.cells]


@pytest.mark.parametrize(
    "source",
    [
        "import grader",
        "grader.check('q5')",
        "%load_ext grader\n%grade q5",
        "import grader\ngrader.use_language('de')\ngrader.hint('q5')\ngrader.status()",
        "try:\n    import grader\nexcept ImportError:\n    pass",
    ],
)
def test_cells_that_only_call_the_grader_do_not_count(source: str) -> None:
    assert only_grader(source)
    assert sources("a = 1", source) == ["a = 1"]


@pytest.mark.parametrize(
    "source", ["import grader\nx = 1", "x = grader", "grade = 5", "print('grader')", "", "%grade", "graders.check()"]
)
def test_other_cells_do(source: str) -> None:
    assert only_grader(source) == (source == "%grade")


def test_the_last_version_of_a_cell_counts_in_the_place_of_the_first() -> None:
    assert sources("a = 1", "b = 2", "a = 3", ids=("x", "y", "x")) == ["a = 3", "b = 2"]


def test_without_ids_a_cell_is_known_by_its_source_or_by_what_it_defines() -> None:
    assert sources("def f(): 1", "f()", "def f(): 2", "f()") == ["def f(): 2", "f()"]


def test_cells_that_are_only_alike_stay_two() -> None:
    assert sources("plot('a')", "plot('b')") == ["plot('a')", "plot('b')"]


def test_of_a_cell_that_ran_again_only_the_last_passes_count() -> None:
    executions = ran("train()", "train()", ids=("t", "t"))
    events = [json.dumps({"kind": "note", "cell": cell, "text": str(cell)}).encode() for cell in (0, 1)]
    run = evidence_of(arrange(executions), events)
    assert [note.text for note in run.notes] == ["1"]
    assert [note.cell for note in run.notes] == [0]


def test_the_file_gives_headings_order_and_cells_that_have_not_run() -> None:
    file = (
        FileCell("markdown", "### Question 1"),
        FileCell("code", "a", "1"),
        FileCell("code", "b", "2"),
        FileCell("code", "grader.check()"),
    )
    found = arrange(ran("b = 2", "a = 1", "c = 3", ids=("2", "1", "3")), file)
    assert [cell.source for cell in found.notebook.cells] == ["### Question 1", "a = 1", "c = 3", "b = 2", ""]
    run = evidence_of(arrange(ran("a = 1", ids=("1",)), file), ())
    assert [(cell.index, cell.status, cell.reason) for cell in run.cells] == [(1, "ok", ""), (2, "not_run", NOT_RUN)]


def test_text_is_what_a_graded_kernel_would_give() -> None:
    (one,) = ran("print")
    one.outputs = [
        Output("stdout", ["0 %\r", "100 %\n"]),
        Output("display", ["<Figure>"], "d"),
        Output("update", ["<Other>"], "d"),
        Output("stderr", ["\x1b[31mred\x1b[0m"]),
    ]
    run = evidence_of(arrange([one]), ())
    assert (run.cells[0].text, run.cells[0].stdout) == ("100 %\n<Other>\nred", "100 %\n")


def test_the_error_of_a_cell_has_its_line() -> None:
    (one,) = ran("x = 1\n1/0")
    one.failure = {"status": "error", "ename": "ZeroDivisionError", "evalue": "division by zero", "traceback": ["Cell In[1], line 2", "----> 2 1/0"], "execution_count": 1}  # fmt: skip
    error = evidence_of(arrange([one]), ()).cells[0].error
    assert error is not None
    assert (error.name, error.line) == ("ZeroDivisionError", 2)


def test_the_file_is_found_as_vs_code_and_jupyterlab_name_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.ipynb"
    cell = {"cell_type": "code", "id": "x", "source": ["a = 1"], "metadata": {}, "outputs": [], "execution_count": None}
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    assert find_file({}) == ()
    assert find_file({"__vsc_ipynb_file__": str(path)}) == (FileCell("code", "a = 1", "x"),)
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    assert find_file({}) == (FileCell("code", "a = 1", "x"),)
    path.write_text("broken")
    assert find_file({}) == ()
