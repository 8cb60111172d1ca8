"""Two people mark the same class in two browsers at once: nothing that was confirmed is lost, and nothing is doubled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.course.audit import changes
from grader.course.store import Store
from tests.review.classes import small
from tests.review.desks import Served, served
from tests.review.test_browser import Seen, entered

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

ITEM, OTHER, NUMBER = "q4", "q6", 8


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Served]:
    with served(small(tmp_path / "graded", NUMBER, [ITEM, OTHER])) as found:
        yield found


@pytest.fixture
def two(browser: Any, desk: Served) -> Iterator[tuple[Seen, Seen]]:
    with entered(browser, desk, who="ina") as ina, entered(browser, desk, who="eva") as eva:
        yield ina, eva


def together(two: tuple[Seen, Seen], selector: str) -> None:
    """Send a form in both browsers; neither waits for the other."""
    for seen in two:
        seen.page.evaluate("document.documentElement.dataset.old = 'yes'")
    for seen in two:
        seen.page.evaluate("selector => setTimeout(() => document.querySelector(selector).click())", selector)
    for seen in two:
        seen.page.wait_for_selector("html:not([data-old]) body", timeout=60_000)
        seen.page.wait_for_load_state()


def told(seen: Seen) -> str:
    return " ".join(one.inner_text() for one in seen.page.locator("p.message").all())


def begin(seen: Seen, item: str) -> None:
    seen.settled()  # the first page is the queue
    seen.go(f"/queue/{item}/answer")


def marks(desk: Served, item: str) -> dict[str, tuple[float, str]]:
    with Store(desk.app.state.desk.folder, create=False) as store:
        given = {row.entry.student_name: row.final.marks.get(item) for row in store.rows()}
    return {name: (mark.points, mark.by) for name, mark in given.items() if mark is not None}


def test_both_go_through_the_same_queue_and_each_answer_is_marked_once(two: tuple[Seen, Seen], desk: Served) -> None:
    confirmed: dict[str, tuple[float, str]] = {}
    refused = 0
    for seen in two:
        begin(seen, ITEM)
    for turn in range(2 * NUMBER):
        at_work = [seen for seen in two if seen.page.locator("#points").count()]
        if len(at_work) < 2:
            break
        for seen, points in zip(two, (turn % 5 + 0.5, turn % 5), strict=True):
            seen.page.locator("#points").fill(str(points))
        together(two, "form.mark-form button.main")
        for seen, who in zip(two, ("ina", "eva"), strict=True):
            saved = re.match(rf"Saved: (.*), {ITEM}: ([\d.]+) of 5", told(seen))
            if saved is None:
                assert "Somebody else decided" in told(seen)
                refused += 1
                seen.go(f"/queue/{ITEM}/answer")  # on to the first that is left
            else:
                assert saved[1] not in confirmed, "an answer was marked twice"
                confirmed[saved[1]] = (float(saved[2]), who)
    assert marks(desk, ITEM) == confirmed
    assert len(confirmed) == NUMBER
    assert refused
    with Store(desk.app.state.desk.folder, create=False) as store:
        assert sum(one.action == "mark" for one in changes(store)) == NUMBER  # the log has each, and none twice


def test_each_marks_another_question_and_nobody_is_refused(two: tuple[Seen, Seen], desk: Served) -> None:
    for seen, item in zip(two, (ITEM, OTHER), strict=True):
        begin(seen, item)
    for _ in range(NUMBER):
        for seen in two:
            seen.page.locator("#points").fill("3")
        together(two, "form.mark-form button.main")
        assert all("Saved: " in told(seen) for seen in two)
    for item, who in ((ITEM, "ina"), (OTHER, "eva")):
        assert set(marks(desk, item).values()) == {(3.0, who)}
        assert len(marks(desk, item)) == NUMBER


def test_each_undoes_their_own_change_alone(two: tuple[Seen, Seen], desk: Served) -> None:
    for seen, item in zip(two, (ITEM, OTHER), strict=True):
        begin(seen, item)
        seen.page.locator("#points").fill("2")
    together(two, "form.mark-form button.main")
    together(two, "button[data-key=u]")
    assert all(told(seen).startswith("Undone: ") for seen in two)
    assert marks(desk, ITEM) == marks(desk, OTHER) == {}


def test_of_two_who_change_a_line_of_the_rubric_one_is_told(two: tuple[Seen, Seen], desk: Served) -> None:
    ina, _ = two
    for seen in two:
        begin(seen, ITEM)
    page = ina.go(f"/queue/{ITEM}/answer/lines").page
    page.locator("#new-text").fill("names the curve")
    page.locator("#new-points").fill("2")
    page.get_by_role("button", name="Add").click()
    for seen, points in zip(two, ("3", "4"), strict=True):
        field = seen.go(f"/queue/{ITEM}/answer/lines").page.locator("input[name=points]").first
        field.fill(points)
    together(two, "button[value=change]")
    said = sorted(("Saved" in told(seen), seen.page.locator("[role=alert]").count() > 0) for seen in two)
    assert said == [(False, True), (True, False)]
    with Store(desk.app.state.desk.folder, create=False) as store:
        (line,) = store.lines(ITEM)
        (last, _) = changes(store)
    assert line.points in (3, 4)
    assert last.after["points"] == line.points
    winner = next(seen for seen in two if "Saved" in told(seen))
    assert last.who == ("ina" if winner is ina else "eva")
