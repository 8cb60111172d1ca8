import subprocess
import sys

import pytest

from grader.cli import FAILED, LOST, PASSED, main, parser, status
from grader.result import Result, Submitted
from grader.rubric import Item, Rubric
from tests.conftest import RUBRIC, make_result


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from grader.cli import parser; parser().format_help();"
        "heavy = {'torch', 'numpy', 'matplotlib', 'nbclient', 'nbformat', 'rich', 'hypothesis', 'IPython', 'asyncio'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_exit_status_tells_passed_lost_and_failed():
    perfect = Rubric("p", (RUBRIC.items[0], RUBRIC.items[2], RUBRIC.items[3]))
    assert status([make_result("x", perfect)]) == PASSED  # what waits for a person is not lost
    assert status([make_result("x")]) == LOST
    assert status([make_result("x"), Result("t", Submitted("y", ""), 0, 1, "failed")]) == FAILED


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
        (["check", "x.ipynb", "--assignment", "nowhere_at_all"], "no assignment 'nowhere_at_all'"),
        (["check", "x.ipynb", "--item", "q99"], "there are mlp, data, cpu_loops"),
        (["check", "x.ipynb", "--data", "/nonexistent"], "/nonexistent"),
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
    assert (tmp_path / "r.json").exists()


def test_version(capsys):
    with pytest.raises(SystemExit) as leaving:
        main(["--version"])
    assert leaving.value.code == 0
    assert capsys.readouterr().out.startswith("grader ")


def test_an_item_needs_points_that_add_up():
    with pytest.raises(ValueError):
        Item("i", "x", 2, ())
