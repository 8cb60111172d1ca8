"""What waits for a person, by item and kind, and the way through a queue."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.evidence.run import CellRun, RunEvidence
from grader.notebook.questions import Section
from grader.reports.evidence import dump_evidence
from grader.result import CheckResult, ItemResult, Result, Submitted
from grader.review.queue import Seen, Waiting, place, tally, ticket, waiting
from grader.review.seen import seen
from tests.browser.samples import evidence

DOUBT = "the record of the MLP's training cannot be true: its weights do not give the recorded losses"
READ = CheckResult("q4.answer", "review", 5, 5, "an answer of 61 words; a person decides", evidence=("here …",))
PASSED = CheckResult("q1.text", "pass", 5, 5, "both shapes are printed")
FAILED = CheckResult("q2.trained", "fail", 0, 1.5, "the MLP was trained for 3 epochs")


def result(*checks: CheckResult, **more: object) -> Result:
    items = {}
    for check in checks:
        items.setdefault(check.id.partition(".")[0], []).append(check)
    made = tuple(
        ItemResult(
            name, name, sum(c.score for c in found), sum(c.max_score for c in found), found[0].status, tuple(found)
        )
        for name, found in items.items()
    )
    return replace(Result("tiny", Submitted("a.ipynb", ""), 0, 10, "needs_review", made), **more)


def kinds(found: tuple[Waiting, ...]) -> list[tuple[str, str, bool]]:
    return [(one.item, one.kind, one.must) for one in found]


def test_a_written_answer_waits_with_its_text() -> None:
    (found,) = waiting(result(PASSED, READ, FAILED), Seen({"q4": "Stop at 15."}))
    assert found == Waiting("q4", "answer", ("q4.answer",), "Stop at 15.")


def test_what_was_judged_waits_for_nobody() -> None:
    assert waiting(result(PASSED, FAILED), Seen()) == ()


def test_a_verdict_that_the_grader_is_unsure_of_waits() -> None:
    unsure = CheckResult("q5.trained", "review", 0, 3, "nothing confirms the training on the GPU")
    judged_without = replace(PASSED, id="q3.plot", evidence=("a person must look: this was judged without cell 7",))
    lacking = CheckResult(
        "q8.time", "not_graded", 0, 2, "seaborn is missing", evidence=("seaborn may be rightly used",)
    )
    found = waiting(result(unsure, judged_without, lacking), Seen({"q5": ""}))
    assert kinds(found) == [("q5", "unsure", True), ("q3", "unsure", True), ("q8", "unsure", True)]


def test_evidence_that_cannot_be_true_is_shown_although_its_verdict_is_given() -> None:
    doubted = replace(FAILED, message=DOUBT)
    assert kinds(waiting(result(doubted, PASSED), Seen(doubts=(DOUBT,)))) == [("q2", "impossible", False)]
    assert waiting(result(FAILED), Seen(doubts=(DOUBT,))) == ()  # lost for another reason
    assert waiting(result(replace(doubted, status="pass")), Seen(doubts=(DOUBT, ""))) == ()


def test_points_lost_where_a_cell_ran_too_long_are_shown() -> None:
    reason = "cell 3 ran for more than 600 s, and was interrupted"
    lost = replace(FAILED, message=f"the MLP was trained for 3 epochs; {reason}")
    assert kinds(waiting(result(lost), Seen(stopped=(reason,)))) == [("q2", "stopped", False)]
    assert waiting(result(lost), Seen()) == ()


def test_an_item_is_in_the_queue_once_by_its_weightiest_reason() -> None:
    error = replace(READ, id="q4.other", status="error", message="the grader failed here", evidence=())
    (found,) = waiting(result(READ, error), Seen({"q4": "Stop."}))
    assert (found.kind, found.checks) == ("error", ("q4.other", "q4.answer"))


def test_a_file_that_could_not_be_graded_waits_as_a_whole() -> None:
    failed = result(status="failed", message="the notebook is no JSON")
    assert kinds(waiting(failed, Seen())) == [("", "failed", True)]


def test_the_tally_is_in_the_order_of_the_assignment() -> None:
    entries = [
        ("anna", Waiting("q4", "answer")),
        ("ben", Waiting("q4", "answer")),
        ("ben", Waiting("q2", "impossible")),
        ("cleo", Waiting("", "failed")),
    ]
    found = tally(entries, {("ben", "q4"), ("dora", "q4")}, ("q2", "q4"))
    assert [(one.item, one.kind, one.total, one.left) for one in found] == [
        ("", "failed", 1, 1),
        ("q2", "impossible", 1, 1),
        ("q4", "answer", 2, 1),
    ]


def test_the_way_through_a_queue_goes_round_once() -> None:
    order = ["anna", "ben", "cleo", "dora"]
    found = place("cleo", order, {"cleo", "dora"})
    assert (found.number, found.total, found.left) == (3, 4, 2)
    assert (found.before, found.after, found.next_left) == ("ben", "dora", "anna")
    assert place("anna", order, set(order)).next_left == ""
    assert place("anna", ["anna"], ()).next_left == ""  # nothing but itself is left
    with pytest.raises(ValueError):
        place("emil", order, ())


def test_a_ticket_names_nobody() -> None:
    assert "anna" not in ticket("anna")
    assert ticket("anna") != ticket("ben")
    assert ticket("\ud800")


def test_the_queue_reads_its_part_of_the_kept_evidence() -> None:
    cells = (CellRun(0, "ok"), CellRun(1, "timeout", reason="cell 1 ran for more than 600 s"))
    run = RunEvidence(cells=cells, doubts={"model-1": DOUBT, "model-2": DOUBT})
    sections = {"q4": Section("q4", answer="Stop at 15."), "q6": Section("q6")}
    found = seen(dump_evidence(replace(evidence(), sections=sections, run=run)))
    assert found == Seen({"q4": "Stop at 15."}, (DOUBT,), ("cell 1 ran for more than 600 s",))
    assert seen(b"") == seen(b"no evidence") == Seen()
