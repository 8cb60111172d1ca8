"""Appeals, what-if, histories and differences at the desk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.course.appeals import all_appeals, file_appeal
from grader.course.people import Person
from grader.course.store import Store
from grader.review.desk import address_of
from tests.browser.pages import WIDER
from tests.course.class_store import graded_result, make_class, put
from tests.review.desks import Served, served

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> \x1b[2J \u202e"


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[tuple[Served, Path]]:
    """The desk over a tiny class, in which anna was graded twice and has an appeal."""
    out = make_class(tmp_path / "graded")
    with Store(out) as store:
        put(store, "anna", graded_result("z = 1\n\nsame", "anna.ipynb", rubric="2"), "k0 of anna", "2026-10-01")
        put(store, "anna", graded_result("x = 1\n\nsame", "anna.ipynb", rubric="3"), "k1 of anna", "2026-12-01")
        file_appeal(store, "anna", "q1.print", f"It prints. {HOSTILE}", "anna")
    with served(out) as desk:
        yield desk, out


def test_an_appeal_is_entered_read_and_decided_for_all(tiny: tuple[Served, Path]) -> None:
    desk, out = tiny
    with desk.browser() as browser:
        page = browser.submit("/appeals", who="id-carl", check="q1", text="It takes 3 seconds.")
        assert page.url.path == "/appeals/2"
        assert "It takes 3 seconds." in page.text
        page = browser.get("/appeals/1")
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;alert(1)" in page.text
        assert "\x1b" not in page.text
        assert "nothing is printed in 1 of 3 cells" in page.text
        assert address_of("ben") in page.text
        assert address_of("carl") not in page.text
        assert "q1.time</span> of 2, skipped because of it" in page.text
        assert browser.submit("/appeals/1", decision="accept", reason="").status_code == 400
        decide = {"decision": "accept", "check": "q1.print", "points q1.print": "1,5", "reason": "it does"}
        page = browser.submit("/appeals/1", **decide, alike=address_of("ben"))
        assert "Appeal 1 is accepted; verdicts on 2 submissions were changed." in page.text
        assert browser.submit("/appeals/1", **decide).status_code == 409  # it is decided
    with Store(out) as store:
        scores = {row.entry.name: row.final.standing.score for row in store.rows()}
        assert scores == {"anna": 9.5, "ben": 9.5, "carl": 11, "dora": 12}
        assert [one.status for one in all_appeals(store)] == ["open", "accepted"]


def test_an_assistant_decides_on_what_is_the_assistants(tiny: tuple[Served, Path]) -> None:
    desk, out = tiny
    only_anna = Person("tom", "assistant", students=("anna",))
    only_q3 = Person("eva", "assistant", items=("q3",))
    with desk.browser(only_anna) as browser:
        assert address_of("ben") not in browser.get("/appeals/1").text
        decide = {"decision": "reject", "reason": "no"}
        assert browser.submit("/appeals/1", **decide, alike=address_of("ben")).status_code == 404
        assert browser.get("/what-if").status_code == 403
        assert browser.submit("/what-if", points="q1=3", reason="x", based_on="").status_code == 403
        assert browser.submit("/appeals/file").status_code == 403
        other = browser.get(f"/submissions/{address_of('anna')}/difference", params={"other": "ben"})
        assert other.status_code == 404
        assert browser.get(f"/submissions/{address_of('ben')}/history").status_code == 404
    with desk.browser(only_q3) as browser:
        assert "Decide</h2>" not in browser.get("/appeals/1").text
        assert browser.submit("/appeals/1", decision="reject", reason="no").status_code == 403
    with Store(out) as store:
        assert [one.status for one in all_appeals(store)] == ["open"]


def test_names_can_be_hidden(tiny: tuple[Served, Path]) -> None:
    desk, _ = tiny
    with desk.browser() as browser:
        browser.submit("/names", hide="yes", back="/class")
        anna = f"/submissions/{address_of('anna')}"
        pages = ["/appeals", "/appeals/1", "/what-if?id1=q1&points1=9", f"{anna}/history"]
        pages.append(f"{anna}/difference?other={address_of('ben')}")
        for path in pages:
            page = browser.get(path)
            assert page.status_code == 200
            text = re.sub(r"by anna|[0-9a-f]{16}", "", page.text)
            assert not re.search(r"(?i)\b(anna|ben)\b", text), path


def test_a_form_of_appeals_is_read(tiny: tuple[Served, Path]) -> None:
    desk, out = tiny
    with desk.browser() as browser:
        csrf, origin = browser.csrf(), str(browser.base_url).rstrip("/")
        files = {"file": ("form.csv", b"student,check,text\nben,q1,why\neve,q1,why\n", "text/csv")}
        page = browser.post("/appeals/file", data={"csrf": csrf}, files=files, headers={"origin": origin})
        assert "1 new appeals, 0 known before." in page.text
        assert "line 3: there is no submission" in page.text
        assert browser.submit("/appeals/file").status_code == 400
    with Store(out) as store:
        assert [one.submission for one in all_appeals(store)] == ["anna", "ben"]


def test_points_are_tried_and_then_count(tiny: tuple[Served, Path]) -> None:
    desk, out = tiny
    with desk.browser() as browser:
        assert "no submission has a check or an item" in browser.get("/what-if?id1=q9&points1=1").text
        page = browser.get("/what-if?id1=q1.time&points1=4")
        assert "2 would gain points, 0 would lose some" in page.text
        page = browser.submit("/what-if", points="q1.time=4.0", reason="important", based_on="")
        assert "These points count now: q1.time=4." in page.text
        assert browser.submit("/what-if", points="q1=1", reason="x", based_on="").status_code == 409
        page = browser.submit("/what-if", reason="no", based_on="q1.time=4")
        assert "The points of the rubric count again." in page.text
    with Store(out) as store:
        assert store.points() == {}


def test_gradings_are_listed_and_compared(tiny: tuple[Served, Path]) -> None:
    desk, _ = tiny
    anna = f"/submissions/{address_of('anna')}"
    with desk.browser() as browser:
        page = browser.get(f"{anna}/history").text
        marks = re.findall(r'name="before" value="(\w+)"', page)
        assert len(marks) == 3
        assert "the rubric" in page
        page = browser.get(f"{anna}/difference", params={"before": marks[-1], "after": marks[0]}).text
        assert "Between the two has changed: the notebook, the rubric." in page
        assert "taken out: </span> z = 1" in page
        assert "added: </span> x = 1" in page
        assert "1 cells are the same" in page
        page = browser.get(f"{anna}/difference", params={"other": "Dora Doe"}).text
        assert "8 → 12" in page
        assert browser.get(f"{anna}/difference", params={"before": "0" * 16}).status_code == 404


@pytest.mark.slow
@pytest.mark.exhaustive
def test_the_pages_pass_axe_and_fit_a_phone(tiny: tuple[Served, Path], browser: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe

    desk, _ = tiny
    anna = f"/submissions/{address_of('anna')}"
    paths = ["/appeals", "/appeals/1", "/what-if?id1=q1&points1=9", "/what-if?id1=q9&points1=1", "/what-if/limit"]
    paths += [f"{anna}/history", f"{anna}/difference", f"{anna}/difference?other=ben"]
    for dark in (False, True):
        context = browser.new_context(color_scheme="dark" if dark else "light")
        page = context.new_page()
        errors: list[str] = []
        page.on("console", lambda one, errors=errors: errors.append(one.text) if one.type == "error" else None)
        page.goto(desk.link())
        for path in paths:
            for width in (360, 1200):
                page.set_viewport_size({"width": width, "height": 900})
                page.goto(f"{desk.address}{path}")
                assert Axe().run(page).response["violations"] == [], (path, width, dark)
                assert page.evaluate(WIDER) == [], (path, width)
        assert errors == []
        context.close()


@pytest.mark.slow
@pytest.mark.exhaustive
def test_an_appeal_is_decided_in_a_browser(tiny: tuple[Served, Path], browser: Any) -> None:
    desk, out = tiny
    context = browser.new_context(viewport={"width": 1200, "height": 900}, java_script_enabled=False)
    page = context.new_page()
    page.goto(desk.link())
    page.get_by_role("link", name="Appeals").click()
    page.get_by_role("link", name=re.compile("^1")).click()
    page.get_by_label("The reason, which the student reads").fill("It does print.")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Accept").click()
    assert "verdicts on 2 submissions were changed" in page.get_by_role("status").inner_text()
    page.get_by_role("link", name="What if").click()
    page.get_by_label("Check or item").first.fill("q1")
    page.get_by_label("Points").first.fill("8")
    page.get_by_role("button", name="See whose points would change").click()
    page.get_by_label("The reason, which is kept").fill("It is worth more.")
    page.get_by_role("button", name="Let these points count").click()
    assert "These points count now: q1=8." in page.get_by_role("status").inner_text()
    context.close()
    with Store(out) as store:
        assert store.points() == {"q1": 8.0}
        row = store.row("ben")
        assert row is not None
        assert row.final.standing.score == 4 + 3 + 5


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_limit_is_tried_and_then_counts(
    tiny: tuple[Served, Path], browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADER_ASSIGNMENT", "tests.course.tiny")
    from grader.review.replayed import assignment_here

    assignment_here.cache_clear()
    desk, out = tiny
    page = browser.new_page()
    page.goto(desk.link())
    page.goto(f"{desk.address}/appeals/1?replay=yes")
    assert "Judged again, the verdict is the same." in page.content()
    page.goto(f"{desk.address}/what-if/limit")
    page.get_by_label("Limit").fill("loss")
    page.get_by_label("Value").fill("0.4")
    page.get_by_role("button", name="Judge the class again").click()
    page.get_by_label("The reason, which students read").fill("The limit was wrong.")
    page.get_by_role("button", name="Let these verdicts count").click()
    assert "The verdicts with this limit count now." in page.get_by_role("status").inner_text()
    page.close()
    assignment_here.cache_clear()
    with Store(out) as store:
        assert [row.final.standing.score for row in store.rows()] == [5, 5, 8, 9]
