"""What is printed while one notebook is checked, in a log."""

from __future__ import annotations

import time

import pytest

from grader.cli import progress
from grader.cli.progress import ProgressLine
from grader.grading.grade import Progress
from grader.grading.judge import judge
from tests.conftest import RUBRIC, empty_evidence

ITEMS = judge(RUBRIC, empty_evidence())


def test_a_log_has_a_line_for_each_phase_and_leaves_verdicts_to_the_report(capsys):
    show = ProgressLine(enabled=True, verdicts=False)
    show(Progress("run", 0, 2, "cell 1"))
    for item in ITEMS:
        show.verdict(item)
    show(Progress("run", 1, 2, "cell 2"))
    show(Progress("probe", 0, 1, "models"))
    show.close()
    assert capsys.readouterr().err.splitlines() == [
        "[  0 s] running 1 of 2: cell 1",
        "[  0 s] probing: models; 4 judged",
    ]


def test_verdicts_stand_above_the_progress_where_somebody_looks(capsys):
    show = ProgressLine(enabled=True)
    for item in ITEMS:
        show.verdict(item)
    show.close()
    assert capsys.readouterr().err.splitlines() == [
        "✓ a: Passes, 5 / 5",
        "◐ b: Loses something, 2.5 / 4",
        "? c: Is read by a person, 5 waiting / 5",
        "– d: Needs a GPU, – / 3",
    ]


def test_what_is_not_final_says_what_was_seen_and_what_is_still_done(capsys):
    show = ProgressLine(enabled=True, verdicts=False)
    show.so_far(ITEMS[1], "the rest of the notebook runs now")
    show.close()
    said = "so far 2.5 / 4 for b: saw [red]2[/red] <b>; the rest of the notebook runs now\n"
    assert capsys.readouterr().err == said


def test_a_log_is_not_silent_while_one_step_takes_long(capsys, monkeypatch):
    monkeypatch.setattr(progress, "PAUSE", 0.1)
    show = ProgressLine(enabled=True, verdicts=False)
    show(Progress("run", 4, 9, "cell 7"))
    time.sleep(0.7)
    show.close()
    lines = capsys.readouterr().err.splitlines()
    assert 3 <= len(lines) <= 8
    assert {line.partition("] ")[2] for line in lines} == {"running 5 of 9: cell 7"}
    time.sleep(0.3)
    assert capsys.readouterr().err == ""  # nothing follows after the end


def test_a_long_description_is_cut_in_a_log(capsys):
    show = ProgressLine(enabled=True)
    show(Progress("run", 0, 1, "x" * 500))
    show.close()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("x…")
    assert len(line) < 90


@pytest.mark.parametrize("verdicts", [True, False])
def test_quiet_is_quiet(verdicts, capsys):
    show = ProgressLine(enabled=False, verdicts=verdicts)
    show.start("x.ipynb")
    show.verdict(ITEMS[0])
    show.so_far(ITEMS[0], "why")
    show.close()
    assert capsys.readouterr().err == ""
