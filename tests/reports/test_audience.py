"""What is for the instructor does not reach a student's screen or page."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from grader.reports.audience import for_reader
from grader.reports.html import html
from grader.reports.terminal import print_report, svg
from grader.result import Result
from tests.conftest import make_result
from tests.reports.hostile import hostile_result

FACT = "the loss fell to 0.3"
REFUSED = "7 records of the run are left out: they were malformed or named another cell"
SEEN = replace(make_result("anna.ipynb"), notes=(REFUSED, "a missing id was added"))


def screen(result: Result) -> str:
    out = io.StringIO()
    print_report(result, Console(file=out, width=100, highlight=False, markup=False), details=True)
    return out.getvalue()


def picture(result: Result) -> str:
    return svg(result).replace("&#160;", " ").replace("\u00a0", " ")


@pytest.mark.parametrize("show", [screen, html, picture])
def test_facts_and_suspicions_are_for_the_instructor(show):
    assert FACT in show(SEEN)
    assert "7 records of the run" in show(SEEN)
    mine = show(replace(SEEN, advisory=True))
    assert FACT not in mine
    assert "records of the run" not in mine
    assert "a missing id was added" in mine
    assert "it concludes nothing" in show(SEEN)
    assert "it concludes nothing" not in mine  # a remark for the person who reads the answer


def test_what_waits_for_a_person_still_does():
    for result in (SEEN, hostile_result("x")):
        shown = for_reader(replace(result, advisory=True))
        before = [check.waits for item in result.items for check in item.checks]
        assert [check.waits for item in shown.items for check in item.checks] == before
        assert not [fact for item in shown.items for check in item.checks for fact in check.evidence if fact == "x"]


def test_the_result_of_a_grading_stays_as_it_is():
    assert for_reader(SEEN) is SEEN
