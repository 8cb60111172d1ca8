from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.course.alike import keep
from grader.course.people import Person
from grader.course.works import of_store
from grader.similarity.compare import compare
from tests.review.desks import Served, served
from tests.similarity.made import IMPORTS, TRAIN, notebook
from tests.similarity.stores import ANSWER, enter, made_store

HOSTILE = "<script>alert(1)</script>\x1b[31m"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = made_store(tmp_path / "graded")
    code = TRAIN.replace('"""One epoch."""', f"print({HOSTILE!r})")
    enter(folder, f"eve {HOSTILE}", notebook(f"## {HOSTILE}", IMPORTS, code), {"q6": HOSTILE + ANSWER})
    works, notes = of_store(folder)
    keep(folder, compare(works), works, notes)
    return folder


@pytest.fixture
def desk(folder: Path) -> Iterator[Served]:
    with served(folder) as found:
        yield found


def pairs_on(page: str) -> list[str]:
    return re.findall(r'href="(/copied-work/[0-9a-f]+/[0-9a-f]+)"', page)


def test_pairs_and_groups_are_listed_and_shown_side_by_side(desk: Served) -> None:
    with desk.browser() as browser:
        page = browser.get("/copied-work")
        assert page.status_code == 200
        assert "Anna and Ben" in page.text
        assert "It does not say that anybody copied" in page.text
        assert len(pairs_on(page.text)) == 3
        pair = browser.get(pairs_on(page.text)[0])
        assert pair.status_code == 200
        assert pair.text.count("loss.backward()") == 2
        assert "<mark>" in pair.text


def test_what_came_from_a_notebook_is_escaped(desk: Served) -> None:
    with desk.browser() as browser:
        page = browser.get("/copied-work").text
        for text in (page, *(browser.get(address).text for address in pairs_on(page))):
            assert "<script>alert" not in text
            assert "\x1b" not in text


def test_names_can_be_hidden(desk: Served) -> None:
    with desk.browser() as browser:
        browser.submit("/names", hide="yes", back="/copied-work")
        page = browser.get("/copied-work").text
        assert "Anna" not in page
        assert "Submission " in page
        pair = browser.get(pairs_on(page)[0]).text
        assert "Anna" not in pair
        assert "Ben" not in pair


def test_an_assistant_sees_pairs_of_their_students_alone(desk: Served) -> None:
    with desk.browser() as browser:
        page = browser.get("/copied-work").text
        both = dict(zip(pairs_on(page), re.findall(r'/copied-work/[^"]+">([^<]+)</a>', page), strict=True))
    assistant = Person("tom", "assistant", (), ("anna", "ben"))
    with desk.browser(assistant) as browser:
        page = browser.get("/copied-work").text
        assert "Anna and Ben" in page
        assert len(pairs_on(page)) == 1
        hidden = next(address for address, names in both.items() if "Anna and Ben" not in names)
        assert browser.get(hidden).status_code == 404
        assert browser.submit("/copied-work/compare").status_code == 403


def test_a_pair_that_is_not_kept_is_not_found(desk: Served) -> None:
    with desk.browser() as browser:
        page = browser.get("/copied-work").text
        first, second = pairs_on(page)[0].split("/")[2:]
        assert browser.get(f"/copied-work/{second}/{first}").status_code == 200
        assert browser.get(f"/copied-work/{first}/{first}").status_code == 404
        assert browser.get(f"/copied-work/{first}/0123456789abcdef").status_code == 404


def test_changes_since_are_told(desk: Served, folder: Path) -> None:
    with desk.browser() as browser:
        assert "have changed since" not in browser.get("/copied-work").text
        enter(folder, "fritz", None)
        assert "have changed since" in browser.get("/copied-work").text


@pytest.mark.slow
@pytest.mark.exhaustive
def test_the_class_is_compared_by_another_process(tmp_path: Path) -> None:
    with served(made_store(tmp_path / "graded")) as desk, desk.browser() as browser:
        assert "have not been compared yet" in browser.get("/copied-work").text
        assert "are being compared" in browser.submit("/copied-work/compare").text
        for _ in range(120):
            page = browser.get("/copied-work").text
            if "data-refresh" not in page:
                break
            time.sleep(0.5)
        assert "Anna and Ben" in page
        assert "could not be compared" not in page


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize(("width", "dark"), [(360, True), (1200, False)])
def test_the_pages_are_accessible_and_fit(desk: Served, browser: object, width: int, dark: bool) -> None:
    from tests.browser.pages import Watched

    context = browser.new_context(  # type: ignore[attr-defined]
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
    )
    page = context.new_page()
    page.goto(desk.link())
    address = f"{desk.address}/copied-work"
    watched = Watched(page, address)
    addresses = [address, desk.address + pairs_on(page.content())[0]]
    for one in addresses:
        page.goto(one)
        assert watched.violations() == []
        assert watched.wider() == []
    assert watched.errors == []
    context.close()
