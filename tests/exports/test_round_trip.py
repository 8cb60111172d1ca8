"""A class goes in by each system's download and out by each export, with a person's marks; the totals agree."""

import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from hashlib import sha256

import pytest

from grader.cli.main import main
from grader.exports.points import parse_points
from grader.exports.sheet import read_sheet
from grader.grading.judge import judge
from grader.reports.gradescope import gradescope_document
from grader.result import Student, Submitted, total
from tests.conftest import RUBRIC, empty_evidence
from tests.exports.classes import COMMENT, DOWNLOADS, GRADE_COLUMN, GRADEBOOKS, SECRET, make_class, mark_class
from tests.exports.gradescope import handed_out

TOTALS = [10.5, 12.0, 13.5]  # 7.5 of the machine's points, 1 by an override, and 2, 3.5 or 5 by a mark


@pytest.fixture(scope="module", params=DOWNLOADS)
def marked(request, tmp_path_factory):
    """The store of a class that came in by one system's download, and its totals."""
    folder = tmp_path_factory.mktemp(request.param)
    out = make_class(folder, request.param)
    return request.param, out, mark_class(out)


def export(*words):
    return main(["export", *map(str, words)])


@pytest.mark.parametrize("system", GRADEBOOKS)
def test_gradebooks(marked, system, tmp_path, capsys):
    source, out, totals = marked
    assert sorted(totals.values()) == TOTALS
    book, to = tmp_path / "gradebook", tmp_path / "filled"
    book.write_bytes(GRADEBOOKS[system].encode())
    before = book.read_bytes()
    status = export(system, out, "--gradebook", book, "--to", to)
    said = capsys.readouterr().out
    if source == "autolab" and system in ("blackboard", "brightspace"):  # no ID and no name in common
        assert status == 1
        assert "submissions without a row in the gradebook: hmueller@example.edu" in said
        assert to.read_bytes() == before
        return
    assert status == 0
    sheet = read_sheet(to)
    column = GRADE_COLUMN[system]
    points = [parse_points(sheet.cell(line, column)) for line in range(1, len(sheet.rows))]
    assert sorted(one for one in points if one is not None and one != 17) == TOTALS
    assert book.read_bytes() == before
    jane = next(line for line, cells in enumerate(sheet.rows) if any("jdoe" in cell.text for cell in cells))
    (name,) = [one for one in totals if re.search(r"(?i)jane|jdoe|doejane", one)]
    assert parse_points(sheet.cell(jane, column)) == totals[name]
    assert "3 grades change" in said
    assert re.search("without a submission: (Student, Absent|Absent Student)", said)


def test_gradescope(marked, tmp_path):
    _, out, totals = marked
    assert export("gradescope", out, "--to", tmp_path) == 0
    files = {str(path.parent.relative_to(tmp_path)): json.loads(path.read_text()) for path in tmp_path.rglob("*.json")}
    assert {name: one["score"] for name, one in files.items()} == totals
    for one in files.values():
        assert sum(test["score"] for test in one["tests"]) == pytest.approx(one["score"])
        assert {test["visibility"] for test in one["tests"]} == {"visible"}
        (mark,) = [test for test in one["tests"] if "points from a person" in test["output"]]
        assert "well argued" in mark["output"]
        assert "<b>" not in mark["output"]


def test_the_autograder_in_the_documentation_hands_out_gradescopes_results(tmp_path):
    """Equal notebooks of two students, and a notebook of a group."""
    same, group = b"the same notebook", b"another notebook"
    for folder, name, content in (
        ("a", "Jane Doe", same),
        ("b", "Hans Müller", same),
        ("c", "Rick Roe & Edgar Poe", group),
    ):
        submitted = Submitted("hw.ipynb", sha256(content).hexdigest())
        result = total(RUBRIC.name, submitted, judge(RUBRIC, empty_evidence()), {})
        text = gradescope_document(replace(result, student=Student(folder, "1", name)))
        (tmp_path / "results" / folder).mkdir(parents=True)
        (tmp_path / "results" / folder / "results.json").write_text(text)
    handed = [("Hans Müller", same), ("Edgar Poe & Rick Roe", group), ("Rick Roe", same), ("Jane Doe", b"a new one")]
    found = [
        handed_out(tmp_path / "results", tmp_path / str(at), names, {"hw.ipynb": content, "utils.py": b"x = 1"})
        for at, (names, content) in enumerate(handed)
    ]
    assert [one and one["extra_data"]["student"] for one in found] == [
        "Hans Müller",
        "Rick Roe & Edgar Poe",
        None,
        None,
    ]


def check_pages(pages, totals):
    assert set(pages) == set(totals)
    for name, page in pages.items():
        assert re.search(rf"<strong>{totals[name]:g}</strong>\s+of 14 points", page)
        assert "points from a person" in page
        assert "the count is right in the picture" in page
        assert COMMENT not in page  # it is escaped
        assert "see &lt;b&gt;the lecture" in page
        assert "the loss fell to 0.3" not in page  # a fact for the person who marks


