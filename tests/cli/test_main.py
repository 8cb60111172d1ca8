import hashlib
import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from grader.assignment import Item, Rubric
from grader.cli.exit_status import FAILED, LOST, PASSED, exit_status
from grader.cli.main import main, parser
from grader.result import Result, Submitted
from grader.sandbox.confinement.backends import IsolationError
from tests.conftest import RUBRIC, make_result

SOLUTION = str(Path(__file__).parents[2] / "reference" / "solution.ipynb")


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from grader.cli.main import parser; parser().format_help();"
        "heavy = {'torch', 'numpy', 'matplotlib', 'nbclient', 'nbformat', 'rich', 'hypothesis', 'IPython', 'asyncio'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_exit_status_tells_passed_lost_and_failed():
    perfect = Rubric("p", (RUBRIC.items[0], RUBRIC.items[2], RUBRIC.items[3]))
    assert exit_status([make_result("x", perfect)]) == PASSED  # what waits for a person is not lost
    assert exit_status([make_result("x")]) == LOST
    assert exit_status([make_result("x"), Result("t", Submitted("y", ""), 0, 1, "failed")]) == FAILED


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["grade", "x"],
        ["check"],
        ["check", "x", "--cell-seconds", "0"],
        ["grade", "x", "--out", "y", "--jobs", "no"],
    ],
)
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as leaving:
        parser().parse_args(arguments)
    assert leaving.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["check", "x.ipynb"], "no such file: x.ipynb"),
        (["check", SOLUTION, "--assignment", "nowhere_at_all"], "no assignment 'nowhere_at_all'"),
        (["check", SOLUTION, "--quiet", "--item", "q1,q99"], "did you mean q9? there are mlp, data, cpu_loops"),
        (["check", SOLUTION, "--data", "/nonexistent"], "/nonexistent"),
        (["grade", "/nonexistent", "--out", "/tmp/never"], "does not exist"),
    ],
)
def test_mistakes_of_the_caller_are_one_sentence_and_status_2(arguments, sentence, capsys):
    assert main(arguments) == FAILED
    err = capsys.readouterr().err
    assert sentence in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1


def test_a_file_that_is_no_notebook_is_a_failed_result(tmp_path, capsys):
    path = tmp_path / "-page.ipynb"
    path.write_text("<!doctype html><html><title>Sign in</title></html>")
    assert main(["check", "--quiet", str(path), "--json", str(tmp_path / "r.json")]) == FAILED
    assert "-page.ipynb" in capsys.readouterr().out
    written = json.loads((tmp_path / "r.json").read_text())
    assert written["advisory"] is True
    assert written["digests"]["submission"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_help_names_every_command():
    text = parser().format_help()
    for command in (
        "check",
        "grade",
        "results",
        "mark",
        "merge",
        "keygen",
        "verify-result",
        "data",
        "calibrate",
        "prove",
        "doctor",
    ):
        assert f"\n    {command}" in text


def test_students_code_causes_no_warnings_on_the_terminal():
    with warnings.catch_warnings(record=True) as caught:
        main(["verify-result", "nowhere.json"])
        compile("x = 1 is 1", "<cell>", "exec")
    assert caught == []


def test_version(capsys):
    with pytest.raises(SystemExit) as leaving:
        main(["--version"])
    assert leaving.value.code == 0
    assert capsys.readouterr().out.startswith("grader ")


def test_an_item_needs_points_that_add_up():
    with pytest.raises(ValueError):
        Item("i", "x", 2, ())


def test_a_class_is_not_graded_unconfined_unless_it_is_said(tmp_path, capsys, monkeypatch):
    def refuse(isolation):
        assert isolation == "auto"
        raise IsolationError("this machine cannot confine notebooks (no lock)")

    monkeypatch.setattr("grader.sandbox.confinement.backends.find_backend", refuse)
    (tmp_path / "a.ipynb").write_text("{}")
    assert main(["grade", str(tmp_path), "--out", str(tmp_path / "out")]) == FAILED
    assert capsys.readouterr().err == "grader: this machine cannot confine notebooks (no lock)\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("text", "size"), [("2G", 2 << 30), ("512MiB", 512 << 20), ("7k", 7168)])
def test_sizes(text, size):
    assert parser().parse_args(["check", "x", "--memory", text]).memory == size


@pytest.mark.parametrize("text", ["0M", "G", "1T", "1.5G", "9" * 20 + "G"])
def test_what_is_no_size(text, capsys):
    with pytest.raises(SystemExit):
        parser().parse_args(["check", "x", "--memory", text])
    assert "is not a size such as 512M or 2G" in capsys.readouterr().err


def test_a_deadline_that_is_a_date_means_its_end():
    def due(text):
        return parser().parse_args(["grade", "x", "--out", "y", "--due", text]).due.isoformat()

    assert due("2026-11-01") == "2026-11-01T23:59:59"
    assert due("2026-11-01T12:00Z") == "2026-11-01T12:00:00+00:00"
