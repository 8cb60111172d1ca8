"""Whole classes with the real command: kills, interrupts, signatures, marks."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

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


def start(place, class_, *more):
    command = [sys.executable, "-m", "grader", "grade", str(class_ / "in"), "--out", str(class_ / "out")]
    command += ["--assignment", "tiny_course", "--sample", "--isolation", "none", "--device", "cpu", *more]
    environment = os.environ | {"GRADER_CACHE": str(place / "cache"), "PYTHONUNBUFFERED": "1"}
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
def test_an_interrupt_lets_what_runs_end_and_a_second_ends_it(place, class_):
    (class_ / "in" / "ben.ipynb").write_text(notebook("import time; time.sleep(4)"))
    process = start(place, class_, "--jobs", "1")
    until(process, "[1/3]")
    time.sleep(2)  # the second has begun
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "[2/3]" in out
    assert "interrupted; 2 of 3 are graded" in err
    (class_ / "in" / "dora.ipynb").write_text(notebook("import time; time.sleep(200)"))
    process = start(place, class_, "--jobs", "1", "--shard", "1/1")
    until(process, "[3/4]")
    time.sleep(3)
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
    began = time.monotonic()
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - began < 30
    assert process.returncode == 130
    assert "interrupted; 3 of 4 are graded" in err
    assert "dora" not in graded(class_)
