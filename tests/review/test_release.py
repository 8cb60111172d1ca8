"""Releasing at the desk: who is meant, what students get, and who may."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

from grader.course.changes import changing
from grader.course.people import Person
from grader.course.store import Store
from grader.review.releasing import latest
from tests.browser.samples import faulty
from tests.review.desks import fill, served

CLASS = {"anna": faulty(), "ben": faulty()}


def marked(folder: Path, name: str) -> None:
    with Store(folder) as store:
        row = store.row(name)
        assert row is not None
        with changing(store, by="eva") as change:
            for item in row.machine.items:
                if item.open:
                    change.mark(name, item.id, adjustment=item.open, comment="well argued", based_on=None)


def ended(folder: Path) -> None:
    for _ in range(200):
        state = latest(folder)
        if state is not None and state.ended:
            assert state.problem == ""
            return
        time.sleep(0.05)
    raise AssertionError("the release did not end")


def seen(page: str) -> str:
    """Return what the form of the page sends along to say what it showed."""
    (found,) = re.findall(r'name="seen" value="(\w+)"', page)
    return str(found)


def test_what_waits_for_nobody_is_released(tmp_path: Path) -> None:
    folder = fill(tmp_path / "graded", CLASS)
    marked(folder, "anna")
    with served(folder) as desk, desk.browser() as browser:
        page = browser.get("/release").text
        assert "Release this submission" in page
        assert "1 submission waits for a person" in page
        assert "somebody decided meanwhile" in browser.submit("/release").text
        assert "1 submission is being released" in browser.submit("/release", seen=seen(page)).text
        ended(folder)
        assert "There is nothing to release" in browser.get("/release").text
        assert "There is nothing to release" in browser.submit("/release").text
    with Store(folder) as store:
        states = {row.entry.name: row.release_state for row in store.rows()}
    assert states == {"anna": "released", "ben": ""}
    assert "well argued" in json.dumps(json.loads((folder / "anna" / "marks.json").read_text()))
    assert "well argued" in (folder / "anna" / "report.html").read_text()
    assert not (folder / "ben" / "marks.json").exists()


def test_only_what_the_page_showed_is_released(tmp_path: Path) -> None:
    folder = fill(tmp_path / "graded", CLASS)
    marked(folder, "anna")
    with served(folder) as desk, desk.browser() as browser:
        before = seen(browser.get("/release").text)
        marked(folder, "ben")
        page = browser.submit("/release", seen=before).text
        assert "Nothing was released, since somebody decided meanwhile" in page
        assert "these 2 submissions" in page
        with Store(folder) as store:
            assert {row.release_state for row in store.rows()} == {""}
        assert "2 submissions are being released" in browser.submit("/release", seen=seen(page)).text
        ended(folder)


def test_assistants_release_nothing(tmp_path: Path) -> None:
    folder = fill(tmp_path / "graded", CLASS)
    with served(folder) as desk, desk.browser(Person("eva", "assistant")) as browser:
        assert browser.get("/release").status_code == 403
        assert browser.submit("/release").status_code == 403
        assert "Release" not in browser.get("/class").text
