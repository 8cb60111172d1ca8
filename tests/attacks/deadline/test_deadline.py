"""One file cannot stop a class: what the grader itself does with a student's text has limits."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

import grader
from grader.course.job import Stop
from grader.course.workers import Workers
from grader.grading.messages import MAX_BYTES, Inbox, MalformedMessage, Report, pack
from grader.grading.patience import Patience, allowance
from grader.sandbox.limits import Limits
from grader.seeds import CANONICAL_SEED
from tests.attacks.deadline.course.rubric import ASSIGNMENT
from tests.attacks.deadline.desk import MARKER, QUICK, children_like, grade_class, terms

pytestmark = pytest.mark.attack
LIMITS = Limits()


# --- the clock: pure ---------------------------------------------------------------------------------------------------


def clock(*steps: tuple[float, Report]) -> Patience:
    patience = Patience(LIMITS, 0.0)
    for now, step in steps:
        patience.note(step, now)
    return patience


READ, READ_DONE = Report("began"), Report("step", "", "read", 1, 1)
RUN, PROBE, CHECK = (Report("step", "", phase, 0, 1) for phase in ("run", "probe", "check"))


@pytest.mark.parametrize(
    ("steps", "ends", "words"),
    [
        ([], 300, "did not start within 300 s"),
        ([(10, READ)], 70, "reading this file took the grader more than 60 s"),
        ([(10, READ), (11, READ_DONE)], 311, "checking this notebook took the grader more than 300 s"),
        ([(0, READ), (1, READ_DONE), (2, RUN)], allowance(LIMITS), "while it was running the notebook"),
        ([(0, READ), (2, RUN), (5, PROBE)], allowance(LIMITS), "while it was probing its models and loops"),
        ([(0, READ), (2, RUN), (50, CHECK)], 350, "checking this notebook took the grader more than 300 s"),
    ],
)
def test_each_step_has_its_limit(steps: list[tuple[float, Report]], ends: float, words: str) -> None:
    patience = clock(*steps)
    assert patience.overrun(ends - 0.1) == ""
    assert words in patience.overrun(ends + 0.1)


def test_steps_within_a_phase_do_not_start_its_limit_anew() -> None:
    patience = clock((0, READ), (2, RUN), *((50 + n, replace(CHECK, done=n)) for n in range(250)))
    assert patience.overrun(349) == ""
    assert "checking" in patience.overrun(351)


def test_a_message_is_bounded_and_is_data() -> None:
    inbox = Inbox()
    for byte in pack(CHECK):
        assert inbox.take(Report) is None
        inbox.add(bytes([byte]))
    assert inbox.take(Report) == CHECK
    inbox.add((MAX_BYTES + 1).to_bytes(8, "big"))
    with pytest.raises(MalformedMessage):
        inbox.take(Report)
    other = Inbox()
    other.add((3).to_bytes(8, "big") + b"[1]")
    with pytest.raises(MalformedMessage):
        other.take(Report)


# --- one short class ---------------------------------------------------------------------------------------------------


@pytest.mark.timeout(120)
def test_a_notebook_that_stops_the_grader_fails_in_words_and_the_next_is_graded(tmp_path: Path) -> None:
    graded = grade_class(tmp_path, bad="# loop", good="1 + 1")
    assert "checking this notebook took the grader more than 5 s, so it gave up: remove" in graded.message("bad")
    assert graded.seen.again == []
    assert graded.results["good"]["score"] == 5


# --- more classes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "words", "tries"),
    [
        ("# hang", "checking this notebook took the grader more than 5 s", 1),
        ("# stop", "checking this notebook took the grader more than 5 s", 1),
        ("# eat", "the grader needed more than 1 GiB of memory while it was reading the file", 1),
        ("# large", "the report on this notebook would be larger than 8 MiB", 1),
        ("# kill", "the grader's own process ended (SIGKILL) while it was reading the file", 2),
        ("# exit", "the grader's own process ended (exit status 3)", 2),
        ("# segfault", "the grader's own process ended (SIGSEGV)", 2),
    ],
)
@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.timeout(240)
def test_whatever_happens_to_the_worker_the_class_goes_on(tmp_path: Path, source: str, words: str, tries: int) -> None:
    limits = replace(QUICK, checking_seconds=60) if source in ("# eat", "# large") else QUICK
    graded = grade_class(tmp_path, limits, bad=source, good="1 + 1")
    assert words in graded.message("bad")
    assert len(graded.seen.again) == tries - 1
    assert graded.results["good"]["score"] == 5


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.timeout(240)
def test_floods_and_one_impossible_allocation_cost_nothing_else(tmp_path: Path) -> None:
    limits = replace(QUICK, checking_seconds=60)
    graded = grade_class(tmp_path, limits, flood="# flood", huge="# huge", good="1 + 1")
    assert graded.results["flood"]["score"] == graded.results["good"]["score"] == 5
    assert "MemoryError" in json.dumps(graded.results["huge"])
    assert graded.seen.again == []


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.timeout(240)
def test_an_ordinary_result_is_that_of_the_same_process(tmp_path: Path) -> None:
    grade_class(tmp_path, good="# run\nprint('ü\\u202e', 1e300)")
    path = tmp_path / "good.ipynb"
    here = grader.grade(
        path, ASSIGNMENT, sample=True, device="cpu", isolation="none", limits=QUICK, seed=CANONICAL_SEED
    )
    mine = json.loads(here.document())
    theirs = json.loads((tmp_path / "out" / "good" / "result.json").read_text())
    mine["environment"]["seconds"] = theirs["environment"]["seconds"]
    assert json.dumps(theirs) == json.dumps(mine)


SLEEPER = f"""# run
import subprocess, time
subprocess.Popen(['sleep', '{MARKER}'], start_new_session=True)
time.sleep(300)
"""


@pytest.mark.parametrize("how", ["killed", "stopped"])
@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.timeout(240)
def test_nothing_of_a_worker_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Its kernel, what the notebook started there, and its folders go, whether it is killed or the class is stopped."""
    folder = tmp_path / "tmp"
    folder.mkdir(mode=0o711)
    tmp_path.chmod(0o711)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    workers = Workers(terms(Limits()))
    stop = Stop(end_now=workers.kill)
    took: list[float] = []

    def act() -> None:
        while not children_like(MARKER):
            time.sleep(0.1)
        began = time.monotonic()
        if how == "stopped":
            stop.asked = 2
            while workers._busy:
                time.sleep(0.02)
        else:
            for _ in range(2):  # it is tried once more
                for worker in list(workers._busy):
                    os.kill(worker.pid, signal.SIGKILL)
                while children_like(MARKER):
                    time.sleep(0.05)
                if _ == 0:
                    while not children_like(MARKER):
                        time.sleep(0.1)
        took.append(time.monotonic() - began)

    actor = threading.Thread(target=act, daemon=True)
    actor.start()
    graded = grade_class(tmp_path, workers=workers, stop=stop, bad=SLEEPER)
    actor.join(30)
    assert took
    if how == "killed":
        assert "SIGKILL" in graded.message("bad")
    else:
        assert graded.results == {}
        assert took[0] < 6
    assert not children_like(MARKER)
    assert [path.name for path in folder.iterdir() if path.name.startswith(("gk-", "grader-"))] == []
