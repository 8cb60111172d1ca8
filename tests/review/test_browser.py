"""The desk in a real browser: nothing in a submission acts, everybody can read and use it, two people lose nothing."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from grader.course.people import Person
from grader.course.store import Store
from tests.browser.pages import WIDER
from tests.browser.samples import SAMPLES
from tests.review.desks import Served, fill
from tests.review.test_pages import page_of

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]
PATHS = ("/class", "/class/overview", "/audit", *(page_of(name) for name in SAMPLES))


class Seen:
    """A page at the desk, and what it did that none may do. It says no to questions, unless `agrees`."""

    def __init__(self, page, desk: Served) -> None:
        self.page, self.desk, self.agrees = page, desk, False
        self.acts: list[str] = []
        page.on("dialog", self._answer)
        page.on("console", lambda one: self.acts.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda one: self.acts.append(str(one)))
        page.on("request", lambda one: self._note(one.url))

    def _answer(self, dialog) -> None:
        self.acts.append(f"dialog {dialog.message}")
        dialog.accept() if self.agrees else dialog.dismiss()

    def _note(self, url: str) -> None:
        if not url.startswith(self.desk.address + "/"):
            self.acts.append(f"request {url}")

    def go(self, path: str) -> Seen:
        self.page.goto(self.desk.address + path)
        return self

    def settled(self) -> Seen:
        """Wait until the page loads itself no more, as the queue does while it is made."""
        self.page.wait_for_selector("body:not(:has([data-refresh]))", timeout=60_000)
        return self


@contextmanager
def entered(browser, desk: Served, width: int = 1200, dark: bool = False, scripts: bool = True, who: str = "ina"):
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        java_script_enabled=scripts,
    )
    try:
        seen = Seen(context.new_page(), desk)
        seen.page.goto(desk.link(Person(who)))
        yield seen
    finally:
        context.close()


def test_nothing_in_a_submission_acts(browser, desk):
    with entered(browser, desk) as seen:
        for path in PATHS:
            page = seen.go(path).page
            page.evaluate("() => document.querySelectorAll('details').forEach(one => one.open = true)")
            page.mouse.move(300, 300)
            scripts = page.locator("script").evaluate_all("all => all.map(one => one.src)")
            assert all(one.startswith(f"{desk.address}/static/") for one in scripts)
            assert page.locator("iframe, object, embed, [onerror], [onmouseover], [style]").count() == 0
        assert seen.acts == []


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(browser, desk, dark):
    from axe_playwright_python.sync_playwright import Axe

    with entered(browser, desk, dark=dark) as seen:
        for path in (*PATHS, "/nowhere", "/login"):
            seen.go(path).page.evaluate("() => document.querySelectorAll('details').forEach(one => one.open = true)")
            found = Axe().run(seen.page).response["violations"]
            assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == [], path


@pytest.mark.parametrize("width", [320, 360, 1200])
def test_no_page_is_wider_than_the_window(browser, desk, width):
    with entered(browser, desk, width) as seen:
        for path in PATHS:
            page = seen.go(path).page
            page.evaluate("() => document.querySelectorAll('details').forEach(one => one.open = true)")
            assert page.evaluate(WIDER) == [], path
            assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0, path


def test_the_desk_works_without_scripts_and_by_keyboard(browser, desk):
    with entered(browser, desk, scripts=False) as seen:
        page = seen.page
        page.keyboard.press("Tab")
        assert page.locator(":focus").inner_text() == "Skip to the content"
        page.keyboard.press("Enter")
        seen.go("/class").page.get_by_role("link", name="Faulty").focus()
        page.keyboard.press("Enter")
        page.get_by_text("Give points for an item").focus()
        page.keyboard.press("Enter")
        page.locator("#points-q2").fill("4")
        page.keyboard.press("Enter")
        assert page.get_by_role("status").inner_text() == "q2: 4 points are stored."
        page.get_by_role("button", name="Hide names").click()
        assert "faulty" not in page.content().casefold()


def test_two_browsers_change_the_same_mark_and_nothing_is_lost(browser, desk):
    with entered(browser, desk) as ina, entered(browser, desk, who="eva") as eva:
        for one in (ina, eva):
            one.go(page_of("faulty")).page.get_by_text("Give points for an item").click()
        ina.page.locator("#points-q2").fill("4")
        ina.page.get_by_role("button", name="Store the mark for q2").click()
        eva.page.locator("#points-q2").fill("1")
        eva.page.get_by_role("button", name="Store the mark for q2").click()
        assert "Not stored" in eva.page.get_by_role("alert").inner_text()
        assert "4" in eva.page.locator(".decisions").inner_text()
        assert eva.acts == []
    with Store(desk.app.state.desk.folder) as store:
        assert store.marks()["faulty"]["q2"].points == 4


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_server_loses_nothing_that_was_confirmed(browser, tmp_path, number):
    folder = fill(tmp_path / "graded", {name: make() for name, make in SAMPLES.items()})
    with started(folder) as (process, link):
        context = browser.new_context()
        page = context.new_page()
        page.goto(link)
        address = re.match(r"https?://[^/]+", link)[0]
        page.goto(address + page_of("faulty"))
        page.get_by_text("Give points for an item").click()
        page.locator("#points-q2").fill("4.5")
        page.get_by_role("button", name="Store the mark for q2").click()
        assert "stored" in page.get_by_role("status").inner_text()
        process.send_signal(number)
        process.wait(20)
        context.close()
    with Store(folder) as store:
        assert store.marks()["faulty"]["q2"].points == 4.5
    with started(folder) as (_, link):
        context = browser.new_context()
        page = context.new_page()
        page.goto(link)
        page.goto(re.match(r"https?://[^/]+", link)[0] + page_of("faulty"))
        assert "4.5" in page.locator(".decisions").inner_text()
        context.close()


@contextmanager
def started(folder: Path, *more: str):
    """Start `grader review` as a person does; yields the process and its one-time link."""
    command = [sys.executable, "-m", "grader", "review", str(folder), "--no-browser", "--port", "0", *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            link = re.search(r"https?://\S+", said)
            assert link is not None, said
            yield process, link[0]
        finally:
            process.kill()
