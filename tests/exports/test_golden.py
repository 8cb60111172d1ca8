"""Gradebooks as the systems export them are filled in, and every byte beside the grades stays. Sources: golden/README.md"""

from pathlib import Path

import pytest

from grader.exports import blackboard, brightspace, canvas, moodle
from grader.exports.fill import Plan, Wanted, plan, told
from grader.exports.grades import Grade, Points
from grader.exports.people import Person, match
from grader.exports.sheet import read_sheet

GOLDEN = Path(__file__).parent / "golden"
READERS = {
    "canvas.csv": canvas,
    "moodle.csv": moodle,
    "blackboard.xls": blackboard,
    "blackboard_column.csv": blackboard,
    "brightspace.csv": brightspace,
}
COLUMNS = {"canvas.csv": "Homework 3", "blackboard.xls": "1002", "brightspace.csv": "homework 3"}


def grade(name, points, comments=(), **more):
    return Grade(name, Points(points, 100.0), {}, True, comments=comments, **more)


WHY = ("Points: 92.5 of 100", "q3 (Third): 2.5 of 10: the loss is < 0; =1+1 is no number")
GRADES = {
    "jane": grade("jane", 92.5, WHY),
    "hans": grade("hans", 71.25, ("Points: 71.25 of 100",)),
    "rick": grade("rick", 50.0, ("Points: 50 of 100",)),
}


def people(system):
    number = {"canvas": "1234", "moodle": "1234"}.get(system, "303")
    first = 5 if number == "1234" else 1
    names = ("Jane Doe", "Hans Müller", "Rick O'Brien")
    return [
        Person(key, f"{number}{first + at}", name) for at, (key, name) in enumerate(zip(GRADES, names, strict=True))
    ]


def decided(file, **wanted) -> tuple[Plan, bytes]:
    book = READERS[file].read(read_sheet(GOLDEN / file))
    matches = match(book.students, people(file.partition(".")[0]))
    found = plan(book, GRADES, matches, Wanted(COLUMNS.get(file), **wanted))
    return found, book.sheet.filled(found.cells)


@pytest.mark.parametrize("file", READERS)
def test_the_file_is_the_same_but_for_the_grades(file):
    found, data = decided(file)
    stem, _, ending = file.partition(".")
    assert data == (GOLDEN / f"{stem}.filled.{ending}").read_bytes()
    assert found.without == (("Roe, Edgar",) if file != "moodle.csv" else ("Edgar Roe",))
    assert found.strangers == found.doubts == ()


def test_what_is_said(capsys):
    found, _ = decided("canvas.csv")
    assert list(told(found)) == [
        "Doe, Jane: Homework 3: 85.00 -> 92.5",
        "Müller, Hans: Homework 3: no grade -> 71.25",
        "2 grades change, 0 stay as they are",
        'kept: O\'Brien "Pat", Rick: Homework 3: EX (would be 50)',
        "in the gradebook without a submission: Roe, Edgar",
    ]


@pytest.mark.parametrize("file", READERS)
def test_filling_in_twice_changes_nothing_more(file):
    found, data = decided(file)
    stem, _, ending = file.partition(".")
    book = READERS[file].read(read_sheet(GOLDEN / f"{stem}.filled.{ending}"))
    again = plan(book, GRADES, match(book.students, people(stem)), Wanted(COLUMNS.get(file)))
    assert again.cells == {}
    assert again.same == len(found.changes)
    assert book.sheet.filled({}) == data
