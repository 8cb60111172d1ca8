"""Releasing in a real browser: by keyboard, on a telephone, in the dark, and what students get then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from grader.course.store import Store
from tests.browser.pages import WIDER
from tests.browser.samples import faulty, refused
from tests.review.desks import fill, served
from tests.review.test_browser import entered
from tests.review.test_release import ended, marked

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]


def a_class(folder: Path) -> Path:
    """anna and a long name are decided, ben waits, carl's file could not be graded."""
    long = "w" * 120
    fill(folder, {"anna": faulty(), "ben": faulty(), "carl": refused(), long: faulty()})
    marked(folder, "anna")
    marked(folder, long)
    return folder


@pytest.mark.parametrize(("width", "dark"), [(360, False), (360, True), (1200, False), (1200, True)])
def test_the_page_is_accessible_and_fits(browser: Any, tmp_path: Path, width: int, dark: bool) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with served(a_class(tmp_path / "graded")) as desk, entered(browser, desk, width, dark) as seen:
        page = seen.go("/release").page
        assert page.evaluate(WIDER) == []
        assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
        assert [one["id"] for one in Axe().run(page).response["violations"]] == []
        assert "could not be graded" in page.get_by_role("row", name="Carl").inner_text()
        assert seen.acts == []


@pytest.mark.parametrize("scripts", [True, False])
def test_marks_are_released_by_keyboard(browser: Any, tmp_path: Path, scripts: bool) -> None:
    folder = a_class(tmp_path / "graded")
    with served(folder) as desk, entered(browser, desk, scripts=scripts) as seen:
        page, seen.agrees = seen.go("/class").page, True
        reach(page, "Release")
        page.keyboard.press("Enter")
        page.wait_for_url("**/release")
        assert "1 submission waits for a person" in page.locator("main").inner_text()
        reach(page, "Release these 3 submissions")
        page.keyboard.press("Enter")
        page.wait_for_selector("[role=status]")
        assert seen.acts == (["dialog Release 3?"] if scripts else [])
        assert "3 submissions are being released" in page.get_by_role("status").first.inner_text()
        ended(folder)
        seen.go("/release")
        assert "There is nothing to release" in page.locator("main").inner_text()
    with Store(folder) as store:
        states = {row.entry.name[:4]: row.release_state for row in store.rows()}
    assert states == {"anna": "released", "ben": "", "carl": "released", "wwww": "released"}


def test_who_says_no_releases_nothing(browser: Any, tmp_path: Path) -> None:
    folder = a_class(tmp_path / "graded")
    with served(folder) as desk, entered(browser, desk) as seen:  # it dismisses each question
        page = seen.go("/release").page
        page.get_by_role("button", name="Release these 3 submissions").click()
        assert seen.acts == ["dialog Release 3?"]
        assert "Release these 3 submissions" in seen.go("/release").page.content()
    with Store(folder) as store:
        assert {row.release_state for row in store.rows()} == {""}


def reach(page: Any, name: str) -> None:
    """Press Tab until the focus is on the link or the button of this name."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.locator(":focus").inner_text().strip() == name:
            return
    raise AssertionError(f"{name} cannot be reached by Tab")
