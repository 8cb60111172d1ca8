"""`grader replay`: the verdict then and now, in a few lines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grader.cli.exit_status import FAILED, LOST, PASSED
from grader.cli.main import main
from grader.course.store import Store
from tests.course.class_store import graded_result, make_class, put

TINY = ["--assignment", "tests.course.tiny"]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    make_class(tmp_path)
    with Store(tmp_path) as store:
        (tmp_path / "anna").mkdir()
        (tmp_path / "anna" / "result.json").write_text(store.document("key-anna of anna"))
        result = graded_result("print(1)")
        item = result.items[0]
        checks = (item.checks[0], replace(item.checks[1], status="fail", score=0.0, message="no time [2J\x1b"))
        put(store, "eve", replace(result, items=(replace(item, checks=checks, score=2.0), *result.items[1:])))
    return tmp_path


@pytest.mark.parametrize("where", [["anna/result.json"], ["anna"], [".", "anna"], [".", "id-anna"], [".", "Anna Doe"]])
def test_a_verdict_is_the_same_however_the_result_is_named(
    out: Path, where: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    place, *who = where
    assert main(["replay", str(out / place), *who, "q1.print", *TINY]) == PASSED
    said = capsys.readouterr().out
    assert said.startswith("q1.print: the verdict is the same: fail, 0 of 2: nothing is printed in 1 of 3 cells\n")
    assert "changed since the grading: the rubric, the reference, the grader and the installed packages" in said


def test_another_verdict_is_shown_beside_the_former_one(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(out), "eve", "all", *TINY]) == LOST
    said = capsys.readouterr().out.splitlines()
    assert said[:4] == [
        "q1.time: another verdict",
        "  was: fail, 0 of 2: no time [2J�",
        "  is:  partial, 1 of 2: 1 cells print no time",
        "eve: 3 of 4 verdicts are the same, word for word",
    ]


def test_what_cannot_be_replayed_is_told_in_one_sentence(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, sentence in (
        ([str(out), "q1"], "is the folder of a class: also name the submission"),
        ([str(out / "nowhere"), "q1"], "cannot be read"),
        ([str(out), "nobody", "q1"], "there is no submission 'nobody'"),
        ([str(out), "anna", "q7"], "there is no check or item 'q7'"),
    ):
        assert main(["replay", *arguments, *TINY]) == FAILED
        assert sentence in capsys.readouterr().err
    (out / "anna" / "result.json").write_text("{}")
    assert main(["replay", str(out / "anna"), "q1", *TINY]) == FAILED
    assert "is no result.json of this version of grader" in capsys.readouterr().err


def test_a_result_outside_a_class_has_no_evidence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graded_result("x").write(tmp_path / "result.json")
    assert main(["replay", str(tmp_path / "result.json"), "q1", *TINY]) == FAILED
    assert "no evidence was kept with this result" in capsys.readouterr().err
