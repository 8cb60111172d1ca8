import csv
import json

import pytest

from grader.cli.exit_status import FAILED, PASSED
from grader.cli.main import main
from grader.course.scores import standing
from grader.course.store import Entry, Graded, Store
from grader.result import Result, Submitted
from tests.conftest import make_result


@pytest.fixture
def out(tmp_path):
    with Store(tmp_path) as store:
        store.set_items(["a", "b", "c", "d"])
        for name in ("anna", "=ben"):
            result = make_result(f"{name}.ipynb")
            entry = Entry(
                name, f"{name}.ipynb", "ab", f"id-{name}", "Doe, \x1b[2J", "2026-11-01T12:00:00", name == "anna"
            )
            store.put(Graded(name, standing(result), result.document()), entry)
        failed = Result("tiny", Submitted("x.ipynb", ""), 0, 17, "failed", message="it is a web page")
        store.put(
            Graded("x", standing(failed), failed.document(), False), Entry("x", "x.ipynb", superseded=("y.ipynb",))
        )
    return tmp_path


def table(out, capsys, *arguments):
    assert main(["results", str(out), *arguments]) == PASSED
    return capsys.readouterr().out


def names(text):
    lines = text.splitlines()
    return {line.split()[0] for line in lines[1:-3]} if len(lines) > 3 else set()


def test_the_class_is_listed(out, capsys):
    text = table(out, capsys)
    assert "\x1b" not in text
    assert "7.5 of 14" in text
    assert "3 submissions, 1 of them could not be graded" in text


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--status", "failed"], ["x"]),
        (["--status", "needs_review"], ["=ben", "anna"]),
        (["--below", "7.5"], ["x"]),
        (["--below", "8"], ["=ben", "anna", "x"]),
        (["--below", "84%"], ["=ben", "anna", "x"]),
        (["--below", "83%"], ["x"]),
        (["--item", "b", "--below", "3"], ["=ben", "anna"]),
        (["--item", "d", "--below", "3"], []),
    ],
)
def test_it_is_filtered(out, capsys, arguments, expected):
    file = out / "class.json"
    assert table(out, capsys, *arguments, "--json", str(file)) == ""
    assert [row["submission"] for row in json.loads(file.read_text())] == expected


def test_it_is_exported(out, capsys):
    assert main(["results", str(out), "--csv", str(out / "c.csv")]) == PASSED
    rows = {row["submission"]: row for row in csv.DictReader((out / "c.csv").read_text().splitlines())}
    assert set(rows) == {"anna", "'=ben", "x"}
    assert rows["anna"]["late"] == "yes"
    assert (rows["anna"]["score"], rows["anna"]["waiting"], rows["anna"]["b"], rows["anna"]["d"]) == (
        "7.5",
        "5",
        "2.5",
        "",
    )
    assert rows["x"]["superseded"] == "y.ipynb"


def test_marks(out, capsys):
    assert main(["mark", str(out), "anna", "c", "4.5", "--comment", "well argued"]) == PASSED
    assert (
        "4.5 of the 5 points that waited; the item has 4.5 of 5, the submission has 12 of 17" in capsys.readouterr().out
    )
    assert main(["mark", str(out), "id-=ben", "b", "4"]) == PASSED
    assert "=ben, b: 4 instead of the machine's 2.5" in capsys.readouterr().out
    text = table(out, capsys, "--status", "graded")
    assert "12 of 14" in text
    assert "c: 4.5 (well argued)" in text
    rows = list(csv.DictReader((out / "class.csv").read_text().splitlines()))
    assert [(row["score"], row["machine_score"]) for row in rows] == [("9", "7.5"), ("12", "7.5"), ("0", "0")]
    assert main(["mark", str(out), "anna", "c", "--remove"]) == PASSED
    assert "7.5 of 14" in table(out, capsys, "--item", "c")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["mark", "OUT", "anna", "c", "5.5"], "c takes marks from 0 to 5, not 5.5"),
        (["mark", "OUT", "anna", "q", "5"], "anna has no item 'q'; there are a, b, c, d"),
        (["mark", "OUT", "x", "c", "5"], "could not be graded"),
        (["mark", "OUT", "nobody", "c", "5"], "there is no submission 'nobody'"),
        (["mark", "OUT", "doe, \x1b[2j", "c", "5"], "2 submissions are called"),
        (["mark", "OUT", "anna", "c"], "give either the points or --remove or --line"),
        (["mark", "OUT", "anna", "c", "--remove"], "anna has no mark for 'c'"),
        (["results", "OUT", "--item", "zz"], "there is no item 'zz'; there are a, b, c, d"),
        (["results", "/nonexistent"], "holds no results"),
    ],
)
def test_mistakes_are_one_sentence(out, capsys, arguments, sentence):
    assert main([str(out) if word == "OUT" else word for word in arguments]) == FAILED
    err = capsys.readouterr().err
    assert sentence in err
    assert len(err.splitlines()) == 1
    assert "\x1b" not in err


def test_the_page_of_the_class(out, capsys):
    file = out / "pages" / "c.html"
    assert table(out, capsys, "--html", str(file)) == ""
    text = file.read_text()
    assert "3 submissions: median 83 %" in text
    assert 'href="../%3Dben/report.html"' in text
    assert table(out, capsys, "--status", "failed", "--html", str(file)) == ""
    assert "1 submission, a selection of the class" in file.read_text()


def test_a_mark_shows_on_the_page_of_the_class(out, capsys):
    assert main(["mark", str(out), "anna", "c", "5"]) == PASSED
    assert "12.5 of 14" in (out / "class.html").read_text()
    (out / "class.html").unlink()
    (out / "class.html").mkdir()
    assert main(["mark", str(out), "anna", "c", "4"]) == PASSED
    said = capsys.readouterr()
    assert "class.html could not be written" in said.err
    assert "4 of the 5 points that waited" in said.out
