from pathlib import Path

from grader.evidence.run import CellError, CellRun, RunEvidence
from grader.notebook.cells import Cell, Notebook
from grader.slicing.source_cells import imported_names, loader_names, source_cells


def notebook(*sources: str) -> Notebook:
    return Notebook(Path("n.ipynb"), "n.ipynb", "", tuple(Cell(i, "code", s) for i, s in enumerate(sources)))


def run(*cells: CellRun) -> RunEvidence:
    return RunEvidence(cells=cells)


def test_a_cell_that_ended_well_ran_as_a_whole():
    (cell,) = source_cells(notebook("a = 1\nb = 2"), run(CellRun(0, "ok")))
    assert (cell.source, cell.ran) == ("a = 1\nb = 2", True)


def test_a_cell_that_broke_is_cut_before_the_statement_that_broke():
    broken = CellRun(0, "error", error=CellError("NameError", "x", line=4))
    first, second = source_cells(notebook("class A:\n    pass\n\nx.cuda(\n    1)\nb = 2"), run(broken))
    assert (first.source, first.ran) == ("class A:\n    pass\n", True)
    assert (second.source, second.ran) == ("\n\n\nx.cuda(\n    1)\nb = 2", False)


def test_an_error_inside_a_decorated_definition_keeps_the_decorator_with_it():
    broken = CellRun(0, "error", error=CellError("NameError", "x", line=2))
    first, second = source_cells(notebook("a = 1\n@x\ndef f(): pass"), run(broken))
    assert first.source == "a = 1"
    assert second.source.strip().startswith("@x")


def test_a_cell_that_never_ran_or_cannot_be_parsed_did_not_run():
    cells = source_cells(
        notebook("a = 1", "def f(:", "c = 3"),
        run(CellRun(0, "timeout"), CellRun(1, "error", error=CellError("SyntaxError", "x", 1)), CellRun(2, "not_run")),
    )
    assert [cell.ran for cell in cells] == [False, False, False]


def test_loaders_are_found_by_call_and_by_name():
    found = loader_names(
        notebook(
            "train = torch.utils.data.DataLoader(ds)", "test_loader = make()", "x = 1", "a, b_loader = two()", "((("
        )
    )
    assert found == ("train", "test_loader", "b_loader")


def test_names_imported_from_written_files_are_found():
    found = imported_names(
        notebook("%%writefile utils.py\nclass MLP: pass", "from utils import MLP as Net\nfrom os import path")
    )
    assert found == ("Net",)
    assert imported_names(notebook("from os import path")) == ()
