"""Shared fixtures: a tiny rubric and the results it gives, made by the real `judge` and `total`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from grader.assignment import Check, Evidence, Fail, Item, NotGraded, Reference, Review, Rubric
from grader.evidence.run import RunEvidence
from grader.grading.judge import judge
from grader.notebook.cells import Cell, Notebook
from grader.result import Result, Submitted, total
from grader.sandbox.warm_start import many_kernels

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["GRADER_LANGUAGE"] = "en"  # whatever the machine's language is
settings.register_profile("grader", deadline=None)  # a busy machine is slow; pytest-timeout ends what hangs
settings.load_profile("grader")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the device programs, see tests/in_kernel/virtual_cuda."""
    parser.addoption("--device", choices=("virtual", "cuda"), default="virtual", help="what runs the device programs")
    parser.addoption(
        "--record-devices", action="store_true", help="with --device cuda: rewrite what the device programs must give"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests run in one process, so that what they share is made once; slow ones go where there is room."""
    for item in items:
        if item.get_closest_marker("slow") is None:
            item.add_marker(pytest.mark.xdist_group(item.location[0]))


@pytest.fixture(scope="module")
def warm() -> Iterator[None]:
    """For tests that start many kernels: they are forked from a server, as those of a class are."""
    many_kernels()
    yield
    many_kernels(False)


def passes(e: Evidence) -> str:
    """Holds."""
    return "found it"


def fails(e: Evidence) -> None:
    """Must hold."""
    raise Fail("saw [red]2[/red] <b>", "3", "count again", credit=0.25)


def needs_reading(e: Evidence) -> Review:
    """Is answered."""
    return Review("a person decides", ("the loss fell to 0.3",), "it concludes nothing", credit=0.5)


def cannot_tell(e: Evidence) -> None:
    """Needs a package."""
    raise NotGraded("not graded: no pandas here")


def broken(e: Evidence) -> None:
    """Has a defect."""
    raise ZeroDivisionError("division by zero")


RUBRIC = Rubric(
    "tiny",
    (
        Item("a", "Passes", 5, (Check("a.one", 5, passes),)),
        Item("b", "Loses something", 4, (Check("b.one", 2, passes), Check("b.two", 2, fails))),
        Item("c", "Is read by a person", 5, (Check("c.one", 5, needs_reading),)),
        Item("d", "Needs a GPU", 3, (Check("d.one", 3, passes, needs_gpu=True),)),
    ),
)


def empty_evidence(gpu: str = "") -> Evidence:
    notebook = Notebook(Path("x.ipynb"), "x.ipynb", "0" * 64, (Cell(0, "code", "1", ""),), (), "ipynb 4.5")
    return Evidence(notebook, {}, RunEvidence(), {}, {}, {}, Reference(), 8192, 1024, gpu)


@pytest.fixture
def evidence() -> Evidence:
    return empty_evidence()


@pytest.fixture
def result() -> Result:
    return make_result("anna.ipynb")


def make_result(name: str, rubric: Rubric = RUBRIC) -> Result:
    items = judge(rubric, empty_evidence())
    return total(rubric.name, Submitted(name, "ab" * 32), items, {"torch": "2.14.1"}, ("a missing id was added",))
