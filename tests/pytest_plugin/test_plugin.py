import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from grader.pytest_plugin.collect import explained, points_of
from grader.result import CheckResult
from tests.tiny_assignment import notebook, write_assignment

ROOT = Path(__file__).parents[2]


def run(folder, *options, more_env=()):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JUDGED": str(folder / "judged"), **dict(more_env)}
    environment.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "pytest", "-p", "grader.pytest_plugin", "-p", "no:cacheprovider", *options]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=200)
    return done.returncode, done.stdout + done.stderr


GRADER = ("--grader", "--grader-assignment", "tiny", "--grader-device", "cpu", "--grader-sample", "-rA")


@pytest.fixture
def folder(tmp_path):
    write_assignment(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "good.ipynb").write_text(notebook("print(6 * 7)"))
    (tmp_path / "bad.ipynb").write_text(notebook("print(6 * 8)"))
    return tmp_path


def test_what_a_failure_says():
    check = CheckResult("q1.a", "partial", 0.5, 2.0, "3 rows\x1b[2J", "4 rows", "count again")
    assert explained(check).splitlines() == [
        "seen:     3 rows\ufffd[2J",
        "expected: 4 rows",
        "hint:     count again",
        "points:   0.5 of 2",
    ]


def test_the_points_of_the_checks_that_ran_are_added_up():
    def report(when, points, most, notebook="a.ipynb"):
        said = [("grader_notebook", notebook), ("points", points), ("max_points", most)]
        return SimpleNamespace(when=when, user_properties=said)

    reports = [
        report("call", "1.5", "2"),
        report("teardown", "1.5", "2"),
        report("call", "0", "3"),
        report("call", "1", "1", "b.ipynb"),
        object(),
    ]
    assert list(points_of(reports)) == [
        "a.ipynb: 1.5 of 5 points for the checks that ran",
        "b.ipynb: 1 of 1 points for the checks that ran",
    ]


def test_without_its_option_it_collects_and_imports_nothing(folder):
    (folder / "test_own.py").write_text(
        "import sys\ndef test_own():\n    loaded = [n for n in sys.modules if n.startswith('grader')]\n"
        "    assert sorted(loaded) == ['grader', 'grader.pytest_plugin', 'grader.version'], loaded\n    assert 'torch' not in sys.modules\n"
    )
    status, out = run(folder, "-q", "-p", "no:xdist", "-p", "no:timeout", ".")
    assert (status, "1 passed" in out) == (0, True), out


def test_it_is_an_entry_point_of_pytest():
    assert (
        '[project.entry-points.pytest11]\n"grader.pytest_plugin" = "grader.pytest_plugin"'
        in (ROOT / "pyproject.toml").read_text()
    )


@pytest.mark.slow
@pytest.mark.exhaustive
def test_an_assignment_that_is_not_there_is_one_sentence(folder):
    status, out = run(folder, "--grader", "--grader-assignment", "nothing", "good.ipynb")
    assert status == 2
    assert "no assignment 'nothing'" in out


@pytest.mark.slow
@pytest.mark.exhaustive
def test_each_check_is_collected_and_selected(folder):
    status, out = run(folder, *GRADER, "--co", "-q", "good.ipynb", "bad.ipynb", "-k", "q2")
    assert status == 0, out
    assert [line for line in out.splitlines() if "::" in line] == [
        f"{name}.ipynb::q2.{check}" for name in ("good", "bad") for check in ("more", "secret")
    ]
    status, out = run(folder, *GRADER, "--grader-visibility", "visible", "--co", "-q", "good.ipynb")
    assert "secret" not in out
    assert not (folder / "judged").exists()


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_notebook_is_graded_once_and_each_check_tells_what_it_found(folder):
    status, out = run(folder, *GRADER, "bad.ipynb", "--junitxml", "j.xml")
    assert status == 1
    assert (folder / "judged").read_text() == "x"
    assert "seen:     48 was printed\nexpected: 42\nhint:     What is six times seven?\npoints:   0 of 2" in out
    assert "Traceback" not in out
    assert "bad.ipynb: 2 of 6 points for the checks that ran" in out
    cases = {case.get("name"): case for case in ElementTree.parse(folder / "j.xml").iter("testcase")}
    said = {p.get("name"): p.get("value") for p in cases["q2.more"].iter("property")}
    assert said | {"grader_notebook": ""} == {
        "grader_notebook": "",
        "item": "q2",
        "status": "partial",
        "points": "1",
        "max_points": "2",
    }
    assert cases["q1.after"].find("skipped") is not None
    assert cases["q2.secret"].find("failure") is None


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("spread", ["load", "loadgroup"])
def test_with_xdist_each_notebook_is_graded_once(folder, spread):
    before = set(Path(tempfile.gettempdir()).glob("grader-pytest-*"))
    status, out = run(folder, *GRADER, "-n", "2", "--dist", spread, "good.ipynb", "bad.ipynb")
    assert status == 1
    assert (folder / "judged").read_text() == "xx"
    assert "good.ipynb: 5 of 6 points for the checks that ran" in out
    assert set(Path(tempfile.gettempdir()).glob("grader-pytest-*")) <= before


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_timeout_ends_the_grading_and_it_is_not_tried_again(folder):
    (folder / "good.ipynb").write_text(notebook("import time; time.sleep(100)"))
    status, out = run(folder, *GRADER, "--timeout", "6", "good.ipynb")
    assert status == 1
    assert "Timeout" in out
    assert out.count("its grading was cut short") >= 3


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_file_that_is_no_notebook_is_told_in_words(folder):
    (folder / "good.ipynb").write_text("{")
    status, out = run(folder, *GRADER, "good.ipynb", "-k", "q1")
    assert status == 1
    assert "good.ipynb is cut off at line 1" in out
