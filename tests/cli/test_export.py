"""`grader export`: what it refuses, what it says, and that nothing is written over."""

import json
import os
import zipfile

import pytest

from grader.cli.main import main
from grader.course.changes import changing
from grader.course.store import Store
from tests.exports.classes import GRADEBOOKS, make_class, mark_class


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = make_class(tmp_path_factory.mktemp("canvas"), "canvas")
    mark_class(folder, release=False)
    return folder


@pytest.fixture
def book(tmp_path):
    file = tmp_path / "gradebook.csv"
    file.write_text(GRADEBOOKS["canvas"])
    return file


def export(*words):
    return main(["export", *map(str, words)])


def test_a_dry_run_says_all_and_writes_nothing(out, book, tmp_path, capsys):
    to = tmp_path / "filled.csv"
    assert export("canvas", out, "--gradebook", book, "--to", to, "--unreleased", "--dry-run") == 0
    assert not to.exists()
    said = capsys.readouterr().out.splitlines()
    assert said[:4] == [
        "Doe, Jane: HW: no grade -> 10.5",
        "Müller, Hans: HW: no grade -> 12",
        "Roe, Rick: HW: no grade -> 13.5",
        "3 grades change, 0 stay as they are",
    ]
    assert any(line.startswith("points that could not be graded") for line in said)


def test_nothing_is_exported_that_nobody_released(out, book, tmp_path, capsys):
    to = tmp_path / "filled.csv"
    assert export("canvas", out, "--gradebook", book, "--to", to) == 0
    assert to.read_bytes() == book.read_bytes()
    assert "not released, so left out (--unreleased exports them too): doejane_12345" in capsys.readouterr().out
    for system in ("gradescope", "feedback"):
        assert export(system, out, "--to", tmp_path / system) == 0
        assert not (tmp_path / system).exists()
        assert "not released" in capsys.readouterr().out


def test_what_students_may_see_is_exported_and_what_changed_since_is_told(book, tmp_path, capsys):
    out = make_class(tmp_path, "canvas")
    mark_class(out)
    with Store(out, create=False) as store, changing(store, by="eva") as change:
        change.mark("doejane_12345", "c", adjustment=5.0, comment="read again")
    words = ("canvas", out, "--gradebook", book, "--dry-run")
    assert export(*words) == 0
    said = capsys.readouterr().out
    assert "Doe, Jane: HW: no grade -> 10.5\n" in said
    assert "changed since they were released, so exported as students saw them: doejane_12345" in said
    assert export(*words, "--unreleased") == 0
    said = capsys.readouterr().out
    assert "Doe, Jane: HW: no grade -> 13.5\n" in said
    assert "changed since" not in said
    assert export("feedback", out, "--to", tmp_path / "all.zip") == 0
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        page = archive.read("doejane_12345/report.html").decode()
    assert "2 of 5 points from a person" in page
    assert "read again" not in page


def test_nothing_unread_counts(book, tmp_path, capsys):
    """The answer has 2.5 provisional points; nobody has read it."""
    out = make_class(tmp_path, "canvas")
    assert export("canvas", out, "--gradebook", book, "--dry-run", "--unreleased") == 0
    said = capsys.readouterr().out
    assert "Doe, Jane: HW: no grade -> 7.5\n" in said
    assert "waiting points, which are not in these grades: doejane_12345 (5)" in said
    assert export("gradescope", out, "--to", tmp_path / "g", "--unreleased") == 0
    assert json.loads((tmp_path / "g" / "doejane_12345" / "results.json").read_text())["score"] == 7.5


def test_the_gradebook_is_never_written_over(out, book, tmp_path, capsys):
    link = tmp_path / "link.csv"
    os.link(book, link)
    before = book.read_bytes()
    for to in (book, link, tmp_path / "x" / ".." / "gradebook.csv"):
        assert export("canvas", out, "--gradebook", book, "--to", to, "--unreleased") == 2
        assert "never written over" in capsys.readouterr().err
    assert book.read_bytes() == before


def test_who_has_no_row_is_told_by_the_exit_status(out, book, tmp_path, capsys):
    book.write_text("".join(line for line in book.read_text().splitlines(keepends=True) if "Roe" not in line))
    assert export("canvas", out, "--gradebook", book, "--to", tmp_path / "filled.csv", "--unreleased") == 1
    assert "submissions without a row in the gradebook: roerick_12347" in capsys.readouterr().out


def test_what_is_missing_is_said(out, book, tmp_path, capsys):
    assert export("canvas", out, "--gradebook", book) == 2
    assert "--to" in capsys.readouterr().err
    assert export("canvas", tmp_path, "--gradebook", book, "--dry-run") == 2
    assert "holds no results" in capsys.readouterr().err
    assert export("nbgrader", out, "--submitted", tmp_path / "no", "--dry-run", "--unreleased") == 2
    assert "cannot read nbgrader's folder" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        export("canvas", out, "--gradebook", book, "--item", "q3", "--dry-run")
    assert "is not ITEM=NAME" in capsys.readouterr().err


def test_grade_takes_either_paths_or_repositories(tmp_path, capsys):
    for words in ([], ["x.ipynb", "--repos", "class.csv"]):
        assert main(["grade", *words, "--out", str(tmp_path)]) == 2
        assert "either PATHs or --repos" in capsys.readouterr().err
