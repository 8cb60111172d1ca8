"""Appeals are decided, one or all alike, in one step that the audit records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.course.appeal_decisions import accept, followers, reject, told
from grader.course.appeals import AppealError, all_appeals, appeal, file_appeal
from grader.course.audit import changes
from grader.course.changes import changing
from grader.course.decisions import MarkError
from grader.course.points_table import set_points
from grader.course.store import Store
from tests.course.class_store import graded_result, make_class, put


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(make_class(tmp_path)) as opened:
        file_appeal(opened, "anna", "q1.print", "it prints", "anna")
        yield opened


def scores(store: Store) -> dict[str, float]:
    return {row.entry.name: row.final.standing.score for row in store.rows()}


def test_an_accepted_appeal_gives_the_points_of_the_check(store: Store) -> None:
    done = accept(store, 1, "it does print", "ina")
    assert (done.changed, done.problems) == (("anna",), ())
    assert (appeal(store, 1).status, appeal(store, 1).decision, appeal(store, 1).decided_by) == (
        "accepted", "it does print", "ina"
    )  # fmt: skip
    row = store.row("anna")
    assert row is not None
    assert (row.final.overrides["q1.print"].score, row.final.overrides["q1.print"].by) == (2, "ina")
    assert scores(store) == {"anna": 10, "ben": 8, "carl": 11, "dora": 12}
    assert told(done, "accepted") == "appeal 1 is accepted; verdicts on 1 submission were changed"


def test_it_survives_a_new_grading_of_the_same_notebook(store: Store) -> None:
    accept(store, 1, "it does print", "ina")
    put(store, "anna", graded_result("x = 1", "anna.ipynb", rubric="2"), "k2 of anna", "2026-12-01")
    assert scores(store)["anna"] == 10


def test_all_who_lost_by_the_same_check_get_the_same_share(store: Store) -> None:
    file_appeal(store, "ben", "q1", "me too", "ben")
    done = accept(store, 1, "it does print", "ina", {"q1.print": 1.0}, ["ben", "carl", "nobody"])
    assert done.changed == ("anna", "ben")
    assert scores(store) == {"anna": 9, "ben": 9, "carl": 11, "dora": 12}
    assert all_appeals(store, "open") != ()  # ben's is about the whole item
    row = store.row("ben")
    assert row is not None
    assert "anna" not in row.final.overrides["q1.print"].reason


def test_appeals_about_the_same_check_are_decided_together(store: Store) -> None:
    file_appeal(store, "ben", "q1.print", "me too", "ben")
    done = reject(store, 1, "nothing is printed", "ina", ["ben"])
    assert [one.submission for one in done.closed] == ["anna", "ben"]
    assert told(done, "rejected") == "2 appeals are rejected"
    assert {one.status for one in all_appeals(store)} == {"rejected"}
    assert scores(store)["anna"] == 8


def test_one_step_of_the_audit_says_all(store: Store) -> None:
    accept(store, 1, "it does print", "ina", others=["ben"])
    found = list(changes(store))
    assert [(one.action, one.submission) for one in found] == [
        ("accept appeal", "anna"), ("override", "ben"), ("override", "anna")
    ]  # fmt: skip
    assert len({one.step for one in found}) == 1
    assert found[0].after["decision"] == "it does print"


def test_what_a_person_decided_before_stays(store: Store) -> None:
    with changing(store, "eva") as change:
        change.override("ben", "q1.print", 0.5, "half")
    done = accept(store, 1, "it does print", "ina", others=["ben"])
    assert done.problems == ("ben: a person had decided on q1.print before",)
    assert scores(store)["ben"] == 8.5


def test_nothing_is_changed_by_a_decision_that_cannot_be(store: Store) -> None:
    for points, sentence in (({"q1.print": 3.0}, "from 0 to 2 points"), ({"q9.x": 1.0}, "anna has no check q9.x")):
        with pytest.raises((AppealError, MarkError), match=sentence):
            accept(store, 1, "why", "ina", points)
    with pytest.raises(MarkError, match="the reason is empty"):
        accept(store, 1, " ", "ina")
    assert appeal(store, 1).status == "open"
    assert list(changes(store)) == []
    reject(store, 1, "no", "ina")
    with pytest.raises(AppealError, match="appeal 1 was rejected by ina"):
        accept(store, 1, "yes", "eva")


def test_an_appeal_on_an_item_gives_all_that_it_disputes(store: Store) -> None:
    one, _ = file_appeal(store, "ben", "q1", "both", "ben")
    accept(store, one.id, "both are there", "ina")
    assert scores(store)["ben"] == 12


def test_points_of_an_instructor_count_in_decisions(store: Store) -> None:
    set_points(store, {"Q1.print": 6.0}, "ina", "harder than it looked")
    accept(store, 1, "it does print", "ina", others=["ben"])
    assert scores(store) == {"anna": 14, "ben": 14, "carl": 15, "dora": 16}


def test_the_checks_that_were_skipped_because_of_one_are_found() -> None:
    checks = [
        ("a", "wrong"),
        ("b", "skipped: it depends on 'a', which did not pass"),
        ("c", "skipped: for the same reason as 'b'"),
        ("d", "skipped: it depends on 'x', which did not pass"),
    ]
    assert followers(checks, ["a"]) == ("b", "c")
    assert followers(checks, ["a", "b"]) == ("c",)
    assert followers(checks, ["c"]) == ()
