"""The points that an instructor sets for a class: in every table, through new gradings, and in the audit."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.course import verdicts
from grader.course.audit import changes
from grader.course.changes import changing
from grader.course.decided import decided
from grader.course.decisions import MarkError
from grader.course.points_table import set_points
from grader.course.store import Store, read_document
from grader.course.table import class_csv, class_json
from grader.course.what_if import Change, WhatIfError, concerned
from grader.course.what_if import changes as tried_changes
from tests.course.class_store import graded_result, make_class, put


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(make_class(tmp_path)) as opened:
        yield opened


def points(store: Store) -> dict[str, tuple[float, float]]:
    return {row.entry.name: (row.final.standing.score, row.final.standing.max_score) for row in store.rows()}


def test_they_count_for_all_and_not_in_what_the_machine_gave(store: Store) -> None:
    assert set_points(store, {"Q1.TIME": 4.0}, "ina", "important") == {"q1.time": 4.0}
    assert points(store) == {"anna": (8, 14), "ben": (8, 14), "carl": (12, 14), "dora": (14, 14)}
    assert {row.machine.max_score for row in store.rows()} == {12}
    row = store.row("carl")
    assert row is not None
    assert (row.final.standing.score, row.final.points) == (12, {"q1.time": 4.0})


def test_they_survive_a_new_grading(store: Store) -> None:
    set_points(store, {"q1": 8.0}, "ina", "important")
    put(store, "carl", graded_result("print(time)", "carl.ipynb"), "k2 of carl", "2026-12-01")
    assert points(store)["carl"] == (16, 16)


def test_they_are_in_every_export(store: Store) -> None:
    set_points(store, {"q1.time": 4.0}, "ina", "important")
    rows = list(store.rows())
    table = list(csv.DictReader(class_csv(rows, store.items()).splitlines()))
    carl = next(one for one in table if one["submission"] == "carl")
    assert (carl["max_score"], carl["q1"]) == ("14", "4")
    plain = next(one for one in json.loads(class_json(rows)) if one["submission"] == "carl")
    assert (plain["max_score"], plain["points"]) == (14, {"q1.time": 4})
    row = rows[2]
    told = decided(read_document(store.document(row.key)), row.final)
    assert (told.max_score, [check.max_score for check in told.items[0].checks]) == (14, [2, 4])
    assert told.score == row.final.standing.score


def test_a_verdict_of_a_person_keeps_its_share_and_a_mark_stays(store: Store) -> None:
    with changing(store, "ina") as change:
        change.mark("dora", "q3", adjustment=4)
        change.override("carl", "q1.time", 1.5, "nearly")
        change.override("anna", "q1.print", 2, "it is there")
    table = {"q3": 10.0, "q1": 8.0}
    tried = changes_of(store, table)
    set_points(store, table, "eva", "important")
    after = points(store)
    assert after["dora"] == (8 + 3 + 4, 21)
    assert after["carl"] == (4 + 3 + 3 + 10, 21)
    assert after["anna"] == (4 + 0 + 3 + 10, 21)
    assert {one.submission: (one.after.score, one.after.max_score) for one in tried} == after
    assert [(one.action, one.submission) for one in changes(store, by="eva")] == [
        ("override", "carl"), ("override", "anna"), ("set points", "")
    ]  # fmt: skip
    set_points(store, {}, "eva", "not so important")
    assert points(store) == {"anna": (10, 12), "ben": (8, 12), "carl": (2 + 1.5 + 3 + 5, 12), "dora": (11, 12)}


def changes_of(store: Store, table: dict[str, float]) -> tuple[Change, ...]:
    about = concerned(table, verdicts.checks_of_class(store))
    return tried_changes(store.rows(), verdicts.of_class(store, about), table, store.items_of)


def test_each_change_is_in_the_audit_and_can_be_taken_back(store: Store) -> None:
    before = points(store)
    set_points(store, {"q1.time": 4.0}, "ina", "important")
    set_points(store, {}, "eva", "not so important")
    assert points(store) == before
    last, first = changes(store)
    assert (first.who, first.action, first.after) == (
        "ina", "set points", {"points": {"q1.time": 4.0}, "reason": "important"}
    )  # fmt: skip
    assert (last.who, last.before, last.after["reason"]) == ("eva", {"points": {"q1.time": 4.0}}, "not so important")


def test_what_cannot_be_set_changes_nothing(store: Store) -> None:
    with pytest.raises(WhatIfError, match="no submission has a check or an item 'q9'"):
        set_points(store, {"q9": 1}, "ina", "why")
    with pytest.raises(WhatIfError, match="1000 are the most"):
        set_points(store, {"q1": 1e9}, "ina", "why")
    with pytest.raises(MarkError, match="the reason is empty"):
        set_points(store, {"q1": 1}, "ina", "")
    assert store.points() == {}


def test_a_release_shows_them(store: Store) -> None:
    set_points(store, {"q1.time": 4.0}, "ina", "important")
    with changing(store, "ina") as change:
        change.release("carl")
    shown = store.released("carl")
    assert shown is not None
    assert shown.max_score == 14
    set_points(store, {}, "ina", "no")
    row = store.row("carl")
    assert row is not None
    assert row.release_state == "changed"
