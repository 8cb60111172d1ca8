"""The pages of the queue, as forms: every one works without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path

import pytest

from grader.course.changes import changing
from grader.course.people import Person
from grader.course.store import Store
from grader.review.desk import address_of
from tests.review.classes import small
from tests.review.desks import Browser, Served, served

NUMBER = 4
ITEMS = [f"q{number}" for number in range(100, 118)]  # one for each test: all share a desk
OTHER = "q199"
NAMES = [f"student{at:03}" for at in range(NUMBER)]
ANNA = NAMES[0]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(small(tmp_path_factory.mktemp("desk") / "graded", NUMBER, [*ITEMS, OTHER])) as found:
        yield found


@pytest.fixture
def item(request: pytest.FixtureRequest) -> str:
    """An item that no other test uses."""
    tests = [one.name for one in request.session.items if one.path == request.node.path]
    return ITEMS[tests.index(request.node.name) % len(ITEMS)]


@pytest.fixture
def browser(desk: Served, item: str) -> Iterator[Browser]:
    """A browser of a person who does nothing else."""
    with desk.browser(Person(f"ina {item}")) as found:
        yield found


def told(page: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'<p class="message [^>]*>([^<]*)', page)]


def left(page: str, item: str) -> int:
    row = page[page.index(f">{item}<") :]
    return int(re.findall(r"<strong>(\d+)</strong>", row)[0])


def at(item: str, name: str = ANNA) -> str:
    return f"/queue/{item}/answer/{address_of(name)}"


def marks(desk: Served, item: str) -> dict[str, tuple[float, str]]:
    with Store(desk.app.state.desk.folder, create=False) as store:
        return {name: (of[item].points, of[item].comment) for name, of in store.marks().items() if item in of}


def lines(desk: Served, item: str) -> dict[str, tuple[int, float, int]]:
    with Store(desk.app.state.desk.folder, create=False) as store:
        return {line.text: (line.id, line.points, line.version) for line in store.lines(item)}


def test_the_queue_counts_what_waits_and_leads_to_the_first(browser: Browser, item: str) -> None:
    page = browser.get("/queue").text
    assert left(page, item) == NUMBER
    first = browser.get(f"/queue/{item}/answer")
    assert first.status_code == 200
    assert "1 of 4 · 4 left" in first.text
    for shown in (
        f"The wording of {item}?",
        f"A model answer to {item}.",
        "test loss 0.284",
        "Losses of the MLP",
        "Not decided yet",
    ):
        assert shown in first.text


def test_a_mark_is_stored_and_the_next_is_shown(desk: Served, browser: Browser, item: str) -> None:
    after = browser.submit(at(item), points="3,5", comment="well argued", seen="0")
    assert after.status_code == 200
    assert after.url.path != at(item)
    assert told(after.text) == [f"Saved: Student No. 0, {item}: 3.5 of 5."]
    assert marks(desk, item) == {ANNA: (3.5, "well argued")}
    again = browser.get(at(item)).text
    assert "Decided: 3.5 of 5" in again
    assert "well argued" in again
    assert left(browser.get("/queue").text, item) == NUMBER - 1


def test_what_is_refused_is_not_stored_and_what_was_typed_stays(desk: Served, browser: Browser, item: str) -> None:
    for points in ("6", "many", ""):
        page = browser.submit(at(item), points=points, comment="unheard of", seen="0")
        assert page.status_code == 409
        assert len(told(page.text)) == 1
        assert "unheard of" in page.text
    assert marks(desk, item) == {}


def test_the_last_one_says_that_nothing_is_left(desk: Served, browser: Browser, item: str) -> None:
    for name in NAMES:
        page = browser.submit(at(item, name), points="2", seen="0")
    assert page.url.path == "/queue"
    assert f"Nothing is left of {item}" in told(page.text)[0]
    assert len(marks(desk, item)) == NUMBER


def test_a_mark_that_somebody_else_gave_meanwhile_is_not_overwritten(desk: Served, browser: Browser, item: str) -> None:
    with desk.browser(Person("otto")) as other:
        other.submit(at(item), points="1", comment="his", seen="0")
    page = browser.submit(at(item), points="5", comment="mine", seen="0")
    assert page.status_code == 409
    assert "Somebody else decided" in told(page.text)[0]
    assert "Decided: 1 of 5" in page.text  # how it stands
    assert "mine" in page.text  # what was typed
    assert marks(desk, item) == {ANNA: (1, "his")}
    (seen,) = re.findall(r'name="seen" value="(\d+)"', page.text)[:1]
    assert browser.submit(at(item), points="5", comment="mine", seen=seen).status_code == 200
    assert marks(desk, item) == {ANNA: (5, "mine")}


def test_of_two_at_once_one_is_told(desk: Served, item: str) -> None:
    with desk.browser() as one, desk.browser(Person("otto")) as two, ThreadPoolExecutor(2) as both:
        sent = [both.submit(who.submit, at(item), points=points, seen="0") for who, points in ((one, "2"), (two, "3"))]
        assert sorted(one.result().status_code for one in sent) == [200, 409]
    assert len(marks(desk, item)) == 1


def test_undo_takes_back_the_last_decision_and_goes_there(desk: Served, browser: Browser, item: str) -> None:
    browser.submit(at(item), points="3", seen="0")
    browser.submit(at(item, NAMES[1]), points="4", seen="0")
    page = browser.submit(f"/queue/{item}/answer/undo")
    assert page.url.path == at(item, NAMES[1])
    assert told(page.text)[0].startswith("Undone: ")
    assert marks(desk, item) == {ANNA: (3, "")}
    browser.submit(f"/queue/{item}/answer/undo")
    assert marks(desk, item) == {}
    assert told(browser.submit(f"/queue/{item}/answer/undo").text)


def test_a_mark_can_be_removed(desk: Served, browser: Browser, item: str) -> None:
    browser.submit(at(item), points="3", seen="0", go="stay")
    (seen,) = re.findall(r'name="seen" value="(\d+)"', browser.get(at(item)).text)[:1]
    assert browser.submit(f"{at(item)}/remove", seen="0").status_code == 409
    assert "Removed" in told(browser.submit(f"{at(item)}/remove", seen=seen).text)[0]
    assert marks(desk, item) == {}


def test_a_changed_line_changes_the_scores_that_used_it_after_it_was_asked(
    desk: Served, browser: Browser, item: str
) -> None:
    rubric = f"/queue/{item}/answer/lines"
    browser.submit(rubric, do="add", text="says where", points="2")
    browser.submit(rubric, do="add", text="concludes", points="1")
    where, concludes = lines(desk, item)["says where"], lines(desk, item)["concludes"]
    browser.submit(at(item), line=[where[0], concludes[0]], seen="0")
    browser.submit(at(item, NAMES[1]), line=[where[0]], points="3", seen="0")
    browser.submit(at(item, NAMES[2]), line=[concludes[0]], seen="0")
    assert marks(desk, item) == {ANNA: (3, ""), NAMES[1]: (3, ""), NAMES[2]: (1, "")}
    form = {"do": "change", "id": where[0], "text": "says where", "points": "2.5", "seen": where[2]}
    asked = browser.submit(rubric, **form)
    assert f"That changes 2 scores of {item}" in asked.text
    assert marks(desk, item)[ANNA] == (3, "")  # nothing yet
    done = browser.submit(rubric, **form, confirmed="2")
    assert "2 scores changed with it" in told(done.text)[0]
    assert marks(desk, item) == {ANNA: (3.5, ""), NAMES[1]: (3.5, ""), NAMES[2]: (1, "")}


def test_more_uses_than_were_confirmed_are_asked_for_again(desk: Served, browser: Browser, item: str) -> None:
    rubric = f"/queue/{item}/answer/lines"
    browser.submit(rubric, do="add", text="says where", points="2")
    line = lines(desk, item)["says where"]
    browser.submit(at(item), line=[line[0]], seen="0")
    form = {"do": "change", "id": line[0], "text": "says where", "points": "1", "seen": line[2]}
    browser.submit(at(item, NAMES[1]), line=[line[0]], seen="0")
    assert "That changes 2 scores" in browser.submit(rubric, **form, confirmed="1").text
    assert lines(desk, item)["says where"][1] == 2


def test_a_line_that_is_offered_no_more_still_counts(desk: Served, browser: Browser, item: str) -> None:
    rubric = f"/queue/{item}/answer/lines"
    browser.submit(rubric, do="add", text="says where", points="2")
    line = lines(desk, item)["says where"]
    browser.submit(at(item), line=[line[0]], seen="0")
    browser.submit(rubric, do="retire", id=line[0], seen=line[2])
    assert lines(desk, item) == {}
    assert marks(desk, item) == {ANNA: (2, "")}
    assert "offered no more" in browser.get(at(item)).text
    assert "says where" not in browser.get(at(item, NAMES[1])).text


def test_a_comment_is_offered_again(desk: Served, browser: Browser, item: str) -> None:
    browser.submit(at(item), points="3", comment="Say it <b>with</b> numbers.", seen="0")
    assert "Say it &lt;b&gt;with&lt;/b&gt; numbers." in browser.get(at(item, NAMES[1])).text
    browser.submit(at(item, NAMES[1]), points="3", comment="Well.", again="Say it <b>with</b> numbers.", seen="0")
    assert marks(desk, item)[NAMES[1]] == (3, "Well.\nSay it <b>with</b> numbers.")


def test_names_can_be_hidden(browser: Browser, item: str) -> None:
    browser.submit("/names", hide="yes", back="/queue")
    for path in ("/queue", f"/queue/{item}/answer", at(item), f"/queue/{item}/answer/groups"):
        page = browser.get(path)
        assert not re.search(r"Student No|student00\d", page.text), path
    page = browser.submit(at(item), points="3", seen="0")
    assert not re.search(r"Student No|student00\d", page.text)
    assert not re.search(r"Student No|student00\d", browser.submit(f"/queue/{item}/answer/undo").text)


def test_an_assistant_sees_and_marks_only_what_is_theirs(desk: Served, item: str) -> None:
    with desk.browser(Person("assi", "assistant", items=(OTHER,))) as assistant:
        page = assistant.get("/queue").text
        assert f"/queue/{OTHER}/answer" in page
        assert f"/queue/{item}/answer" not in page
        assert assistant.get(f"/queue/{item}/answer").status_code == 404
        assert assistant.submit(at(item), points="3", seen="0").status_code in (403, 404)
        assert assistant.submit(at(OTHER), points="3", seen="0").status_code == 200
    assert marks(desk, item) == {}
    assert set(marks(desk, OTHER)) == {ANNA}


def test_who_marks_some_students_cannot_change_the_rubric_of_all(desk: Served, item: str) -> None:
    with desk.browser(Person("assi", "assistant", students=(ANNA,))) as assistant:
        assert assistant.submit(f"/queue/{item}/answer/lines", do="add", text="x", points="1").status_code == 403
        assert assistant.get(at(item, NAMES[1])).status_code == 404
        assert assistant.submit(at(item), points="3", seen="0").status_code == 200
    assert lines(desk, item) == {}
    assert marks(desk, item) == {ANNA: (3, "")}


def test_a_refusal_names_nobody_while_names_are_hidden(desk: Served, browser: Browser, item: str) -> None:
    with Store(desk.app.state.desk.folder, create=False) as store, changing(store, "otto") as change:
        change.override(ANNA, f"{item}.answer", 1, "agreed")
    browser.submit("/names", hide="yes", back="/queue")
    page = browser.submit(at(item), points="3", seen="0")
    assert page.status_code == 409
    assert "was overridden" in told(page.text)[0]
    assert left(browser.get("/queue").text, item) == NUMBER - 1  # it is decided all the same
    assert not re.search(r"Student No|student00\d", page.text)


def test_what_is_not_in_a_queue_is_not_found(browser: Browser, item: str) -> None:
    for path in (
        "/queue/q9/answer",
        f"/queue/{item}/nonsense",
        f"/queue/{item}/answer/0123456789abcdef",
        "/queue/file/failed",
    ):
        assert browser.get(path).status_code == 404, path


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
