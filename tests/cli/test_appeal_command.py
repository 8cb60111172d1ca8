"""`grader appeal` and `grader what-if`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grader.cli.exit_status import FAILED, LOST, PASSED
from grader.cli.main import main
from grader.course.store import Store
from tests.course.class_store import graded_result, make_class, put


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
    assert lines[0] == "dora: 7 and 5 waiting of 12 becomes 9 and 5 waiting of 14: +2, q1 4 to 6"
    assert lines[-1] == "4 submissions: 2 would gain points, 0 would lose some; nothing was changed"
    limit = ["what-if", str(out), "--limit", "loss=0.4", "--assignment", "tests.course.tiny"]
    lines = said(capsys, *limit).splitlines()
    assert lines[0] == "anna: -3 points: q2.low pass 3 becomes fail 0"
    assert lines[-1] == "the verdicts on 4 submissions would differ; nothing was changed"
    assert said(capsys, "what-if", str(out)).startswith("the points of the rubric count")
    assert "give one of" in said(capsys, "what-if", str(out), "--points", "q1=1", "--reset", status=FAILED)
    assert "--apply needs" in said(capsys, "what-if", str(out), "--apply", status=FAILED)
    assert "say with --reason" in said(capsys, "what-if", str(out), "--points", "q1=1", "--apply", status=FAILED)


def test_points_count_once_they_are_applied(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    apply = ["--apply", "--reason", "too hard"]
    lines = said(capsys, "what-if", str(out), "--points", "q1.time=0", *apply).splitlines()
    assert lines[-1] == "4 submissions: 0 gained points, 2 lost some"
    assert "q1.time: 0 points, set by an instructor" in said(capsys, "what-if", str(out))
    assert '"carl"' in (out / "class.csv").read_text()
    assert '"10"' in next(line for line in (out / "class.csv").read_text().splitlines() if '"carl"' in line)
    said(capsys, "what-if", str(out), "--points", "q2=6", *apply)
    assert "q2: 6 points" in said(capsys, "what-if", str(out))
    assert (
        "0 gained points, 4 lost some"
        in said(capsys, "what-if", str(out), "--reset", "--reason", "no").splitlines()[-1]
    )
    assert said(capsys, "what-if", str(out)).startswith("the points of the rubric count")


def test_a_limit_counts_once_it_is_applied(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    limit = ["what-if", str(out), "--limit", "loss=0.4", "--assignment", "tests.course.tiny"]
    said(capsys, "appeal", str(out), "ben", "q2", "--text", "it is low")
    said(capsys, "appeal", str(out), "--accept", "1", "--reason", "it is")
    lines = said(capsys, *limit, "--apply", "--reason", "the limit was too high").splitlines()
    assert lines[-2:] == [
        "left as it was: ben: a person had decided on q2.low before",
        "the verdicts on 4 submissions were changed",
    ]
    with Store(out) as store:
        rows = {row.entry.name: row.final for row in store.rows()}
    assert [rows[name].overrides["q2.low"].score for name in ("anna", "ben", "carl")] == [0, 3, 0]
    assert rows["anna"].overrides["q2.low"].reason == "the limit was too high (the loss is above 0.4)"


def test_an_appeal_is_decided_for_all_alike(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "appeal", str(out), "anna", "q1.print", "--text", "It prints.")
    assert "say with --reason why" in said(capsys, "appeal", str(out), "--accept", "1", status=FAILED)
    both = ["appeal", str(out), "--accept", "1", "--reject", "1", "--reason", "x"]
    assert "one of --accept and --reject" in said(capsys, *both, status=FAILED)
    decide = ["appeal", str(out), "--accept", "1", "--reason", "right", "--points", "q1.print=1", "--alike"]
    assert said(capsys, *decide) == "appeal 1 is accepted; verdicts on 2 submissions were changed\n"
    assert "appeal 1 was accepted by" in said(capsys, *decide, status=FAILED)
    assert said(capsys, "appeal", str(out), "--all").endswith("It prints. [accepted: right]\n0 open, 1 decided\n")
    said(capsys, "appeal", str(out), "carl", "q1", "--text", "why")
    assert (
        said(capsys, "appeal", str(out), "--reject", "2", "--reason", "no time is printed") == "appeal 2 is rejected\n"
    )


def test_a_message_that_only_begins_alike_is_not_decided_with_it(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store(out) as store:
        for name, rest in (("anna", "NameError"), ("ben", "NameError"), ("carl", "TypeError")):
            result = graded_result(f"x = {name!r}", f"{name}.ipynb")
            first, *more = result.items[0].checks
            first = replace(first, message=f"nothing was seen; line {len(name)} ended with {rest}")
            item = replace(result.items[0], checks=(first, *more))
            put(store, name, replace(result, items=(item, *result.items[1:])), f"again {name} of {name}")
    said(capsys, "appeal", str(out), "anna", "q1.print", "--text", "It prints.")
    shown = said(capsys, "appeal", str(out), "--show", "1")
    assert "for the same reason 1 other submission lost points: ben" in shown
    assert "with the same first words but another cause, so look at each: carl" in shown
    decide = ["appeal", str(out), "--accept", "1", "--reason", "right", "--alike"]
    assert said(capsys, *decide) == "appeal 1 is accepted; verdicts on 2 submissions were changed\n"
    with Store(out) as store:
        changed = {row.entry.name for row in store.rows() if row.final.overrides}
    assert changed == {"anna", "ben"}
