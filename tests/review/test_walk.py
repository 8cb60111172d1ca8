"""A walk over every page of the desk, in Chromium, with a class that does harm wherever its text is not shown as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from grader.review.desk import address_of
from tests.browser.pages import WIDER
from tests.review.desks import Served, served
from tests.review.hostile_class import ITEM, hostile_class
from tests.review.test_browser import Seen, entered

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive, pytest.mark.timeout(900)]

EACH = 3  # pages of one kind that are visited
OPEN = "() => document.querySelectorAll('details').forEach(one => one.open = true)"
INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
NO_PAGES = {  # of the addresses that the application answers to with GET
    "/static/{name}",
    "/enter",
    "/",
    "/login",
    "/submissions/{submission}/executed.ipynb",
    "/submissions/{submission}/pictures/{name}.png",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(hostile_class(tmp_path_factory.mktemp("walk") / "graded")) as found:
        yield found


def starts(desk: Served) -> list[str]:
    """Return addresses from which the walk begins: those of the navigation, and what only forms lead to."""
    rows = desk.app.state.desk.rows()
    tiny = [row.entry.name for row in rows if row.machine.item("q1") is not None and len(row.machine.items) == 3]
    pages = [f"/submissions/{address_of(name)}" for name in tiny]
    return [
        *(link.address for link in desk.app.state.desk.navigation),
        "/what-if?id1=q1.time&points1=1",
        "/what-if?id1=%3Cscript%3Ealert(1)%3C/script%3E&points1=x",
        "/class?text=%3Cscript%3Ealert(1)%3C/script%3E&item=%22%3E%3Cb%3E&fault=%22%3E%3Cb%3E&status=%22%3E%3Cb%3E",
        "/audit?who=%3Cscript%3Ealert(1)%3C/script%3E",
        *(f"{page}/difference" for page in pages),
        f"{pages[0]}/difference?other=n-none%3Cscript%3E",
        "/appeals/1?replay=yes",
        "/nowhere/%3Cscript%3Ealert(1)%3C/script%3E",
    ]


def kind_of(address: str) -> str:
    """Return what addresses of the same kind of page have in common: the path without names, and the query's fields."""
    path = re.sub(r"/[0-9a-f]{16}|/\d+", "/*", urlsplit(address).path)
    return f"{path} {sorted(parse_qs(urlsplit(address).query))}"


def walk(desk: Served, seen: Seen, each: int = EACH) -> Iterator[str]:
    """Go from page to page by all links, at most `each` pages of a kind; yield the address of each while it is open."""
    seen.settled()
    queue, known, count = starts(desk), set[str](), dict[str, int]()
    while queue:
        address = queue.pop(0)
        kind = kind_of(address)
        if address in known or count.get(kind, 0) >= each:
            continue
        known.add(address)
        count[kind] = count.get(kind, 0) + 1
        page = seen.go(address).settled().page
        links = page.eval_on_selector_all("a[href]", "all => all.map(one => one.href)")
        yield address
        assert all(one.startswith(desk.address + "/") for one in links), address
        paths = [one.removeprefix(desk.address).partition("#")[0] for one in links]
        queue += [one for one in paths if not one.endswith((".ipynb", ".png"))]


def test_nothing_that_people_wrote_acts_or_widens_a_page(browser: Any, desk: Served) -> None:
    routes = {route.path for route in desk.app.routes if "GET" in (route.methods or ())} - NO_PAGES
    patterns = {path: re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + r"(\?.*)?") for path in routes}
    visited, problems = [], []
    with entered(browser, desk, 360) as seen:
        for address in walk(desk, seen):
            visited.append(address)
            page = seen.page
            page.evaluate(OPEN)
            page.mouse.move(180, 300)
            wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
            if wide > 0 or page.evaluate(WIDER):
                problems.append(f"{address}: {wide} px too wide: {page.evaluate(WIDER)[:3]}")
            if page.locator("iframe, object, embed, [onerror], [onmouseover], [style], script:not([src])").count():
                problems.append(f"{address}: markup from a submission")
            if found := INVISIBLE.search(page.evaluate("() => document.body.innerText + document.title")):
                problems.append(f"{address}: {found[0]!r} is not spelled")
            problems += [f"{address}: {one}" for one in seen.acts if "the server responded with" not in one]
            seen.acts.clear()
    assert problems == []
    missed = {path for path, pattern in patterns.items() if not any(pattern.fullmatch(one) for one in visited)}
    assert missed == set()
    assert len(visited) > 40


def test_what_was_typed_and_refused_comes_back_as_text(browser: Any, desk: Served) -> None:
    evil = "<img src=x onerror=alert(1)>\u202e" + "W" * 500
    with entered(browser, desk, 360) as seen:
        page = seen.go(f"/queue/{ITEM}/answer").page
        page.locator("#points").fill(evil)
        page.locator("#comment").fill(evil)
        page.get_by_role("button", name="Save", exact=True).click()
        assert page.get_by_role("alert").is_visible()
        assert page.locator("#comment").input_value() == evil.replace("\u202e", "\ufffd")
        assert page.locator("img[onerror]").count() == 0
        assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
        assert [one for one in seen.acts if "409" not in one] == []
        page = seen.go("/what-if").page
        page.locator("#id1").fill(evil)
        page.keyboard.press("Enter")
        assert page.locator("img[onerror]").count() == 0
        assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_on_any_kind_of_page(browser: Any, desk: Served, dark: bool) -> None:
    from axe_playwright_python.sync_playwright import Axe

    kinds, problems = set[str](), []
    with entered(browser, desk, dark=dark) as seen:
        for address in walk(desk, seen, 1):
            if (path := kind_of(address).partition(" ")[0]) in kinds:
                continue
            kinds.add(path)
            seen.page.evaluate(OPEN)
            found = Axe().run(seen.page).response["violations"]
            problems += [f"{address}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
    assert problems == []
    assert len(kinds) > 15


def test_on_paper_there_is_nothing_to_press_and_all_that_was_found(browser: Any, desk: Served) -> None:
    fields = "button, .button, select, textarea, input, header nav, .way nav"
    visible = """([all, except]) => [...document.querySelectorAll(all)]
        .filter(one => one.checkVisibility() && !one.closest(except)).map(one => one.outerHTML.slice(0, 100))"""
    kinds, problems = set[str](), []
    with entered(browser, desk, 680) as seen:  # the width of A4 without its margins
        for address in walk(desk, seen, 1):
            if (path := kind_of(address).partition(" ")[0]) in kinds:
                continue
            kinds.add(path)
            page = seen.page
            tables = page.locator("table").count()
            page.emulate_media(media="print")
            problems += [f"{address}: {one}" for one in page.evaluate(visible, [fields, ".line-edit"])]
            shown = len(page.evaluate(visible, ["table", "none"]))
            wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
            if shown != tables or wide > 0:
                problems.append(f"{address}: {shown} of {tables} tables, {wide} px too wide")
            page.emulate_media(media="screen")
    assert problems == []
