"""A person marks the written answers of a class with the keyboard, while the server is killed once."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import grader
from grader.course.changes import changing
from grader.course.csv_text import csv_rows
from grader.course.store import Store
from grader.data import find_data
from grader.data.subset import write_smaller
from tests.browser.pages import Watched
from tests.review.answers import ITEMS, labelled
from tests.review.classes import real

NUMBER = int(os.environ.get("GRADER_WALK", "200"))  # submissions; fewer while the test itself is changed
LABELS = {item: {answer.text: answer.label for answer in labelled(item)} for item in ITEMS}
RUBRIC = (("says what the curves do, and where", "2"), ("concludes", "1"), ("uses own numbers", "2"))
TICKS = {"enough": "123", "overfit": "12", "longer": "2"}  # by what an answer to q4 says; others get no points

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive, pytest.mark.timeout(3000)]


class Server:
    """`grader review` as a person starts it, and the link that it prints."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "grader", "review", str(folder), "--no-browser", "--port", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert self.process.stdout is not None
        said = ""
        for line in self.process.stdout:
            said += line
            found = re.search(r"(http://\S+)/enter\?token=\S+", line)
            if found:
                self.address, self.link = found[1], found[0]
                return
        raise AssertionError(said)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


class Marker:
    """A person at a keyboard: presses keys, reads what the page says, and remembers what it confirmed."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.confirmed: dict[tuple[str, str], float] = {}

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def go(self, *keys: str) -> None:
        """Press keys, the last of which leads to another page, and wait until it is there."""
        self.press(*keys[:-1])
        self.page.evaluate("document.documentElement.dataset.old = 'yes'")
        self.press(keys[-1])
        self.page.wait_for_selector("html:not([data-old]) body", timeout=60_000)
        self.page.wait_for_load_state()

    @property
    def told(self) -> str:
        found = self.page.query_selector_all("p.message")
        return " ".join(one.text_content() for one in found)

    @property
    def path(self) -> str:
        return str(self.page.evaluate("location.pathname"))

    def confirm(self) -> None:
        """Remember what the page says to be saved."""
        said = re.match(r"Saved: (.*), (q\d+): ([\d.]+) of 5\.", self.told)
        assert said is not None, self.told
        self.confirmed[said[1], said[2]] = float(said[3])

    def answer(self) -> str:
        return str(self.page.text_content(".answer .prose"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A class of many, from one real grading on few images."""
    data = tmp_path / "data"
    write_smaller(find_data(None, sample=True), 512, data)
    notebook = Path(__file__).parents[2] / "reference" / "solution.ipynb"
    graded = grader.grade(notebook, data=data, device="virtual", isolation="none", cores=1)
    assert graded.kept
    return real(tmp_path / "graded", graded, NUMBER)


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    yield context.new_page()
    context.close()


def stored(folder: Path) -> dict[tuple[str, str], float]:
    with Store(folder, create=False) as store:
        return {
            (row.entry.student_name, item): mark.points
            for row in store.rows()
            for item, mark in row.final.marks.items()
        }


def write_rubric(person: Marker) -> None:
    person.go("e")
    for text, points in RUBRIC:
        person.press("a")
        person.page.keyboard.type(text)
        person.press("Tab")
        person.page.keyboard.type(points)
        person.go("Enter")
        assert person.told == "Saved: a line of q4."
    person.go("b")


def test_the_written_answers_of_a_class_are_marked_by_keyboard(folder: Path, page: Any) -> None:
    server = Server(folder)
    try:
        _walk(folder, page, server)
    finally:
        server.kill()


