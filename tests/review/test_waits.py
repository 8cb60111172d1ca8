"""What waits in a class: found once, kept in the store, found again after a new grading."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from grader.course.store import Row, Store
from grader.review.waits import Waits
from tests.review.classes import small
from tests.review.desks import served

HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(1)> {{ 7 * 7 }} \x1b[31mred \u202eevil"


def rows_of(store: Store) -> list[Row]:
    return [row for row in store.rows() if row.key]


def test_what_was_found_is_kept(tmp_path: Path) -> None:
    folder = small(tmp_path / "graded", 3, ("q4",))
    with Store(folder) as store:
        rows = rows_of(store)
        first, missing = Waits(folder).of(store, rows, patience=60)
        assert missing == 0
        assert [(row.entry.name, one.item, one.kind) for row, one in first] == [
            (f"student00{at}", "q4", "answer") for at in range(3)
        ]
        again, missing = Waits(folder).of(store, rows, patience=0)  # another process: nothing is looked at again
        assert (missing, [one for _, one in again]) == (0, [one for _, one in first])


def test_a_new_grading_is_looked_at_again(tmp_path: Path) -> None:
    folder = small(tmp_path / "graded", 2, ("q4",))
    with Store(folder) as store:
        waits = Waits(folder)
        waits.of(store, rows_of(store), patience=60)
        later = [replace(row, graded_at="2099") for row in rows_of(store)]
        assert waits.of(store, later, patience=0)[1] == 2
        for _ in range(200):  # the thread that was started looks at them
            if not waits.of(store, later, patience=0)[1]:
                break
            time.sleep(0.05)
        assert len(waits.of(store, later, patience=0)[0]) == 2


def test_a_result_of_another_version_waits_with_its_points(tmp_path: Path) -> None:
    folder = small(tmp_path / "graded", 1, ("q4",))
    with Store(folder) as store:
        with store.transaction() as db:
            db.execute("UPDATE results SET document = '{}'")
        found, _ = Waits(folder).of(store, rows_of(store), patience=60)
    assert [(one.item, one.kind) for _, one in found] == [("q4", "unsure")]


def test_hostile_answers_are_text(tmp_path: Path) -> None:
    texts = {"q4": [HOSTILE, f"{HOSTILE}."]}
    with served(small(tmp_path / "graded", 2, ("q4",), texts)) as desk, desk.browser() as browser:
        group = ""
        for path in ("/queue/q4/answer", "/queue/q4/answer/groups"):
            page = browser.get(path).text
            assert "&lt;script&gt;alert(1)" in page
            assert "<script>alert" not in page
            assert "<img" not in page
            assert "\x1b" not in page
            assert "\u202e" not in page
            group = page
        address = group.partition('href="/queue/q4/answer/groups/')[2].partition('"')[0]
        page = browser.get(f"/queue/q4/answer/groups/{address}").text
        assert page.count("&lt;script&gt;alert(1)") == 2
        assert "<script>alert" not in page
