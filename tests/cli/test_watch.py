"""A watched file: what counts as a save."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from grader.cli.check import rechecked
from grader.cli.watch import Stamp, saves, stamp

FILE = Path("hw.ipynb")


def state(number: int) -> Stamp:
    return (("hw.ipynb", number, 1, 1),) if number else ()


def noticed(*states: int) -> list[str]:
    """Return what is noticed while the file is in these states, one for each look; 0 stands for a file that is gone."""
    looks, events = iter(states), []

    def look(path: Path) -> Stamp:
        return state(next(looks))

    found: Iterator[None] = saves(FILE, lambda: events.append("gone"), look, lambda _: None)
    try:
        for _ in itertools.islice(found, 50):
            events.append("check")
    except (StopIteration, RuntimeError):  # no more states
        pass
    return events


def test_a_file_is_checked_at_once_and_after_each_save():
    assert noticed(1, 1, 1, 2, 2, 2, 2, 3, 3) == ["check", "check", "check"]


def test_a_file_that_is_still_written_is_left_until_it_is_settled():
    assert noticed(1, 2, 3, 4, 5, 5, 5) == ["check", "check"]


def test_a_file_that_is_replaced_may_be_absent_for_a_moment():
    assert noticed(1, 0, 2, 2, 2, 2) == ["check", "check"]


def test_a_file_that_stays_away_is_waited_for_and_told_once():
    assert noticed(1, 0, 0, 0, 0, 0, 0, 2, 2) == ["check", "gone", "check"]


def test_a_file_that_comes_back_as_it_was_needs_no_check():
    assert noticed(1, 0, 0, 0, 0, 1, 1, 0, 0) == ["check", "gone", "gone"]


def test_a_stamp_tells_states_apart(tmp_path: Path):
    path = tmp_path / "hw.ipynb"
    seen = [stamp(path)]
    path.write_text("1")
    seen.append(stamp(path))
    assert stamp(path) == seen[-1]
    other = tmp_path / "other"
    other.write_text("1")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    os.replace(other, path)  # as editors save: another file with the same size and time
    seen.append(stamp(path))
    (tmp_path / "utils.py").write_text("x = 1")
    seen.append(stamp(path))
    (tmp_path / "notes.txt").write_text("no code")
    assert stamp(path) == seen[-1]
    path.unlink()
    seen.append(stamp(path))
    assert seen[0] == seen[-1] == ()
    assert len(set(seen)) == 4


def test_of_a_folder_every_file_counts(tmp_path: Path):
    (tmp_path / "hw.ipynb").write_text("1")
    before = stamp(tmp_path)
    (tmp_path / "data.csv").write_text("1")
    assert stamp(tmp_path) != before


def test_it_is_said_what_is_checked_again():
    assert rechecked(["q1", "q2", "q3"]) == "checking q1, q2 and q3 again"
    assert rechecked(["q1"]) == "checking q1 again"
    assert rechecked([]) == "nothing changed that an item rests on"
