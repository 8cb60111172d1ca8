"""grader mark, lines, override and release, as a person uses them."""

import csv
import json

import pytest

from grader.cli.exit_status import FAILED, PASSED
from grader.cli.main import main
from grader.course.audit import changes
from grader.course.store import Store
from tests.cli.test_results_command import out  # noqa: F401


def said(capsys, *arguments, status=PASSED):
    assert main(list(map(str, arguments))) == status
    shown = capsys.readouterr()
    return shown.out + shown.err


def row(folder, name="anna"):
    return next(
        one for one in csv.DictReader((folder / "class.csv").read_text().splitlines()) if one["submission"] == name
    )


def test_a_mark_is_made_of_rubric_lines(out, capsys):  # noqa: F811
    said(capsys, "lines", out, "--add", "c", "--text", "names the curve", "--points", "2", "--by", "eva")
    listed = said(capsys, "lines", out, "--add", "c", "--text", "no numbers", "--points", "-0.5")
    assert "2  c  -0.5  no numbers (used in 0 marks)" in listed
    assert "2.5 of the 5 points" in said(
        capsys, "mark", out, "anna", "c", "--line", "1", "--line", "2", "--adjust", "1"
    )
    assert "used in 1 marks" in said(capsys, "lines", out, "--change", "1", "--points", "3")
    assert (row(out)["score"], row(out)["waiting"]) == ("11", "0")
    assert row(out)["marked"] == "c: 3.5 (names the curve (+3), no numbers (-0.5))"
    assert "retired" in said(capsys, "lines", out, "--change", "1", "--retire")


def test_several_items_are_marked_at_once(out, capsys):  # noqa: F811
    text = said(capsys, "mark", out, "id-anna", "c=4", "b=3.5", "--by", "eva")
    assert "anna, c: 4 of the 5 points that waited" in text
    assert "anna, b: 3.5 instead of the machine's 2.5" in text
    assert row(out)["score"] == "12.5"
    with Store(out) as store:
        assert {one.who for one in changes(store)} == {"eva"}


def test_a_verdict_is_overridden_and_told_in_every_table(out, capsys):  # noqa: F811
    text = said(capsys, "override", out, "anna", "b.two", "2", "--reason", "the figure is right", "--by", "eva")
    assert "anna, b.two: 2 points by a person; the submission has 9 of 17 + 5 waiting" in text
    assert row(out)["overridden"] == "b.two: 2 (the figure is right)"
    assert "b.two: 2 (the figure is right)" in said(capsys, "results", out)
    said(capsys, "results", out, "--json", out / "c.json")
    (one,) = json.loads((out / "c.json").read_text())[1]["overrides"]
    assert (one["check"], one["score"], one["by"], one["counts"]) == ("b.two", 2, "eva", True)
    assert "7.5 of 17" in said(capsys, "override", out, "anna", "b.two", "--remove")
    assert row(out)["overridden"] == ""


def test_a_release_says_whose_points_it_shows(out, capsys):  # noqa: F811
    assert "0 would be shown for the first time, 0 anew" not in said(capsys, "release", out, "anna", "--dry-run")
    said(capsys, "mark", out, "anna", "c=4")
    text = said(capsys, "release", out, "--dry-run")
    assert "anna: 11.5 of 17, shown for the first time" in text
    assert "1 still wait for a person and are left out" in text
    assert not (out / "anna").exists()
    said(capsys, "release", out, "anna")
    assert row(out)["released"] == "yes"
    assert json.loads((out / "anna" / "marks.json").read_text())["score"] == 11.5
    assert "the student sees this after `grader release` only" in said(capsys, "mark", out, "anna", "c=2")
    assert row(out)["released"] == "changed since"
    assert "anna: 9.5 of 17, before 11.5" in said(capsys, "release", out, "anna", "--dry-run")
    said(capsys, "release", out, "anna", "--withdraw")
    assert not (out / "anna" / "marks.json").exists()
    assert row(out)["released"] == "no"


MARKS = """submission;item;points;comment
anna;c;4,5;'=good
id-=ben;c;3;
nobody;c;1;
anna;b;9;
anna;c;2;again
;c;2;
=ben;b;two;
=ben;a;;
"""


def test_marks_are_imported_and_every_bad_line_is_told(out, capsys):  # noqa: F811
    file = out / "marks.csv"
    file.write_text(MARKS)
    text = said(capsys, "mark", out, "--csv", file, status=FAILED)
    for sentence in (
        "line 4: there is no submission 'nobody'",
        "line 5: b takes marks from 0 to 4, not 9",
        "line 6: line 2 marks c of anna already",
        "line 7: it names no submission and no student",
        "line 8: 'two' is not a number of points",
        "5 lines are bad, so nothing is stored",
    ):
        assert sentence in text
    with Store(out) as store:
        assert store.marks() == {}
        assert list(changes(store)) == []
    text = said(capsys, "mark", out, "--csv", file, "--skip-bad", "--by", "eva")
    assert "left out: line 4: " in text
    assert "2 marks are stored; 1 line without points is left out" in text
    with Store(out) as store:
        assert {name: mark["c"].points for name, mark in store.marks().items()} == {"anna": 4.5, "=ben": 3}
        assert store.marks()["anna"]["c"].comment == "=good"
        assert len({one.step for one in changes(store)}) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["mark", "OUT"], "give a submission with its marks, or --csv FILE"),
        (["mark", "OUT", "anna", "c", "four"], "'four' is not a number of points"),
        (["mark", "OUT", "anna", "c=4", "--line", "1"], "with one ITEM at a time"),
        (["mark", "OUT", "anna", "c", "--line", "1"], "c has no rubric line 1; `grader lines OUT` lists them"),
        (["override", "OUT", "anna", "b.two", "2"], "give a --reason"),
        (["override", "OUT", "anna", "b.two"], "give either the points or --remove"),
        (["release", "OUT", "--withdraw"], "name the submissions"),
        (["release", "OUT", "nobody"], "there is no submission 'nobody'"),
        (["lines", "OUT", "--add", "c"], "give --text and --points"),
    ],
)
def test_mistakes_are_one_sentence(out, capsys, arguments, sentence):  # noqa: F811
    text = said(capsys, *[out if word == "OUT" else word for word in arguments], status=FAILED)
    assert sentence in text
    assert len(text.splitlines()) == 1


def test_a_file_without_the_columns_is_refused(out, capsys):  # noqa: F811
    (out / "x.csv").write_text("who,what\nanna,c\n")
    text = said(capsys, "mark", out, "--csv", out / "x.csv", status=FAILED)
    assert "no column item and no column points; its first line must name the columns" in text


def test_who_handed_in_nothing_is_in_every_table(out, capsys):  # noqa: F811
    with Store(out) as store:
        store.set_roster([("id-anna", "", True), ("77", "Zoe Zed", False)])
    said(capsys, "mark", out, "anna", "c=4")
    assert (row(out, "77")["student"], row(out, "77")["message"], row(out, "77")["score"]) == (
        "Zoe Zed",
        "nothing was handed in",
        "0",
    )
    text = said(capsys, "results", out)
    assert "1 in the roster handed in nothing" in text
    assert "3 submissions, 1 of them could not be graded" in text
    page = (out / "class.html").read_text()
    assert "handed in nothing" in page
    assert 'href="./77' not in page
    assert "77 handed in nothing" in said(capsys, "mark", out, "77", "c=4", status=FAILED)
