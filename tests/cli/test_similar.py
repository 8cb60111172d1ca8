from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from grader.cli.main import main
from tests.course.test_works import ipynb
from tests.similarity.made import IMPORTS, OTHER, TRAIN
from tests.similarity.stores import made_store


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, source in (("anna", TRAIN), ("ben", TRAIN.replace("total", "acc")), ("carl", OTHER)):
        (tmp_path / f"{name}.ipynb").write_text(ipynb(IMPORTS, source))
    return tmp_path


def test_a_store_is_shown_in_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["similar", str(made_store(tmp_path / "graded"))]) == 0
    said = capsys.readouterr().out
    assert "anna" in said
    assert "3 notebooks compared: 1 pair in 1 group." in said
    assert "It does not say that anybody copied" in said
    assert "1 left out" in said


def test_everything_is_written(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = files.parent / f"{files.name}_out"
    out.mkdir()
    options = ["--html", str(out / "a.html"), "--json", str(out / "a.json"), "--csv", str(out / "a.csv")]
    assert main(["similar", str(files), *options, "--dolos", str(out / "dolos")]) == 0
    assert "dolos run" in capsys.readouterr().out
    assert "loss.backward()" in (out / "a.html").read_text()
    assert json.loads((out / "a.json").read_text())["groups"] == [["anna", "ben"]]
    rows = list(csv.DictReader((out / "a.csv").open()))
    assert [(row["first"], row["second"]) for row in rows] == [("anna", "ben")]
    info = list(csv.DictReader((out / "dolos" / "info.csv").open()))
    assert [(row["filename"], row["label"]) for row in info] == [
        ("anna.py", "group 1"),
        ("ben.py", "group 1"),
        ("carl.py", ""),
    ]
    assert all((out / "dolos" / row["filename"]).is_file() for row in info)
    assert "def cpu_train" in (out / "dolos" / "handout.py").read_text()


def test_parts_are_shown_on_request(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["similar", str(files), "--show", "1"]) == 0
    assert capsys.readouterr().out.count("loss.backward()") == 2


def test_what_was_shown_in_class_does_not_count(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = files.parent / f"{files.name}_shown.ipynb"
    shown.write_text(ipynb(IMPORTS, TRAIN))
    assert main(["similar", str(files), "--base", str(shown)]) == 0
    assert "no two are alike" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "no such file: nowhere"),
        (["{files}", "--base", "{files}/anne.ipynb"], "did you mean {files}/anna.ipynb?"),
        (["{files}", "--html", "{files}"], "--html needs the name of a file"),
        (["{files}", "--dolos", "{files}/anna.ipynb"], "--dolos needs a folder"),
        (["{files}", "--keep"], "--keep needs the --out folder"),
        (["{files}", "--assignment", "nothing_at_all"], "no assignment 'nothing_at_all'"),
        (["{graded}", "{files}"], "give it alone"),
        (["{files}", "--groups", "{files}/ben.ipynb"], "need a column 'group'"),
    ],
)
def test_what_cannot_be_used_is_refused(
    files: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    graded = made_store(files / "graded")
    filled = [one.format(files=files, graded=graded) for one in arguments]
    assert main(["similar", *filled]) == 2
    assert said.format(files=files) in capsys.readouterr().err


def test_a_share_is_a_percentage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["similar", ".", "--least", "120"])
    assert "is not a percentage" in capsys.readouterr().err
