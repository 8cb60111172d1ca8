"""The desk lets in who may enter, and only what its own pages send."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from grader.course.people import Person, add_person, hashed, remove_person
from grader.course.store import Store
from grader.review.guard import POLICY
from grader.review.sessions import FAILURES, IDLE_SECONDS, MOST_SECONDS, Sessions

LONG = pytest.mark.exhaustive
PASSWORD = "correct horse battery"


def test_nothing_is_shown_without_a_session(desk):
    with desk.browser(None) as browser:
        for path in ("/", "/class", "/submissions/0000000000000000"):
            answer = browser.get(path)
            assert (answer.status_code, "Faulty" in answer.text) == (401, False)
        assert browser.post("/leave").status_code == 401


def test_a_link_works_once(desk):
    link = desk.link()
    with desk.browser(None) as first, desk.browser(None) as second:
        assert first.get(link).status_code == 200
        assert second.get(link).status_code == 401
        assert first.get(link).status_code == 200  # the same browser is in already
        assert second.get("/enter?token=").status_code == 401


def test_a_browser_that_looks_ahead_does_not_use_up_the_link(desk):
    link = desk.link()
    with desk.browser(None) as browser:
        assert browser.get(link, headers={"sec-purpose": "prefetch;prerender"}).status_code == 503
        assert browser.get(link).status_code == 200


def test_the_cookie_is_for_this_server_alone(desk):
    with desk.browser(None) as browser:
        answer = browser.get(desk.link(), follow_redirects=False)
        said = answer.headers["set-cookie"].casefold()
        assert "httponly" in said
        assert "samesite=strict" in said
        assert "domain" not in said


def test_each_answer_has_the_policies(desk):
    with desk.browser() as browser:
        for path in ("/class", "/static/desk.css", "/nowhere", "/login"):
            headers = browser.get(path).headers
            assert headers["content-security-policy"] == POLICY
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
            assert "server" not in headers
        assert "unsafe" not in POLICY
        assert browser.get("/class").headers["cache-control"] == "no-store"


def test_a_form_needs_the_token_of_its_session(desk):
    with desk.browser() as mine, desk.browser(Person("otto")) as other:
        assert mine.submit("/names", hide="yes").status_code == 200
        for token in ("", "x" * 43, other.csrf()):
            assert mine.post("/names", data={"csrf": token, "hide": "no"}).status_code == 403
        assert "Show names" in mine.get("/class").text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"host": "evil.example"},
        {"host": "localhost.evil.example:8750"},
        {"host": ""},
    ],
)
def test_what_another_page_sends_is_refused(desk, headers):
    with desk.browser() as browser:
        assert browser.post("/names", data={"csrf": browser.csrf(), "hide": "yes"}, headers=headers).status_code == 403
        assert "Hide names" in browser.get("/class").text


def test_a_tunnel_may_have_another_port(desk):
    with desk.browser() as browser:
        assert browser.get("/class", headers={"host": "localhost:9999"}).status_code == 200
        there = {"host": "localhost:9999", "origin": "http://localhost:9999"}
        assert browser.post("/names", data={"csrf": browser.csrf(), "hide": "yes"}, headers=there).status_code == 200


@LONG
def test_a_form_that_is_too_large_is_refused(desk):
    with desk.browser() as browser:
        token = browser.csrf()
        assert browser.post("/names", data={"csrf": token, "hide": "x" * 9_000_000}).status_code == 403
        chunks = (b"x" * 1_000_000 for _ in range(9))
        sent = {"content-type": "application/x-www-form-urlencoded"}
        assert browser.post("/names", content=chunks, headers=sent).status_code == 413


def test_who_leaves_is_out(desk):
    with desk.browser() as browser:
        cookies = dict(browser.cookies)
        browser.submit("/leave")
        assert browser.get("/class").status_code == 401
        browser.cookies.update(cookies)
        assert browser.get("/class").status_code == 401


def test_a_form_leads_to_no_other_server(desk):
    with desk.browser() as browser:
        for back in ("//evil.example/x", "https://evil.example", "/\\evil.example"):
            sent = {"csrf": browser.csrf(), "hide": "no", "back": back}
            assert browser.post("/names", data=sent, follow_redirects=False).headers["location"] == "/"


@LONG
def test_people_log_in_and_are_out_when_they_are_removed(desk):
    folder = desk.app.state.desk.folder
    with Store(folder) as store:
        add_person(store, Person("otto", "assistant", students=("faulty",), password=hashed(PASSWORD)), "ina")
    with desk.browser(None) as browser:
        assert browser.post("/login", data={"name": "otto", "password": "wrong password"}).status_code == 403
        assert browser.post("/login", data={"name": "nobody", "password": PASSWORD}).status_code == 403
        assert browser.post("/login", data={"name": "otto", "password": PASSWORD}).status_code == 200
        page = browser.get("/class").text
        assert "Faulty" in page
        assert "Perfect" not in page
        with Store(folder) as store:
            remove_person(store, "otto", "ina")
        assert browser.get("/class").status_code == 401


def test_passwords_cannot_be_tried_without_end():
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    assert [sessions.may_try("otto") for _ in range(FAILURES + 1)] == [True] * FAILURES + [False]
    assert sessions.may_try("ina")
    now[0] = 61.0
    assert sessions.may_try("otto")


def test_many_who_log_in_at_once_are_answered_and_do_not_stop_the_pages(desk):
    with desk.browser() as inside, desk.browser(None) as outside, ThreadPoolExecutor(8) as many:
        wrong = [{"name": f"stranger {number}", "password": PASSWORD} for number in range(8)]
        answers = [many.submit(outside.post, "/login", data=one) for one in wrong]
        assert inside.get("/class").status_code == 200
        assert {one.result().status_code for one in answers} == {403}


def test_sessions_and_links_end():
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    token = sessions.start(Person("ina"))
    now[0] = IDLE_SECONDS - 1
    assert sessions.find(token) is not None
    now[0] += IDLE_SECONDS + 1
    assert sessions.find(token) is None
    link, busy = sessions.link(Person("ina")), sessions.start(Person("ina"))
    until = now[0] + MOST_SECONDS
    while now[0] < until:
        assert sessions.find(busy) is not None
        now[0] += IDLE_SECONDS / 2
    now[0] += 1
    assert sessions.find(busy) is None
    assert sessions.enter(link) is None
