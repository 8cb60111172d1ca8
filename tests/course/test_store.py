import multiprocessing
import sqlite3

import pytest

from grader.course.scores import Standing, standing
from grader.course.store import FILE, Entry, Graded, Store, StoreError
from grader.course.store_schema import MIGRATIONS
from tests.conftest import make_result


def graded(key="k", points=3.0, **more):
    return Graded(key, Standing("graded", points, 5.0), '{"x": 1}\n', **more)


def test_a_stored_grading_can_be_read_back(tmp_path):
    result = make_result("anna.ipynb")
    entry = Entry("anna", "anna.ipynb", "ab", "1", "Anna \ud800", "2026-11-01T12:00:00", True, ("old.ipynb",))
    with Store(tmp_path) as store:
        store.put(Graded("k", standing(result), result.document()), entry)
    with Store(tmp_path, create=False) as store:
        again = store.graded("k")
        assert again is not None
        assert again.document == result.document()
        assert again.standing == standing(result)
        (row,) = store.rows()
        assert row.entry.superseded == ("old.ipynb",)
        assert (row.entry.late, row.entry.student_name) == (True, "Anna ?")
        assert store.graded("other") is None


def test_a_result_that_is_not_final_is_not_reused(tmp_path):
    with Store(tmp_path) as store:
        store.put(graded(final=False), Entry("a", "a.ipynb"))
        assert store.graded("k") is None
        assert [row.settled for row in store.rows()] == [False]


def test_the_store_uses_wal_mode_and_has_a_schema_version(tmp_path):
    Store(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


def test_a_migration_is_atomic(tmp_path, monkeypatch):
    Store(tmp_path).close()
    broken = (*MIGRATIONS, ("CREATE TABLE more (x)", "no such statement"))
    monkeypatch.setattr("grader.course.store_schema.MIGRATIONS", broken)
    with pytest.raises(StoreError):
        Store(tmp_path)
    monkeypatch.setattr("grader.course.store_schema.MIGRATIONS", (*MIGRATIONS, ("CREATE TABLE more (x)",)))
    Store(tmp_path).close()
    monkeypatch.undo()
    with pytest.raises(StoreError, match="newer grader"):
        Store(tmp_path)


def test_an_unusable_store_is_reported_in_one_sentence(tmp_path):
    with pytest.raises(StoreError, match="holds no results"):
        Store(tmp_path, create=False)
    (tmp_path / FILE).write_text("not a database, but long enough to be read as the beginning of one " * 100)
    with pytest.raises(StoreError, match="cannot be used") as refused:
        Store(tmp_path)
    assert "\n" not in str(refused.value)


def _write(folder, process):
    with Store(folder) as store:
        for number in range(40):
            store.put(graded(f"{process}-{number}"), Entry(f"s{process}-{number}", "a.ipynb"))
            store.put(graded("shared", float(number)), Entry("shared", "a.ipynb"))


def test_concurrent_writers_lose_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_write, args=(tmp_path, number)) for number in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    with Store(tmp_path) as store:
        assert len(list(store.rows())) == 3 * 40 + 1
    with sqlite3.connect(tmp_path / FILE) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
