"""Changes to the people who may work at the desk are in its log, for instructors alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from grader.course.changes import changing
from grader.course.decisions import MarkError
from grader.course.people import Person, add_person, hashed, people, remove_person
from grader.course.store import Store
from tests.browser.samples import faulty
from tests.review.desks import Browser, fill, served
from tests.review.test_pages import page_of

PASSWORD, OTHER = "correct horse battery", "another horse, another battery"


def told(browser: Browser) -> list[tuple[str, ...]]:
    """Return the rows of the page Changes: who, what, and before → after."""
    rows = re.findall(r"<tr><td.*?</tr>", browser.get("/audit").text, re.S)
    cells = [[re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.S)] for row in rows]
    return [(row[1], row[2], row[5]) for row in cells]


def test_the_page_changes_tells_who_may_do_what_since_when(tmp_path: Path) -> None:
    folder = fill(tmp_path / "graded", {"anna": faulty(), "ben": faulty()})
    with Store(folder) as store:
        add_person(store, Person("eva", "assistant", ("q4",), ("anna",), hashed(PASSWORD)), "root<b>")
        add_person(store, Person("eva", "assistant", ("q4", "q9"), ("anna",), hashed(OTHER)), "ina")
        add_person(store, Person("eva", "instructor", password=hashed(OTHER)), "ina")
        add_person(store, Person("eva", "instructor", password=hashed(OTHER)), "ina")
        remove_person(store, "eva", "ina")
    with served(folder) as desk, desk.browser() as browser:
        assert told(browser) == [
            ("ina", "remove person", "eva: role: instructor → –; items: all → –; students: all → –; password: set → –"),
            ("ina", "change person", "eva: password: set → set again"),
            (
                "ina",
                "change person",
                "eva: role: assistant → instructor; items: q4, q9 → all; students: anna → all; "
                "password: set → set again",
            ),
            ("ina", "change person", "eva: items: q4 → q4, q9; password: set → set again"),
            (
                "root&lt;b&gt;",
                "add person",
                "eva: role: – → assistant; items: – → q4; students: – → anna; password: – → set",
            ),
        ]
        page = browser.get("/audit").text
        for secret in (PASSWORD, OTHER, "scrypt"):
            assert secret not in page
        browser.submit("/names", hide="yes")
        page = browser.get("/audit").text
        assert "students: – → 1 named" in page
        assert "anna" not in page.casefold()


def test_an_assistant_does_not_see_who_else_may_do_what(tmp_path: Path) -> None:
    folder = fill(tmp_path / "graded", {"anna": faulty()})
    with Store(folder) as store:
        add_person(store, Person("eva", "assistant", password=hashed(PASSWORD)), "ina")
    with served(folder) as desk, desk.browser(Person("eva", "assistant")) as browser:
        assert browser.get("/audit").status_code == 403
        own = browser.get(f"/audit?submission={page_of('anna').rpartition('/')[2]}")
        assert own.status_code == 200
        assert "add person" not in own.text


def test_what_was_done_to_people_is_not_undone(tmp_path: Path) -> None:
    folder = fill(tmp_path / "graded", {"anna": faulty()})
    with Store(folder) as store:
        add_person(store, Person("eva", "assistant", password=hashed(PASSWORD)), "ina")
        with pytest.raises(MarkError, match="changed nothing that could be undone"), changing(store, "ina") as change:
            change.undo()
        assert [one.name for one in people(store)] == ["eva"]
