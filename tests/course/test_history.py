"""The gradings of a submission: none is lost, and each says what had changed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from grader.cli.merge import merge_results
from grader.course import history
from grader.course.store import FILE, Store
from grader.course.stored import find_stored
from tests.course.class_store import graded_result, make_class, put


def steps(folder: Path, name: str) -> tuple[history.Step, ...]:
    with Store(folder) as store:
        return history.steps(history.gradings(store, name))


def test_a_regrade_is_a_step_that_says_what_changed(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        put(store, "anna", graded_result("x = 1", rubric="1"), "k1 of a", "2026-11-01")
        put(store, "anna", graded_result("print(1)", rubric="2", grader="g"), "k2 of a", "2026-11-02")
    last, first = steps(tmp_path, "anna")
    assert (first.current, first.first, first.changed) == (False, True, ())
    assert (last.current, last.version, last.score) == (True, "0.1.0", 11)
    assert last.changed == ("the notebook", "the rubric", "the grader")
    assert last.items == (history.ItemChange("q1", 0, 3),)


def test_a_forced_regrade_keeps_the_former_one(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        put(store, "anna", graded_result("x = 1"), "k of a", "2026-11-01")
        put(store, "anna", graded_result("print(time)"), "k of a", "2026-11-02")
        put(store, "anna", graded_result("print(1)"), "k of a", "2026-11-03")
    found = steps(tmp_path, "anna")
    assert [step.score for step in found] == [11, 12, 8]
    assert [step.current for step in found] == [True, False, False]


def test_a_grading_that_counts_again_is_the_current_one(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        put(store, "anna", graded_result("x = 1"), "k1 of a", "2026-11-01")
        put(store, "anna", graded_result("print(time)"), "k2 of a", "2026-11-02")
        row = store.row("anna")
        assert row is not None
        store.enter(row.entry, "k1 of a")
    assert [(step.graded_at, step.current) for step in steps(tmp_path, "anna")] == [
        ("2026-11-02", False), ("2026-11-01", True)
    ]  # fmt: skip


def test_the_gradings_in_a_store_of_an_earlier_version_are_found(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        put(store, "anna", graded_result("x = 1"), "k1 of a", "2026-11-01")
        put(store, "anna", graded_result("print(1)"), "k2 of a", "2026-11-02")
        put(store, "ben", graded_result("print(1)"), "k2 of b", "2026-11-02")
        put(store, "carl", graded_result("print(1)"), "not final: carl", "2026-11-02")
    with sqlite3.connect(tmp_path / FILE) as db:  # as it was before there were histories
        for table in ("gradings", "verdicts", "appeals"):
            db.execute(f"DROP TABLE {table}")
        db.execute("PRAGMA user_version = 2")
    assert [len(steps(tmp_path, name)) for name in ("anna", "ben", "carl")] == [2, 1, 1]


def test_histories_are_merged(tmp_path: Path) -> None:
    for folder, source, at in (("1", "x = 1", "2026-11-01"), ("2", "print(1)", "2026-11-02")):
        with Store(make_class(tmp_path / folder, {})) as store:
            put(store, "anna", graded_result(source), "k of a", at)
    merge_results([tmp_path / "1", tmp_path / "2"], tmp_path / "out")
    merge_results([tmp_path / "2", tmp_path / "1"], tmp_path / "back")
    for folder in ("out", "back"):
        assert [(step.score, step.current) for step in steps(tmp_path / folder, "anna")] == [(11, True), (8, False)]


def test_a_former_result_is_found_with_its_evidence(tmp_path: Path) -> None:
    former = graded_result("x = 1")
    (tmp_path / "anna").mkdir()
    with Store(tmp_path) as store:
        put(store, "anna", former, "k1 of a", "2026-11-01")
        (tmp_path / "anna" / "result.json").write_text(store.document("k1 of a"))
        put(store, "anna", graded_result("print(1)"), "k2 of a", "2026-11-02")
    found = find_stored(tmp_path / "anna" / "result.json")
    assert (found.submission, found.result.kept) == ("anna", former.kept)
    assert find_stored(tmp_path / "anna").result == found.result
    assert find_stored(tmp_path, "ID-ANNA").result.score == 11
