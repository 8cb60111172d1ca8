"""The pages of the queue, as forms: every one works without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path

import pytest

from grader.course.people import Person
from grader.course.store import Store
from grader.review.desk import address_of
from tests.review.classes import small
from tests.review.desks import Browser, Served, served

NUMBER = 4
ITEMS = ("q4", "q6")
NAMES = [f"student{at:03}" for at in range(NUMBER)]
ANNA = NAMES[0]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Served]:
    with served(small(tmp_path / "graded", NUMBER, ITEMS)) as found:
        yield found


@pytest.fixture
def browser(desk: Served) -> Iterator[Browser]:
    with desk.browser() as found:
        yield found


def told(page: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'<p class="message [^>]*>([^<]*)', page)]


def at(name: str = ANNA, item: str = "q4") -> str:
    return f"/queue/{item}/answer/{address_of(name)}"


def marks(desk: Served, item: str = "q4") -> dict[str, tuple[float, str]]:
    with Store(desk.app.state.desk.folder, create=False) as store:
        return {name: (of[item].points, of[item].comment) for name, of in store.marks().items() if item in of}


def lines(desk: Served) -> dict[str, tuple[int, float, int]]:
    with Store(desk.app.state.desk.folder, create=False) as store:
        return {line.text: (line.id, line.points, line.version) for line in store.lines("q4")}


def test_the_queue_counts_what_waits_and_leads_to_the_first(browser: Browser) -> None:
    page = browser.get("/queue").text
    assert "<strong>8</strong> decisions are left" in page
    first = browser.get("/queue/q4/answer")
    assert first.status_code == 200
    assert "1 of 4 · 4 left" in first.text
    for shown in (
        "The wording of q4?",
        "A model answer to q4.",
        "test loss 0.284",
        "Losses of the MLP",
        "Not decided yet",
    ):
        assert shown in first.text


def test_a_mark_is_stored_and_the_next_is_shown(desk: Served, browser: Browser) -> None:
    after = browser.submit(at(), points="3,5", comment="well argued", seen="0")
    assert after.status_code == 200
    assert after.url.path != at()
    assert told(after.text) == ["Saved: Student No. 0, q4: 3.5 of 5."]
    assert marks(desk) == {ANNA: (3.5, "well argued")}
    again = browser.get(at()).text
    assert "Decided: 3.5 of 5" in again
    assert "well argued" in again
    assert "<strong>7</strong> decisions are left" in browser.get("/queue").text


def test_what_is_refused_is_not_stored_and_what_was_typed_stays(desk: Served, browser: Browser) -> None:
    for points in ("6", "many", ""):
        page = browser.submit(at(), points=points, comment="unheard of", seen="0")
        assert page.status_code == 409
        assert len(told(page.text)) == 1
        assert "unheard of" in page.text
    assert marks(desk) == {}


def test_the_last_one_says_that_nothing_is_left(desk: Served, browser: Browser) -> None:
    for name in NAMES:
        page = browser.submit(at(name), points="2", seen="0")
    assert page.url.path == "/queue"
    assert "Nothing is left of q4" in told(page.text)[0]
    assert len(marks(desk)) == NUMBER


def test_a_mark_that_somebody_else_gave_meanwhile_is_not_overwritten(desk: Served, browser: Browser) -> None:
    with desk.browser(Person("otto")) as other:
        other.submit(at(), points="1", comment="his", seen="0")
    page = browser.submit(at(), points="5", comment="mine", seen="0")
    assert page.status_code == 409
    assert "Somebody else decided" in told(page.text)[0]
    assert "Decided: 1 of 5" in page.text  # how it stands
    assert "mine" in page.text  # what was typed
    assert marks(desk) == {ANNA: (1, "his")}
    (seen,) = re.findall(r'name="seen" value="(\d+)"', page.text)[:1]
    assert browser.submit(at(), points="5", comment="mine", seen=seen).status_code == 200
    assert marks(desk) == {ANNA: (5, "mine")}


def test_of_two_at_once_one_is_told(desk: Served) -> None:
    with desk.browser() as one, desk.browser(Person("otto")) as two, ThreadPoolExecutor(2) as both:
        sent = [both.submit(who.submit, at(), points=points, seen="0") for who, points in ((one, "2"), (two, "3"))]
        assert sorted(one.result().status_code for one in sent) == [200, 409]
    assert len(marks(desk)) == 1


def test_undo_takes_back_the_last_decision_and_goes_there(desk: Served, browser: Browser) -> None:
    browser.submit(at(), points="3", seen="0")
    browser.submit(at(NAMES[1]), points="4", seen="0")
    page = browser.submit("/queue/q4/answer/undo")
    assert page.url.path == at(NAMES[1])
    assert told(page.text)[0].startswith("Undone: ")
    assert marks(desk) == {ANNA: (3, "")}
    browser.submit("/queue/q4/answer/undo")
    assert marks(desk) == {}
    assert told(browser.submit("/queue/q4/answer/undo").text)


def test_a_mark_can_be_removed(desk: Served, browser: Browser) -> None:
    browser.submit(at(), points="3", seen="0", go="stay")
    (seen,) = re.findall(r'name="seen" value="(\d+)"', browser.get(at()).text)[:1]
    assert browser.submit(f"{at()}/remove", seen="0").status_code == 409
    assert "Removed" in told(browser.submit(f"{at()}/remove", seen=seen).text)[0]
    assert marks(desk) == {}


def test_a_changed_line_changes_the_scores_that_used_it_after_it_was_asked(desk: Served, browser: Browser) -> None:
    rubric = "/queue/q4/answer/lines"
    browser.submit(rubric, do="add", text="says where", points="2")
    browser.submit(rubric, do="add", text="concludes", points="1")
    where, concludes = lines(desk)["says where"], lines(desk)["concludes"]
    browser.submit(at(), line=[where[0], concludes[0]], seen="0")
    browser.submit(at(NAMES[1]), line=[where[0]], points="3", seen="0")
    browser.submit(at(NAMES[2]), line=[concludes[0]], seen="0")
    assert marks(desk) == {ANNA: (3, ""), NAMES[1]: (3, ""), NAMES[2]: (1, "")}
    form = {"do": "change", "id": where[0], "text": "says where", "points": "2.5", "seen": where[2]}
    asked = browser.submit(rubric, **form)
    assert "That changes 2 scores of q4" in asked.text
    assert marks(desk)[ANNA] == (3, "")  # nothing yet
    done = browser.submit(rubric, **form, confirmed="2")
    assert "2 scores changed with it" in told(done.text)[0]
    assert marks(desk) == {ANNA: (3.5, ""), NAMES[1]: (3.5, ""), NAMES[2]: (1, "")}


def test_more_uses_than_were_confirmed_are_asked_for_again(desk: Served, browser: Browser) -> None:
    rubric = "/queue/q4/answer/lines"
    browser.submit(rubric, do="add", text="says where", points="2")
    line = lines(desk)["says where"]
    browser.submit(at(), line=[line[0]], seen="0")
    form = {"do": "change", "id": line[0], "text": "says where", "points": "1", "seen": line[2]}
    browser.submit(at(NAMES[1]), line=[line[0]], seen="0")
    assert "That changes 2 scores" in browser.submit(rubric, **form, confirmed="1").text
    assert lines(desk)["says where"][1] == 2


def test_a_line_that_is_offered_no_more_still_counts(desk: Served, browser: Browser) -> None:
    rubric = "/queue/q4/answer/lines"
    browser.submit(rubric, do="add", text="says where", points="2")
    line = lines(desk)["says where"]
    browser.submit(at(), line=[line[0]], seen="0")
    browser.submit(rubric, do="retire", id=line[0], seen=line[2])
    assert lines(desk) == {}
    assert marks(desk) == {ANNA: (2, "")}
    assert "offered no more" in browser.get(at()).text
    assert "says where" not in browser.get(at(NAMES[1])).text


def test_a_comment_is_offered_again(desk: Served, browser: Browser) -> None:
    browser.submit(at(), points="3", comment="Say it <b>with</b> numbers.", seen="0")
    assert "Say it &lt;b&gt;with&lt;/b&gt; numbers." in browser.get(at(NAMES[1])).text
    browser.submit(at(NAMES[1]), points="3", comment="Well.", again="Say it <b>with</b> numbers.", seen="0")
    assert marks(desk)[NAMES[1]] == (3, "Well.\nSay it <b>with</b> numbers.")


def test_names_can_be_hidden(browser: Browser) -> None:
    browser.submit("/names", hide="yes", back="/queue")
    for path in ("/queue", "/queue/q4/answer", at(), "/queue/q4/answer/groups"):
        page = browser.get(path)
        assert not re.search(r"Student No|student00\d", page.text), path
    page = browser.submit(at(), points="3", seen="0")
    assert not re.search(r"Student No|student00\d", page.text)
    assert not re.search(r"Student No|student00\d", browser.submit("/queue/q4/answer/undo").text)


def test_an_assistant_sees_and_marks_only_what_is_theirs(desk: Served) -> None:
    with desk.browser(Person("assi", "assistant", items=("q6",))) as assistant:
        page = assistant.get("/queue").text
        assert "/queue/q6/answer" in page
        assert "/queue/q4/answer" not in page
        assert assistant.get("/queue/q4/answer").status_code == 404
        assert assistant.submit(at(), points="3", seen="0").status_code in (403, 404)
        assert assistant.submit(at(item="q6"), points="3", seen="0").status_code == 200
    assert marks(desk) == {}
    assert set(marks(desk, "q6")) == {ANNA}


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_group_is_decided_at_once_without_those_that_were_taken_out(tmp_path: Path) -> None:
    folder = small(tmp_path / "graded", 302, ("q6",))  # each answer comes two or three times
    with served(folder) as desk, desk.browser() as browser:
        page = browser.get("/queue/q6/answer/groups").text
        while "data-refresh" in page:
            page = browser.get("/queue/q6/answer/groups").text
        first = re.findall(r'href="(/queue/q6/answer/groups/\w+)"', page)[0]
        members = re.findall(r'name="member" id="[^"]*" value="(\w+)" checked', browser.get(first).text)
        assert len(members) > 2
        seen = {f"seen-{member}": "0" for member in members}
        after = browser.submit(first, member=members[1:], points="4", comment="alike", **seen)
        assert f"Saved: {len(members) - 1} answers to q6: 4 of 5 each." in told(after.text)
        assert len(marks(desk, "q6")) == len(members) - 1
        browser.submit("/queue/q6/answer/undo")  # one decision, so it is undone at once
        assert marks(desk, "q6") == {}


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_group_of_which_one_was_decided_meanwhile_is_not_stored_at_all(tmp_path: Path) -> None:
    with served(small(tmp_path / "graded", 240, ("q6",))) as desk, desk.browser() as browser:
        page = browser.get("/queue/q6/answer/groups").text
        while "data-refresh" in page:
            page = browser.get("/queue/q6/answer/groups").text
        first = re.findall(r'href="(/queue/q6/answer/groups/\w+)"', page)[0]
        members = re.findall(r'name="member" id="[^"]*" value="(\w+)" checked', browser.get(first).text)
        browser.submit(f"/queue/q6/answer/{members[0]}", points="1", seen="0")
        page = browser.submit(first, member=members, points="4", **{f"seen-{member}": "0" for member in members})
        assert page.status_code == 409
        assert [points for points, _ in marks(desk, "q6").values()] == [1]


def test_what_is_not_in_a_queue_is_not_found(browser: Browser) -> None:
    for path in ("/queue/q9/answer", "/queue/q4/nonsense", "/queue/q4/answer/0123456789abcdef", "/queue/file/failed"):
        assert browser.get(path).status_code == 404, path
