"""Losing marks cannot be turned into 'not lost' by an import, an odd text or code that nobody can analyse."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable

import pytest

from grader.assignment import Check, Evidence, Fail, NotGraded, Review
from grader.checks.printed_numbers import find_numbers
from grader.evidence.run import CellError, CellRun, RunEvidence
from grader.grading.judge import judge
from grader.notebook.cells import Cell, python_source
from grader.packages import Lacking, missing_packages
from grader.result import CheckResult
from reference.checks.epochs import ten_epochs
from tests.conftest import empty_evidence

pytestmark = pytest.mark.attack
ABSENT = "fvcore"  # a package that notebooks may rightly use, which is no dependency of the grader


def evidence(source: str, missing: str | None, message: str = "No module named 'x'", later: str = "x = 1") -> Evidence:
    """Return the evidence of a notebook whose first cell ended with an error, and whose second one ran."""
    error = CellError("ModuleNotFoundError" if missing else "NameError", message, 1, "", missing)
    e = empty_evidence()
    cells = (Cell(0, "code", source), Cell(1, "code", later))
    run = RunEvidence(cells=(CellRun(0, "error", error=error), CellRun(1, "ok")))
    return dataclasses.replace(e, notebook=dataclasses.replace(e.notebook, cells=cells), run=run)


@pytest.mark.parametrize(
    "source", ["import not_a_package", "from not_a_package.inner import thing", "import not_a_package as np"]
)
def test_the_import_of_an_unknown_package_costs_what_it_stops(source: str) -> None:
    e = evidence(source, "not_a_package")
    with pytest.raises(
        Fail, match=r"cell 0 imports 'not_a_package', and not_a_package\.py is missing from the submission"
    ) as caught:
        ten_epochs(e)
    assert "hand it in beside the notebook" in caught.value.hint


def test_an_error_raised_by_hand_is_an_error_like_any_other() -> None:
    e = evidence(f"raise ModuleNotFoundError(name={ABSENT!r})", ABSENT)
    assert missing_packages(e.notebook, e.run) == ()
    with pytest.raises(Fail):
        ten_epochs(e)


def test_nor_is_a_package_missing_that_is_installed_here() -> None:
    e = evidence("import torch", "torch")
    assert missing_packages(e.notebook, e.run) == ()


@pytest.mark.parametrize("source", [f"import {ABSENT}", f"import importlib\nimportlib.import_module('{ABSENT}.nn')"])
def test_a_known_package_that_this_machine_lacks_waits_for_a_person(source: str) -> None:
    with pytest.raises(Lacking) as caught:
        ten_epochs(evidence(source, ABSENT))
    assert caught.value.facts


def test_the_name_of_an_installed_package_may_be_the_notebooks_own() -> None:
    e = evidence("!pip install my_course_tools\nimport my_course_tools", "my_course_tools")
    (package,) = missing_packages(e.notebook, e.run)
    assert package.here


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("2·10⁻", [2.0, 10.0]),
        ("2·10⁻³", [0.002]),
        ("3 x 10^-2", [0.03]),
        ("1e999999", None),
        ("9" * 5000, None),
        ("٣٫٥", None),
    ],
)
def test_odd_numbers_are_read_or_left_alone(text: str, values: list[float] | None) -> None:
    found = [number.value for number in find_numbers(text)]
    assert all(abs(value) < float("inf") for value in found)
    if values is not None:
        assert found == pytest.approx(values)


@pytest.mark.parametrize(
    "deep",
    [
        "x = a" + ".b" * 400,
        "x = a" + "[0]" * 400,
        "x = a" + "()" * 150,
        "x = " + "-" * 300 + "1",
        "x = " + "(" * 80 + "1" + ")" * 80,
        "x = " + "1 + " * 900 + "1",
        "x = " + "not " * 300 + "True",
    ],
    ids=["attributes", "subscripts", "calls", "signs", "brackets", "sum", "not"],
)
def test_code_that_is_nested_deeply_leaves_the_rest_to_be_analysed(deep: str) -> None:
    source = python_source(f"model = MLP()\n{deep}\nprint(model)")
    assert source is not None
    assert len(source.splitlines()) == 3
    tree = ast.parse(source)
    ast.unparse(tree)
    assert {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} >= {"model", "MLP", "print"}


# --- a check that raises --------------------------------------------------------------------------------------------


def judged(function: Callable[[Evidence], str | Review | None]) -> CheckResult:
    from grader.assignment import Item, Rubric

    function.__doc__ = "The text is printed."
    rubric = Rubric("tiny", (Item("q1", "The text", 2, (Check("q1.text", 2, function),)),))
    e = empty_evidence()
    cells = tuple(Cell(index, "code", "") for index in range(40))
    run = RunEvidence(cells=tuple(CellRun(index, "ok", text="bad" if index == 17 else "good") for index in range(40)))
    (item,) = judge(rubric, dataclasses.replace(e, notebook=dataclasses.replace(e.notebook, cells=cells), run=run))
    return item.checks[0]


def chokes(e: Evidence) -> str:
    for cell in e.run.cells:
        if cell.text == "bad":
            raise RecursionError(cell.text)
    if not any(cell.text == "good" for cell in e.run.cells):
        raise Fail("nothing is printed")
    return "printed"


def test_a_check_that_chokes_on_one_cell_judges_the_others_and_says_so() -> None:
    found = judged(chokes)
    assert (found.status, found.score) == ("pass", 2)
    assert found.waits
    assert "cell 17" in found.evidence[0]


def test_a_fault_stays_a_fault_when_a_check_chokes() -> None:
    def fails(e: Evidence) -> str:
        chokes(e)
        raise Fail("the loss does not fall")

    found = judged(fails)
    assert (found.status, found.score, found.message) == ("fail", 0, "the loss does not fall")


def test_a_check_that_always_raises_waits_for_a_person_and_earns_nothing() -> None:
    def broken(e: Evidence) -> str:
        raise MemoryError

    found = judged(broken)
    assert (found.status, found.score) == ("error", 0)
    assert found.waits
    assert "a person must look" in found.message


def test_a_verdict_is_a_verdict() -> None:
    def cannot(e: Evidence) -> str:
        raise NotGraded("no GPU here")

    assert judged(cannot).status == "not_graded"
    assert judged(lambda e: "fine").status == "pass"
