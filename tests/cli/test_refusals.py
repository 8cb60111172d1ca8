"""Mistakes of the caller are refused before anything starts, with the nearest name."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader.cli.options import UsageError
from grader.cli.refusals import refuse_assignment, refuse_data, refuse_missing, refuse_target


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("hw1.ipynb", "other.ipynb", "notes.txt", "Homework.ipynb"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "results").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("hw1.ipnb", "hw1.ipynb"),
        ("hw2.ipynb", "hw1.ipynb"),
        ("homework.ipynb", "Homework.ipynb"),
        ("hw1", "hw1.ipynb"),
        ("result", "results"),
    ],
)
def test_a_wrong_path_is_refused_with_the_nearest_name(given, meant, folder):
    with pytest.raises(UsageError) as refused:
        refuse_missing(folder / given)
    assert str(refused.value) == f"no such file: {folder / given}; did you mean {folder / meant}?"


def test_a_name_like_no_other_is_refused_alone(folder):
    with pytest.raises(UsageError, match=r"no such file: .*zebra\.ipynb$"):
        refuse_missing(folder / "zebra.ipynb")
    with pytest.raises(UsageError, match=r"notess\.ipynb$"):  # notes.txt is no notebook
        refuse_missing(folder / "notess.ipynb")


def test_what_is_there_is_not_refused(folder):
    refuse_missing(folder / "hw1.ipynb")
    refuse_missing(folder)


def test_a_missing_folder_on_the_way_is_named(folder):
    with pytest.raises(UsageError, match=r"there is no folder .*reslts; did you mean .*results\?"):
        refuse_missing(folder / "reslts" / "deep" / "hw1.ipynb")


def test_reports_go_into_folders_that_are_there(folder):
    for option in ("--html", "--json"):
        refuse_target(option, None)
        refuse_target(option, folder / "report")
        with pytest.raises(UsageError, match=f"no folder .*reslts for {option}; did you mean .*results"):
            refuse_target(option, folder / "reslts" / "report.html")
        with pytest.raises(UsageError, match=f"{option} needs the name of a file"):
            refuse_target(option, folder / "results")
        with pytest.raises(UsageError, match=f"{option} cannot write into"):
            refuse_target(option, folder / "hw1.ipynb" / "report.html")


def test_data_must_be_there(folder):
    refuse_data(None)
    with pytest.raises(UsageError, match="does not hold the files of MNIST"):
        refuse_data(folder)
    with pytest.raises(UsageError, match=r"no folder .*result for --data; did you mean .*results\?"):
        refuse_data(folder / "result")
    with pytest.raises(UsageError, match="is a file"):
        refuse_data(folder / "hw1.ipynb")


def test_an_assignment_must_be_importable(folder, monkeypatch):
    monkeypatch.chdir(folder)
    refuse_assignment("reference")
    refuse_assignment("hw1.ipynb")  # a file is left to the reader of such files
    with pytest.raises(UsageError, match="no assignment 'referense'; did you mean reference"):
        refuse_assignment("referense")


def test_a_wrong_path_costs_half_a_second(folder):
    began = time.monotonic()
    command = [sys.executable, "-m", "grader", "check", "hw1.ipnb"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.stderr == "grader: no such file: hw1.ipnb; did you mean hw1.ipynb?\n"
    assert done.returncode == 2
    assert time.monotonic() - began < 5  # 0.1 s on an idle machine: no worker and no torch was started


def test_a_package_beside_the_caller_is_an_assignment_for_the_installed_command(tmp_path):
    """The folder of the console script, not the caller's, is where Python looks first."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "rubric.py").write_text("")
    (tmp_path / "hw1.ipynb").write_text("{}")
    code = "import sys; sys.path[0] = '/'; from grader.cli.main import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "check", "--assignment", "mine", "--data", "nowhere", "hw1.ipynb"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stderr
    assert told == "grader: there is no folder nowhere for --data\n"
