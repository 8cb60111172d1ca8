"""Temporary folders of processes that were killed are removed at the next start; those of others never."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader.temporary import make_folder, remove, sweep, temporary_folder

DRIVER = """
import sys, tempfile, time
from grader.temporary import make_folder
tempfile.tempdir = sys.argv[1]
print(make_folder("grader-class-"), make_folder("gk-"), flush=True)
time.sleep(100)
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def driver(place: Path) -> tuple[subprocess.Popen[str], list[Path]]:
    process = subprocess.Popen([sys.executable, "-c", DRIVER, str(place)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, list(map(Path, process.stdout.readline().split()))


def mine(place: Path) -> set[Path]:
    return {path for path in sweep() if path.parent == place}


def test_only_folders_of_ended_processes_are_swept(place: Path) -> None:
    process, folders = driver(place)
    (folders[0] / "student.ipynb").write_text("{}")
    with temporary_folder("grader-task-") as own:
        assert mine(place) == set()
        assert all(folder.exists() for folder in [*folders, own])
        process.kill()
        process.wait()
        assert mine(place) == set(folders)
        assert own.exists()
    assert list(place.iterdir()) == []


def test_other_names_links_and_files_are_left_alone(place: Path) -> None:
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("1")
    link, file, pipe = (place / f"gk-{digit * 12}" for digit in "abc")
    link.symlink_to(elsewhere)
    file.write_text("2")
    os.mkfifo(pipe)
    (place / "gkx").mkdir()
    (place / "gk-abcdefgh").mkdir()  # of a version without locks, perhaps still in use
    inside = make_folder("gk-")
    (inside / "link").symlink_to(elsewhere)
    assert mine(place) == set()
    remove(inside)
    left = {elsewhere, link, file, pipe, place / "gkx", place / "gk-abcdefgh"}
    assert set(place.iterdir()) == left
    assert (elsewhere / "precious").read_text() == "1"


def test_a_folder_of_another_user_is_left_alone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = place / "gk-0123456789ab"
    theirs.mkdir()
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    assert mine(place) == set()
    assert theirs.exists()
    monkeypatch.undo()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    assert mine(place) == {theirs}


def test_a_folder_that_is_being_made_is_left_alone_for_a_while(place: Path) -> None:
    fresh, old = place / "grader-new-fresh", place / "grader-new-old"
    fresh.mkdir()
    old.mkdir()
    os.utime(old, (time.time() - 7200,) * 2)
    assert mine(place) == {old}
