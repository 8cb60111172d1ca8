"""Other points and other limits: whose points would change."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.course import verdicts
from grader.course.limits import Moved, Unknown, moved_by
from grader.course.scores import Mark, standing
from grader.course.store import Store
from grader.course.what_if import (
    WhatIfError,
    changes,
    concerned,
    known,
    parse_points,
    result_with_points,
    shares,
    told,
    with_points,
)
from tests.course.class_store import graded_result, make_class, put
from tests.course.tiny.rubric import ASSIGNMENT

SOURCES = ["x = 1", "print(1)", "print(time)"]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "points", [{"q1": 8.0}, {"q1.time": 3.0}, {"q2.low": 0.0, "q3": 10.0}, {"q1": 8.0, "q1.print": 1.0}]
)
def test_a_standing_with_other_points_is_that_of_the_result_with_them(source: str, points: dict[str, float]) -> None:
    result = graded_result(source)
    after = with_points(standing(result), verdicts.verdicts_in(result.document()), points)
    assert after == standing(result_with_points(result, points))


def test_a_check_keeps_the_share_that_it_earned() -> None:
    result = graded_result("print(1)")  # q1.print 2 of 2, q1.time 1 of 2
    after = result_with_points(result, {"q1.time": 6.0})
    assert [(check.score, check.max_score) for check in after.items[0].checks] == [(2, 2), (3, 6)]
    assert (after.items[0].score, after.items[0].max_score, after.max_score) == (5, 8, 16)
    assert result_with_points(result, {}) is result


def test_a_check_that_was_worth_nothing_earns_all_or_nothing() -> None:
    for source, earned in (("x = 1", 0), ("print(time)", 4)):
        nothing = result_with_points(graded_result(source), {"q1.print": 0.0, "q1.time": 0.0})
        assert result_with_points(nothing, {"q1": 4.0}).items[0].score == earned


@given(
    st.lists(st.integers(0, 500).map(lambda cents: cents / 100), min_size=1, max_size=6),
    st.integers(0, 5000).map(lambda cents: cents / 100),
)
def test_the_shares_of_an_item_add_up(worth: list[float], points: float) -> None:
    found = shares([(f"q.{n}", most) for n, most in enumerate(worth)], "q", {"q": points})
    assert sum(found.values()) == pytest.approx(points)
    assert min(found.values()) > -0.1


def test_the_submissions_that_would_change_are_found_with_their_marks(tmp_path: Path) -> None:
    with Store(make_class(tmp_path)) as store:
        row = store.row("dora")
        assert row is not None
        store.mark("dora", Mark("q3", 4, "", row.entry.sha256))
        checks = verdicts.checks_of_class(store)
        points = known({"Q1.TIME": 5}, checks)
        every = verdicts.of_class(store, concerned(points, checks))
        assert {one.item for those in every.values() for one in those} == {"q1"}
        found = changes(store.rows(), every, points)
        assert [(one.submission, one.points) for one in found] == [("dora", 3), ("carl", 1.5), ("anna", 0), ("ben", 0)]
        assert told(found[0]) == "dora: 11 of 12 (91.7%) becomes 14 of 15 (93.3%): +3, q1 4 to 7"
        assert changes(store.rows(), verdicts.of_class(store), {"q2": 3.0}) == ()


def test_what_is_no_check_and_no_number_is_refused() -> None:
    assert parse_points(["q1=2", " q2.low =0.5"]) == {"q1": 2, "q2.low": 0.5}
    for text in ("q1", "=3", "q1=x", "q1=-1", "q1=nan", "q1=inf"):
        with pytest.raises(WhatIfError, match=r"is not like q7.time=3"):
            parse_points([text])
    checks = {"q1": ("q1.print", "q1.time"), "q2": ("q2.low",), "q3": ("q3.answer",)}
    with pytest.raises(WhatIfError, match=r"'q1.tim'; that item has q1.print, q1.time"):
        known({"q1.tim": 2}, checks)
    with pytest.raises(WhatIfError, match="the items are q1, q2, q3"):
        known({"q9": 2}, checks)


def test_another_limit_is_tried_on_the_kept_evidence(tmp_path: Path) -> None:
    with Store(make_class(tmp_path, {"anna": "x = 1", "ben": "print(1)"})) as store:
        result = graded_result("y = 1", "carl.ipynb")
        put(store, "carl", type(result)(**{**vars(result), "kept": b""}))
        seen: list[tuple[int, int]] = []
        found = list(moved_by(store, ASSIGNMENT, {"loss": 0.4}, lambda done, of: seen.append((done, of))))
        assert [type(one) for one in found] == [Moved, Moved, Unknown]
        assert [one.points for one in found if isinstance(one, Moved)] == [-3, -3]
        assert seen == [(1, 3), (2, 3), (3, 3)]
        assert [one for one in moved_by(store, ASSIGNMENT, {"loss": 0.55}) if isinstance(one, Moved)] == []
        with pytest.raises(WhatIfError, match="no limit 'gain'"):
            list(moved_by(store, ASSIGNMENT, {"gain": 1}))
