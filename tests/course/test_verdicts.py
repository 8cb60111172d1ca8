"""The verdicts of a class in one table."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from grader.course import verdicts
from grader.course.scores import Standing
from grader.course.store import FILE, Entry, Graded, Store
from tests.course.class_store import graded_result, make_class, put


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return make_class(tmp_path)


def test_each_check_of_each_submission_has_a_row(out: Path) -> None:
    with Store(out) as store:
        found = verdicts.of_class(store)
        assert list(found) == ["anna", "ben", "carl", "dora"]
        assert [one.check for one in found["anna"]] == ["q1.print", "q1.time", "q2.low", "q3.answer"]
        first, second, _, last = found["anna"]
        assert (first.status, first.lost, first.kind) == ("fail", 2, "nothing is printed in … of … cells")
        assert (second.status, second.lost, second.kind) == ("skipped", 0, "")
        assert last.waits
        assert verdicts.of_submission(store, "anna") == found["anna"]
        assert {name: len(some) for name, some in verdicts.of_class(store, ["q1.time"]).items()} == dict.fromkeys(
            found, 1
        )


def test_submissions_that_lost_for_the_same_reason_are_found(out: Path) -> None:
    with Store(out) as store:
        assert verdicts.alike(store, "q1.print", "nothing is printed in … of … cells") == ("anna", "ben")
        assert verdicts.alike(store, "q1.time", "… cells print no time") == ("carl",)
        assert verdicts.alike(store, "q2.low", "") == ()


def test_a_new_grading_replaces_the_verdicts(out: Path) -> None:
    with Store(out) as store:
        put(store, "ben", graded_result("print(time)"), at="2026-11-02")
        assert {one.status for one in verdicts.of_submission(store, "ben")} == {"pass", "review"}
        assert verdicts.alike(store, "q1.print", "nothing is printed in … of … cells") == ("anna",)


def test_a_store_of_an_earlier_version_is_filled_once(out: Path) -> None:
    with sqlite3.connect(out / FILE) as db:
        db.execute("DELETE FROM verdicts")
    with Store(out) as store:
        assert len(verdicts.of_class(store)["carl"]) == 4
    with sqlite3.connect(out / FILE) as db:
        db.execute("DELETE FROM verdicts")
    with Store(out) as store:
        assert verdicts.of_class(store) == {}


def test_what_is_no_result_of_this_version_has_no_verdicts(tmp_path: Path) -> None:
    assert verdicts.verdicts_in('{"x": 1}') == ()
    assert verdicts.verdicts_in("nothing") == ()
    with Store(tmp_path) as store:
        store.put(Graded("k", Standing("failed", 0, 5), "{"), Entry("x", "x.ipynb"))
        assert verdicts.of_class(store) == {}


def test_the_rows_of_another_document_are_taken_away(out: Path) -> None:
    with Store(out) as store:
        short = graded_result("x")
        put(store, "anna", replace(short, items=short.items[:1]), at="2026-11-03")
        assert [one.check for one in verdicts.of_submission(store, "anna")] == ["q1.print", "q1.time"]
