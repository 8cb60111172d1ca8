"""`grader appeal` and `grader what-if`."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.cli.exit_status import FAILED, LOST, PASSED
from grader.cli.main import main
from tests.course.class_store import make_class


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return make_class(tmp_path)


def said(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = PASSED) -> str:
    assert main(list(arguments)) == status
    seen = capsys.readouterr()
    return seen.out + seen.err


def test_appeals_are_entered_listed_and_shown(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "appeal", str(out)) == "0 open, 0 decided\n"
    file = ["appeal", str(out), "anna", "q1.print", "--text", "It prints\x1b[2J."]
    assert said(capsys, *file) == "appeal 1: anna, q1.print: It prints�[2J.\n"
    assert said(capsys, *file) == "appeal 1 says the same already\n"
    assert said(capsys, "appeal", str(out)) == "appeal 1: anna, q1.print: It prints�[2J.\n1 open, 0 decided\n"
    assert said(capsys, "appeal", str(out), "--show", "1").splitlines()[1:] == [
        "  q1.print: fail, 0 of 2: nothing is printed in 1 of 3 cells",
        "    expected: one print",
        "    for the same reason 1 other submission lost points: ben",
    ]


def test_a_form_is_imported(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    form = out / "form.csv"
    form.write_text("submission,check,text\nanna,q1,why\neve,q1,why\n")
    lines = said(capsys, "appeal", str(out), "--import", str(form), status=LOST).splitlines()
    assert lines[0] == "appeal 1: anna, q1: why"
    assert "line 3: there is no submission 'eve'" in lines[1]
    assert lines[2] == "1 new, 0 known before, 1 line cannot be used"
    assert "cannot read" in said(capsys, "appeal", str(out), "--import", str(out / "no.csv"), status=FAILED)


def test_an_appeal_needs_a_check_and_a_text(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "say with --text" in said(capsys, "appeal", str(out), "anna", "q1", status=FAILED)
    assert "name the submission and the check" in said(capsys, "appeal", str(out), "--text", "x", status=FAILED)


def test_whose_points_would_change_is_shown(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "what-if", str(out), "--points", "q1.time=4").splitlines()
    assert lines[0] == "dora: 12 of 12 (100.0%) becomes 14 of 14 (100.0%): +2, q1 4 to 6"
    assert lines[-1] == "4 submissions: 2 would gain points, 0 would lose some; nothing was changed"
    limit = ["what-if", str(out), "--limit", "loss=0.4", "--assignment", "tests.course.tiny"]
    lines = said(capsys, *limit).splitlines()
    assert lines[0] == "anna: -3 points: q2.low pass 3 becomes fail 0"
    assert lines[-1] == "the verdicts on 4 submissions would differ; nothing was changed"
    assert "give --points or --limit" in said(capsys, "what-if", str(out), status=FAILED)