def test_feedback_in_one_archive(marked, tmp_path):
    _, out, totals = marked
    assert export("feedback", out, "--to", tmp_path / "all.zip") == 0
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        names = archive.namelist()
        check_pages({name.removesuffix("/report.html"): archive.read(name).decode() for name in names}, totals)


def test_feedback_in_an_archive_for_each(tmp_path):
    out = make_class(tmp_path, "nbgrader")  # where names of submissions have folders
    totals = mark_class(out)
    assert export("feedback", out, "--to", tmp_path / "each") == 0
    pages = {}
    for path in (tmp_path / "each").rglob("*.zip"):
        with zipfile.ZipFile(path) as archive:
            pages[str(path.relative_to(tmp_path / "each"))[:-4]] = archive.read("report.html").decode()
    check_pages(pages, totals)


@pytest.fixture
def nbgrader_course(tmp_path):
    """A class that was collected by nbgrader, its folder 'submitted', and the feedback that was written."""
    out = make_class(tmp_path, "nbgrader")
    totals = mark_class(out)
    course = tmp_path / "course"
    with zipfile.ZipFile(tmp_path / "nbgrader.zip") as archive:
        archive.extractall(course)
    return out, totals, course


def test_nbgrader(nbgrader_course, tmp_path, capsys):
    out, totals, course = nbgrader_course
    (course / "submitted" / "rroe" / "ps1" / "submission_secret.txt").unlink()
    words = ("nbgrader", out, "--submitted", course / "submitted", "--to", course / "feedback")
    assert export(*words) == 1
    assert "rroe/ps1: has no submission_secret.txt" in capsys.readouterr().out
    assert not (course / "feedback" / "rroe").exists()
    folder = course / "feedback" / "jdoe" / "ps1"
    assert sorted(path.name for path in folder.iterdir()) == ["problem1.html", "submission_secret.txt", "timestamp.txt"]
    assert (folder / "submission_secret.txt").read_text() == SECRET + "jdoe"
    assert f"<strong>{totals['jdoe/ps1']:g}</strong>" in (folder / "problem1.html").read_text()


NBGRADER = shutil.which(os.environ.get("NBGRADER", "nbgrader"))


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.skipif(NBGRADER is None, reason="nbgrader is not installed; NBGRADER=PATH names its command")
def test_nbgrader_itself_hands_out_our_report(nbgrader_course, tmp_path):
    """`nbgrader release_feedback` takes the tree, and the student's `nbgrader fetch_feedback` gets the page."""
    out, _, course = nbgrader_course
    words = ("nbgrader", out, "--submitted", course / "submitted", "--to", course / "feedback")
    assert export(*words) == 0
    exchange, cache, student = (tmp_path / name for name in ("exchange", "cache", "student"))
    exchange.mkdir()
    exchange.chmod(0o777)
    student.mkdir()
    cached = cache / "c101" / "jdoe+ps1+2026-11-01 11:59:00.000000 UTC"
    shutil.copytree(course / "submitted" / "jdoe" / "ps1", cached)
    settings = {"CourseDirectory.course_id": "c101", "Exchange.root": str(exchange), "Exchange.cache": str(cache)}
    config = "c = get_config()\n" + "".join(f"c.{name} = {value!r}\n" for name, value in settings.items())
    who = {"HOME": str(tmp_path), "USER": "jdoe", "LOGNAME": "jdoe", "JUPYTERHUB_USER": "jdoe"}
    for folder, command in ((course, "release_feedback"), (student, "fetch_feedback")):
        (folder / "nbgrader_config.py").write_text(config)
        done = subprocess.run(
            [str(NBGRADER), command, "ps1"],
            cwd=folder,
            env=os.environ | who,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
    (fetched,) = student.rglob("problem1.html")
    assert fetched.read_bytes() == (course / "feedback" / "jdoe" / "ps1" / "problem1.html").read_bytes()


def test_moodle_takes_the_feedback_back(tmp_path):
    """As `importziplib.php` takes names apart: split at the first four underscores, the second part is the number."""
    out = make_class(tmp_path, "moodle")
    mark_class(out)
    book, to, feedback = tmp_path / "book.csv", tmp_path / "filled.csv", tmp_path / "feedback.zip"
    book.write_text(
        GRADEBOOKS["moodle"].replace("Jane Doe", "Jane_A Doe").replace("(grade)\n", "(grade),Feedback comments\n")
    )
    book.write_text(book.read_text().replace(",-\n", ",-,\n"))
    words = ("moodle", out, "--gradebook", book, "--to", to, "--feedback", feedback)
    assert export(*words) == 0
    with zipfile.ZipFile(io.BytesIO(feedback.read_bytes())) as archive:
        parts = [name.split("/")[0].split("_", 4) for name in sorted(archive.namelist())]
    assert [part[1:] for part in parts] == [[str(at), "assignfeedback", "file", ""] for at in (502, 501, 503)]
    sheet = read_sheet(to)
    comment = sheet.cell(1, 9)
    assert comment.startswith("Points: ")
    assert "c (Is read by a person): " in comment
    assert "but; &#61;1+1, see &lt;b&gt;" in comment
