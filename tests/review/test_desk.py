"""What must never break at the desk, short enough for each run of the tests."""

from __future__ import annotations

import re

from grader.course.people import Person
from grader.course.store import Store
from grader.review.guard import POLICY
from tests.browser.samples import hostile
from tests.review.test_pages import page_of


def test_of_two_who_change_the_same_the_second_is_told(desk):
    folder = desk.app.state.desk.folder
    with desk.browser() as ina, desk.browser(Person("eva")) as eva:
        for browser in (ina, eva):
            assert 'name="based_on" value="0"' in browser.get(page_of("faulty")).text
        form = {"item": "q2", "based_on": "0", "comment": ""}
        assert "stored" in ina.submit(page_of("faulty", "mark"), **form, points="4").text
        page = eva.submit(page_of("faulty", "mark"), **form, points="1").text
        assert "Not stored" in page
        assert "ina" in page
        with Store(folder) as store:
            assert store.marks()["faulty"]["q2"].points == 4
        version = re.search(r'name="item" value="q2"><input[^>]*name="based_on" value="(\d+)"', page)
        assert version is not None
        assert "stored" in eva.submit(page_of("faulty", "mark"), **form | {"based_on": version[1]}, points="1").text


def test_hostile_text_is_text_everywhere(desk):
    with desk.browser() as browser:
        for path in ("/class", "/class/overview", page_of("hostile"), "/audit"):
            answer = browser.get(path)
            assert answer.headers["content-security-policy"] == POLICY
            assert "<script>alert" not in answer.text
            assert "onerror=alert(1)>" not in answer.text.replace("&gt;", "")
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", answer.text)
    assert hostile().items
