"""The pages of the class and of a submission: what they show, to whom, and what their forms change."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from grader.course.audit import changes
from grader.course.changes import changing
from grader.course.people import Person
from grader.course.store import Store
from grader.review.class_table import PAGE_ROWS, Wanted
from grader.review.desk import address_of
from tests.browser.samples import faulty, perfect
from tests.review.desks import fill, served

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]  # but for the few in test_desk.py
OTTO = Person("otto", "assistant", items=("q2",), students=("faulty",))


def page_of(name: str, *parts: str) -> str:
    return "/".join(("/submissions", address_of(name), *parts))


def names_in(page: str) -> list[str]:
    return re.findall(r'<a href="/submissions/[0-9a-f]{16}">([^<]*)</a>', page)


@pytest.fixture
def folder(desk):
    return desk.app.state.desk.folder


def test_the_table_is_sorted_and_filtered_by_its_address(desk):
    with desk.browser() as browser:
        assert names_in(browser.get("/class").text) == ["Faulty", "Hostile", "Perfect", "Refused"]
        assert names_in(browser.get("/class?sort=name&down=1").text)[0] == "Refused"
        assert names_in(browser.get("/class?sort=confirmed&down=1").text)[0] == "Faulty"
        assert names_in(browser.get("/class?text=perF").text) == ["Perfect"]
        assert names_in(browser.get("/class?status=failed").text) == ["Refused"]
        assert names_in(browser.get("/class?item=q3").text) == ["Faulty"]
        assert names_in(browser.get("/class?fault=q1.logits").text) == ["Faulty"]
        assert names_in(browser.get("/class?fault=q0.one").text) == []
        for odd in ("/class?page=999", "/class?sort=nothing", "/class?status=x&page=-1", "/class?page=%D9%A3"):
            assert len(names_in(browser.get(odd).text)) == 4


def test_faults_lead_to_the_submissions_that_have_them(desk):
    with desk.browser() as browser:
        page = browser.get("/class/overview").text
        links = [one.replace("&amp;", "&") for one in re.findall(r'href="(/class\?kind=[^"]*)"', page)]
        assert links
        found = [names_in(browser.get(one).text) for one in links]
        assert all(found)
        assert ["Faulty"] in found


def test_what_waits_is_never_counted_as_earned(desk):
    with desk.browser() as browser:
        row = re.search(r"<tr>(?:(?!</tr>).)*>Faulty<.*?</tr>", browser.get("/class").text, re.DOTALL)
        assert row is not None
        confirmed, waiting = re.findall(r'class="(?:confirmed|numbers waiting)">([\d.]*)<', row[0])
        assert (float(confirmed), float(waiting)) == (9.0, 7.0)  # 14, of which 5 are provisional; 5 + 2 wait


def test_many_submissions_come_in_pages(tmp_path):
    one = perfect()
    results = {
        f"student{n:03}": replace(one, submission=replace(one.submission, sha256=f"{n:064x}"))
        for n in range(PAGE_ROWS + 5)
    }
    with served(fill(tmp_path, results)) as desk, desk.browser() as browser:
        first, second = browser.get("/class").text, browser.get("/class?page=2").text
        assert len(names_in(first)) == PAGE_ROWS
        assert len(names_in(second)) == 5
        assert "page 2 of 2" in second


def test_addresses_of_the_table():
    wanted = Wanted(text="é&", status="late", page=3)
    assert wanted.address(page=4) == "/class?text=%C3%A9%26&status=late&page=4"
    assert wanted.sorted_by("waiting") == "/class?text=%C3%A9%26&status=late&sort=waiting&down=1"
    assert Wanted(sort="waiting", down=True).sorted_by("waiting") == "/class?sort=waiting"


def test_the_page_of_a_submission_has_what_the_report_has(desk):
    with desk.browser() as browser:
        page = browser.get(page_of("faulty")).text
        for said in (
            "the outputs look like probabilities",
            "Which loss is applied",
            "the loss was lowest after epoch 9",
        ):
            assert said in page
        for part in ("item-q4", "cell-9", "seen", "made", "decisions"):
            assert f'id="{part}"' in page
        assert "style=" not in page
        assert "data:" not in page
        pictures = re.findall(r'src="([^"]+\.png)"', page)
        assert pictures
        answer = browser.get(pictures[0])
        assert (answer.content[:4], answer.headers["content-type"]) == (b"\x89PNG", "image/png")
        assert browser.get(page_of("perfect", "pictures", "0" * 24) + ".png").status_code == 404


def test_the_executed_notebook_is_a_download(desk):
    with desk.browser() as browser:
        answer = browser.get(page_of("faulty", "executed.ipynb"))
        assert "attachment" in answer.headers["content-disposition"]
        assert json.loads(answer.text)["nbformat"] == 4


def test_pages_lead_to_the_submissions_before_and_after(desk):
    with desk.browser() as browser:
        page = browser.get(page_of("hostile")).text
        assert [re.search(rf'rel="{way}"[^>]*href="([^"]+)"', page)[1] for way in ("prev", "next")] == [
            page_of("faulty"),
            page_of("perfect"),
        ]


def test_hidden_names_are_nowhere(desk):
    with desk.browser() as browser:
        browser.submit("/names", hide="yes")
        for path in ("/class", page_of("faulty"), "/class/overview"):
            assert "faulty" not in browser.get(path).text.casefold(), path
        assert names_in(browser.get("/class?text=faulty").text) == []
        assert "faulty" not in browser.get(page_of("faulty", "executed.ipynb")).text


def test_a_mark_is_stored_with_who_gave_it(desk, folder):
    with desk.browser() as browser:
        sent = {"item": "q2", "points": "3,5", "comment": "<b>well</b> argued", "based_on": "0"}
        page = browser.submit(page_of("faulty", "mark"), **sent).text
        assert "q2: 3.5 points are stored" in page
        assert "&lt;b&gt;well&lt;/b&gt; argued" in page
        with Store(folder) as store:
            row = store.row("faulty")
            assert row is not None
            mark = row.final.marks["q2"]
            assert (mark.points, mark.comment, mark.by) == (3.5, "<b>well</b> argued", "ina")
            assert [one.action for one in changes(store)] == ["mark"]
        assert "well" in browser.get("/audit").text
        assert (
            "removed" in browser.submit(page_of("faulty", "mark"), item="q2", based_on=mark.version, remove="yes").text
        )
        with Store(folder) as store:
            assert not store.marks()


@pytest.mark.parametrize("points", ["", "6", "-1", "nan", "1e9", "four"])
def test_points_that_cannot_be_are_refused_in_a_sentence(desk, folder, points):
    with desk.browser() as browser:
        page = browser.submit(page_of("faulty", "mark"), item="q2", points=points, based_on="0").text
        assert "Not stored: " in page
        with Store(folder) as store:
            assert not store.marks()


def test_a_verdict_is_overridden_with_a_reason(desk, folder):
    with desk.browser() as browser:
        form = {"check": "q1.logits", "score": "2", "seen": "{}"}
        assert "Not stored" in browser.submit(page_of("faulty", "override"), **form, reason=" ").text
        page = browser.submit(page_of("faulty", "override"), **form, reason="its loss takes probabilities").text
        assert "its loss takes probabilities" in page
        with Store(folder) as store:
            row = store.row("faulty")
            assert row is not None
            assert row.final.standing.confirmed == row.machine.confirmed + 2
            version = row.final.overrides["q1.logits"].version
        taken = {"check": "q1.logits", "based_on": version, "remove": "yes"}
        assert "counts again" in browser.submit(page_of("faulty", "override"), **taken).text
        assert browser.submit(page_of("faulty", "override"), check="no.such", score="1").status_code == 400


def test_an_assistant_sees_and_changes_only_what_is_theirs(desk, folder):
    with desk.browser(OTTO) as browser:
        assert names_in(browser.get("/class").text) == ["Faulty"]
        for path in (
            page_of("perfect"),
            page_of("perfect", "executed.ipynb"),
            f"/audit?submission={address_of('perfect')}",
        ):
            assert browser.get(path).status_code == 404
        assert browser.get("/audit").status_code == 403
        assert "Grade all" not in browser.get("/class").text
        assert browser.submit("/regrade", which="all").status_code == 403
        assert browser.submit("/regrade/stop").status_code == 403
        assert browser.submit(page_of("perfect", "mark"), item="q2", points="1").status_code == 404
        assert browser.submit(page_of("faulty", "mark"), item="q6", points="1").status_code == 403
        assert (
            browser.submit(page_of("faulty", "override"), check="q1.logits", score="2", reason="x").status_code == 403
        )
        assert "stored" in browser.submit(page_of("faulty", "mark"), item="q2", points="1", based_on="0").text
        with Store(folder) as store:
            assert {one.who for one in changes(store)} == {"otto"}
            with changing(store, "ina") as change:
                change.override("perfect", "q0.one", 1, "secret reason")
        assert "secret reason" not in browser.get(f"/audit?submission={address_of('faulty')}").text


def test_a_change_by_another_process_is_seen_at_once(desk, folder):
    with desk.browser() as browser:
        assert len(names_in(browser.get("/class").text)) == 4
        fill(folder, {"late_one": faulty()})
        assert len(names_in(browser.get("/class").text)) == 5
