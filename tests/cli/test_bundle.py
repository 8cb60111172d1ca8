"""`grader bundle`, and how the other commands find the file that it makes or refuse it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from grader.answer_key.file import parse_bundle, read_bundle
from grader.assignment import AssignmentError, default_assignment, load_assignment
from grader.cli.main import main, parser
from tests.bundle.made import made

ROOT = Path(__file__).parents[2]


@pytest.fixture
def student(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder where no package `reference` is found, as on a student's machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GRADER_ASSIGNMENT", raising=False)
    monkeypatch.setattr("grader.assignment.DEFAULT", "no_such_package_here")
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def test_the_option_says_for_whom(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["bundle", "reference"], ["bundle", "reference", "--for", "instructors"]):
        with pytest.raises(SystemExit):
            parser().parse_args(arguments)
    assert "--for" in capsys.readouterr().err


def test_the_help_says_what_the_file_holds(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["bundle", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "without the code of its models and functions" in shown
    assert "grader check notebook.ipynb --assignment FILE" in shown


def test_another_ending_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["bundle", "reference", "--for", "students", "--out", str(tmp_path / "a.zip")]) == 2
    assert "must end with '.grader'" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.exhaustive
def test_the_command_makes_the_file(capsys: pytest.CaptureFixture[str], student: Path) -> None:
    assert main(["bundle", "reference", "--for", "students"]) == 0
    out = capsys.readouterr().out
    assert "left out: data, loops, models, program, and every other file of reference" in out
    assert "grader check notebook.ipynb --assignment mnist-mlp-cnn.grader" in out
    found = read_bundle(student / "mnist-mlp-cnn.grader")
    assert {len(loops) for loops in found.key.loops.values()} == {2}  # usual loaders, and those of the full length
    assert (student / "mnist-mlp-cnn.grader").stat().st_size < 300_000


# --- which assignment is used ----------------------------------------------------------------------------------------


def test_without_an_assignment_one_sentence_says_what_to_do(student: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (student / "hw.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    assert main(["check", "hw.ipynb"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "no assignment was found: put the file that your instructor handed out" in said
    assert "--assignment FILE" in said


def test_the_file_beside_the_notebook_comes_before_the_working_folder(student: Path) -> None:
    (student / "hw").mkdir()
    (student / "here.grader").touch()
    assert default_assignment(student / "hw") == str(student / "here.grader")
    (student / "hw" / "there.grader").touch()
    assert default_assignment(student / "hw") == str(student / "hw" / "there.grader")
    assert default_assignment() == str(student / "here.grader")


def test_of_several_files_one_must_be_named(student: Path) -> None:
    for name in ("a.grader", "b.grader"):
        (student / name).touch()
    with pytest.raises(AssignmentError, match=r"'a\.grader' and 'b\.grader': name one with --assignment"):
        default_assignment()


def test_the_environment_names_one(student: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (student / "a.grader").touch()
    monkeypatch.setenv("GRADER_ASSIGNMENT", "another")
    assert default_assignment() == "another"


def test_a_file_is_not_taken_where_the_package_is(student: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was handed in with a notebook cannot replace the instructor's assignment."""
    monkeypatch.setattr("grader.assignment.DEFAULT", "reference")
    (student / "a.grader").touch()
    assert default_assignment(student) == "reference"


def test_a_folder_of_that_name_without_a_rubric_is_no_assignment(
    student: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.assignment.DEFAULT", "my_reference")
    monkeypatch.syspath_prepend(student)
    (student / "my_reference").mkdir()
    (student / "a.grader").touch()
    assert default_assignment() == str(student / "a.grader")


@pytest.mark.parametrize(
    ("data", "words"),
    [(None, "there is no file"), (b"", "not an assignment's file"), (b"PK", "damaged or not whole")],
    ids=["missing", "empty", "cut"],
)
def test_a_bad_file_is_one_sentence(
    student: Path, capsys: pytest.CaptureFixture[str], data: bytes | None, words: str
) -> None:
    (student / "hw.ipynb").write_text('{"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}')
    if data is not None:
        (student / "a.grader").write_bytes(data)
    assert main(["check", "hw.ipynb", "--assignment", "a.grader", "--quiet", "--sample"]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "command", [["grade", "hw.ipynb", "--out", "graded"], ["calibrate"], ["prove"], ["bundle", "--for", "students"]]
)
def test_other_commands_refuse_the_file(student: Path, capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    (student / "a.grader").write_bytes(made())
    named = ["a.grader"] if command[0] == "bundle" else ["--assignment", "a.grader"]
    assert main([*command, *named]) == 2
    assert "'a.grader' is a file for students' own checks; name the assignment's package" in capsys.readouterr().err


def test_a_path_object_is_loaded_too(tmp_path: Path) -> None:
    path = tmp_path / f"a{os.extsep}grader"
    path.write_bytes(made())
    found = load_assignment(path)
    assert found.file is not None
    assert found.folder == path
    assert found.file.sha256 == parse_bundle(path, made()).sha256
