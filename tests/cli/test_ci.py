import argparse
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from grader.cli import ci
from grader.cli.exit_status import FAILED, LOST, PASSED
from grader.cli.main import main, parser
from grader.cli.options import UsageError, percent
from grader.result import CheckResult, ItemResult, Result, Submitted

ROOT = Path(__file__).parents[2]
BROKEN = '{"cells": [], "nbformat": 4}'


def result_of(lost=0.0, waiting=0.0, ungraded=0.0, error=False):
    checks = (
        CheckResult("q.a", "fail" if lost else "pass", 8.0 - lost, 8.0, "a"),
        CheckResult("q.b", "review", 0.0, waiting, "b"),
        CheckResult("q.c", "error" if error else "not_graded", 0.0, ungraded, "c"),
    )
    item = ItemResult("q", "Q", 8.0 - lost, 8.0 + waiting + ungraded, "error" if error else "partial", checks)
    return Result("tiny", Submitted("a.ipynb", ""), item.score, item.max_score, "graded", (item,), ungraded=ungraded)


@pytest.mark.parametrize(
    ("result", "wanted", "status"),
    [
        (result_of(), 100.0, PASSED),
        (result_of(lost=2.0), 100.0, LOST),
        (result_of(lost=2.0), 75.0, PASSED),
        (result_of(lost=2.0), 75.1, LOST),
        (result_of(lost=8.0), 0.0, PASSED),
        (result_of(waiting=2.0), 100.0, PASSED),  # waits for a person
        (result_of(ungraded=2.0), 100.0, PASSED),  # not the student's fault
        (result_of(lost=2.0, ungraded=8.0), 76.0, LOST),  # of those that could be judged
        (result_of(error=True), 0.0, FAILED),
        (replace(result_of(), status="failed"), 0.0, FAILED),
        (replace(result_of(ungraded=2.0), ungraded=10.0), 0.0, FAILED),  # nothing could be judged
    ],
)
def test_what_is_red(result, wanted, status):
    assert ci.status(result, wanted) == status


@pytest.mark.parametrize(("text", "value"), [("60", 60.0), ("87.5", 87.5), ("100%", 100.0), ("0", 0.0)])
def test_a_percentage(text, value):
    assert percent(text) == value


@pytest.mark.parametrize("text", ["101", "-1", "a", "", "1e2", "nan"])
def test_no_percentage(text):
    with pytest.raises(argparse.ArgumentTypeError, match="not a percentage"):
        percent(text)


def test_the_only_notebook_of_a_repository_is_found(tmp_path):
    for name in (
        "hw/work.ipynb",
        "hw/.ipynb_checkpoints/work-checkpoint.ipynb",
        ".venv/x.ipynb",
        "venv/lib/y.ipynb",
        "README.md",
        "hw/.z.ipynb",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(BROKEN)
    assert ci.find_notebook(tmp_path) == tmp_path / "hw" / "work.ipynb"
    assert ci.find_notebook(tmp_path / "README.md") == tmp_path / "README.md"


def test_several_notebooks_are_one_sentence(tmp_path):
    for name in "abcde":
        (tmp_path / f"{name}.ipynb").write_text(BROKEN)
    with pytest.raises(
        UsageError,
        match=r"there are 5 notebooks in the folder .*, 'a.ipynb', 'b.ipynb', 'c.ipynb' and 2 more: keep one",
    ):
        ci.find_notebook(tmp_path)
    (tmp_path / "only").mkdir()
    with pytest.raises(UsageError, match="there is no notebook"):
        ci.find_notebook(tmp_path / "only")


def test_a_repository_without_one_notebook_is_a_failed_result_in_all_files(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    Path("a.ipynb").write_text(BROKEN)
    Path("::error::b,##[error].ipynb").write_text(BROKEN)
    options = [part for option in ci._FILES for part in (option, f"out{option}")]
    assert main(["ci", "--assignment", "reference", "--quiet", *options]) == FAILED
    told = "there are 2 notebooks in the repository"
    for option in ci._FILES:
        document = Path(f"out{option}").read_text()
        assert told in document or option in ("--badge", "--classroom50"), option
    assert json.loads(Path("out--gradescope").read_text())["score"] == 0
    assert told in Path("summary.md").read_text()
    lines = capsys.readouterr().out.splitlines()
    stop = re.fullmatch(r"::stop-commands::([0-9a-f]{32})", lines[0])
    end = lines.index(f"::{stop[1]}::")
    assert not [line for line in lines[1:end] if line.lstrip().startswith("::") or "##[" in line]
    assert [line.split("::")[1][:10] for line in lines[end + 1 :]] == ["error file"]


def test_a_mistake_of_the_caller_is_one_sentence_that_commands_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert main(["ci", "x##[error].ipynb", "--quiet"]) == FAILED
    assert main(["ci", "--junit", "nowhere/a.xml", "--quiet"]) == FAILED
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("grader: no such file: x# #[error].ipynb")
    assert told[1].startswith("grader: there is no folder nowhere for --junit")


def test_the_levels_are_those_of_the_reports():
    from grader.reports.visibility import LEVELS

    assert ci._LEVELS == LEVELS
    assert parser().parse_args(["ci"]).visibility == "visible"


def test_a_path_as_the_platform_names_it(tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert ci.repository_path(tmp_path / "hw" / "a.ipynb") == "hw/a.ipynb"
    assert ci.repository_path(Path("/elsewhere/a.ipynb")) == "/elsewhere/a.ipynb"


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_notebook_is_graded_as_github_does(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    source = (ROOT / "submissions" / "gaps_in_q3_q4_q8.ipynb").read_text()
    Path("hw.ipynb").write_text(source)
    command = ["ci", "--assignment", "reference", "--sample", "--device", "virtual", "--quiet", "--junit", "j.xml"]
    assert main([*command, "--fail-under", "99"]) == LOST
    errors = [line for line in capsys.readouterr().out.splitlines() if line.startswith("::error file=hw.ipynb,line=")]
    assert errors
    lines = source.split("\n")
    assert any("cuda()" in lines[int(re.search(r"line=(\d+)", error)[1]) - 1] for error in errors)
    assert Path("summary.md").read_text().startswith("<!-- grader -->")
    assert Path("j.xml").read_text().count("<failure") >= 1