def _walk(folder: Path, page: Any, server: Server) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda one: errors.append(str(one)))
    person = Marker(page)
    page.goto(server.link)
    page.goto(f"{server.address}/queue")
    while page.query_selector("[data-refresh]"):
        page.wait_for_timeout(2500)
    person.go("1")  # q4
    write_rubric(person)

    # one after another; in the middle the server is killed while a mark is on its way
    for number in range(NUMBER):
        text = person.answer()
        label = LABELS["q4"][text]
        keys = list(TICKS.get(label, "0"))
        if number % 10 == 3:
            person.press("p")
            page.keyboard.type("2.5")
            person.press("Escape")
            keys = []
        if label == "hedge":
            person.press("c")
            page.keyboard.type("What do your own curves say?")
            person.press("Escape")
        if number == NUMBER // 2:
            person.press(*keys, "Enter")
            server.kill()
            assert person.confirmed.items() <= stored(folder).items()  # nothing that was confirmed is lost
            server.__init__(folder)  # type: ignore[misc]
            page.goto(server.link)
            page.goto(f"{server.address}/queue")
            person.go("1")
            continue
        person.go(*keys, "Enter")
        person.confirm()
    if person.path != "/queue":  # the mark that was on its way when the server was killed was not stored
        person.go("f", "Enter")
        person.confirm()
    assert "Nothing is left of q4" in person.told
    marks = stored(folder)
    assert len(marks) == NUMBER
    assert person.confirmed.items() <= marks.items()

    # undo one, and decide it again
    person.go("1")
    name = page.text_content(".way strong")
    person.press("p", "Control+a")
    page.keyboard.type("1")
    person.go("Enter")
    assert stored(folder)[name, "q4"] == 1
    page.go_back()
    person.go("u")
    assert person.told.startswith("Undone: ")
    assert stored(folder) == marks

    # a line is changed, and with it the scores that used it
    with Store(folder, create=False) as store:
        uses = sum(
            any(line.text == RUBRIC[1][0] for line in of["q4"].lines) for of in store.marks().values() if "q4" in of
        )
    person.go("e")
    for _ in range(40):
        if page.evaluate("document.activeElement.id") == page.evaluate(
            "document.querySelectorAll('[name=points]')[1].id"
        ):
            break
        person.press("Tab")
    person.press("Control+a")
    page.keyboard.type("1.5")
    person.go("Enter")
    assert f"That changes {uses} score" in page.text_content("main")
    assert stored(folder) == marks
    person.go("Enter")
    assert f"{uses} scores changed with it" in person.told
    changed = {key for key, points in stored(folder).items() if points != marks[key]}
    assert 0 < len(changed) <= uses
    assert all(stored(folder)[key] == marks[key] + 0.5 for key in changed)

    # groups of the answers to q6, then what stands alone; q9 and q10 one after another
    person.go("q")
    person.go("2")
    person.go("g")
    while page.query_selector("[data-refresh]"):
        page.wait_for_timeout(1500)
    decided = 0
    if page.query_selector("[data-key='1']"):
        person.go("1")
        boxes = page.locator("input[name=member]")
        if boxes.count() > 2:
            boxes.first.focus()
            person.press("Space")  # one is taken out
        while person.path.count("/") > 4:
            decided += page.locator("input[name=member]:checked").count()
            person.press("p")
            page.keyboard.type("3")
            person.go("Enter")
            assert person.told.startswith("Saved: "), person.told
            if decided > NUMBER:
                break
    assert sum(item == "q6" for _, item in stored(folder)) == decided
    for key, item in (("2", "q6"), ("3", "q9"), ("4", "q10")):
        page.goto(f"{server.address}/queue")
        person.go(key)
        while person.path != "/queue":
            person.go("f", "Enter")
            person.confirm()
        assert f"Nothing is left of {item}" in person.told
    marks = stored(folder)
    assert len(marks) == NUMBER * len(ITEMS)
    assert errors == []

    # the pages as they are now
    for path in ("/queue", "/queue/q4/answer", "/queue/q6/answer/groups", "/queue/q4/answer/lines"):
        watched = Watched(page, server.address + path)
        assert watched.violations() == [], path
        assert watched.wider() == [], path

    # released, the marks are what the student sees; the exports carry them
    with Store(folder, create=False) as store, changing(store, "ina") as change:
        for row in store.rows():
            change.release(row.entry.name)
    out = folder / "export.csv"
    done = subprocess.run(
        [sys.executable, "-m", "grader", "results", str(folder), "--csv", str(out)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    head, *rows = csv_rows(out.read_text(encoding="utf-8"))
    assert len(rows) == NUMBER
    for row in rows:
        cells = dict(zip(head, row, strict=True))
        for item in ITEMS:
            assert float(cells[item]) == marks[cells["student"], item]
