"""Whole classes with the real command: kills, interrupts, signatures, marks."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
COURSE = """
from dataclasses import replace
from reference.rubric import ASSIGNMENT as WHOLE
ASSIGNMENT = replace(WHOLE, name="tiny", program=())
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A copy of the grader, which nobody edits while it grades, with an assignment whose reference takes no time."""
    place = tmp_path_factory.mktemp("place")
    ignore = shutil.ignore_patterns("__pycache__")
    for package in ("grader", "reference"):
        shutil.copytree(ROOT / package, place / package, ignore=ignore)
    (place / "tiny_course").mkdir()
    (place / "tiny_course" / "__init__.py").touch()
    (place / "tiny_course" / "rubric.py").write_text(COURSE)
    return place


def notebook(source):
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def class_(tmp_path):
    for name in ("anna", "ben", "cleo"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / f"{name}.ipynb").write_text(notebook(f"print({name!r})"))
    return tmp_path


def start(place, class_, *more, temporary=None):
    command = [sys.executable, "-m", "grader", "grade", str(class_ / "in"), "--out", str(class_ / "out")]
    command += ["--assignment", "tiny_course", "--sample", "--isolation", "none", "--device", "cpu", *more]
    environment = os.environ | {"GRADER_CACHE": str(place / "cache"), "PYTHONUNBUFFERED": "1"}
    if temporary is not None:
        environment["TMPDIR"] = str(temporary)
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=place, env=environment, stdout=pipe, stderr=pipe, text=True)


def until(process, beginning):
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(beginning):
            return line
    raise AssertionError(f"no line {beginning!r}: {process.stderr.read()}")


def graded(class_):
    return {path.parent.name: path.read_bytes() for path in (class_ / "out").glob("*/result.json")}


@pytest.mark.slow
def test_a_killed_driver_loses_only_what_it_was_grading_and_the_next_goes_on(place, class_):
    process = start(place, class_, "--jobs", "1")
    until(process, "[1/3]")
    process.kill()
    process.wait(30)
    process.communicate()
    before = graded(class_)
    assert before
    out, err = start(place, class_, "--jobs", "1").communicate(timeout=250)
    assert out.count("; reused") >= len(before), err
    assert "3 submissions, 0 of them could not be graded" in out
    after = graded(class_)
    assert sorted(after) == ["anna", "ben", "cleo"]
    assert all(after[name] == written for name, written in before.items())
    assert (class_ / "out" / "summary.csv").read_text().count("\n") == 4


@pytest.mark.slow
def test_an_interrupt_ends_what_runs_at_once_and_leaves_nothing_behind(place, class_):
    marker = f"4545.{os.getpid()}"
    (class_ / "in" / "ben.ipynb").write_text(notebook(f"import os\nos.system('sleep {marker}')"))
    (class_ / "tmp").mkdir(mode=0o711)
    process = start(place, class_, "--jobs", "1", temporary=class_ / "tmp")
    until(process, "[1/3]")
    while not running(marker):
        time.sleep(0.1)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - began < 10  # a second or two on a machine that is not busy
    assert process.returncode == 130
    assert "interrupted; 1 of 3 are graded" in err
    assert list(graded(class_)) == ["anna"]
    assert not running(marker)
    assert [path for path in (class_ / "tmp").iterdir() if path.name.startswith(("gk-", "grader-"))] == []


@pytest.mark.slow
@pytest.mark.exhaustive  # another test kills a driver too
def test_what_a_killed_driver_left_is_swept_by_the_next_and_its_processes_are_gone(place, class_):
    marker = f"4646.{os.getpid()}"
    (class_ / "in" / "anna.ipynb").write_text(notebook(f"import os\nos.system('sleep {marker}')"))
    (class_ / "tmp").mkdir(mode=0o711)
    process = start(place, class_, "--jobs", "1", temporary=class_ / "tmp")
    while not running(marker):
        time.sleep(0.1)
    process.kill()
    process.communicate(timeout=60)
    until_gone = time.monotonic() + 20
    while running(marker):
        assert time.monotonic() < until_gone
        time.sleep(0.1)
    time.sleep(1)
    left = {path.name for path in (class_ / "tmp").iterdir() if path.name.startswith(("gk-", "grader-"))}
    assert any(name.startswith("grader-class-") for name in left)
    check = [sys.executable, "-m", "grader", "check", str(class_ / "in" / "cleo.ipynb"), "--assignment", "tiny_course"]
    environment = os.environ | {"GRADER_CACHE": str(place / "cache"), "TMPDIR": str(class_ / "tmp")}
    subprocess.run(
        [*check, "--sample", "--device", "cpu"], cwd=place, env=environment, capture_output=True, timeout=200
    )
    assert left.isdisjoint(path.name for path in (class_ / "tmp").iterdir())


def running(marker):
    return [p for p in psutil.process_iter(["cmdline"]) if (p.info["cmdline"] or [])[:2] == ["sleep", marker]]
