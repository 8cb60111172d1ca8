"""A result is judged again from its kept evidence: the same verdicts, unless something has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import pytest

from grader.assignment import Assignment, Check, Evidence, Fail, Item, Rubric, Threshold
from grader.grading.full_length import judged_again
from grader.grading.judge import judge
from grader.grading.replay import (
    Material,
    ReplayError,
    changed_since,
    judged,
    material,
    replay,
    with_limits,
)
from grader.reports.evidence import Longer, dump_evidence, load_evidence, load_longer
from grader.result import Digests, Result, Submitted, total
from reference.rubric import ASSIGNMENT
from tests.browser.samples import evidence, hostile
from tests.conftest import empty_evidence


def with_kept(result: Result, seen: Evidence, longer: Longer | None = None) -> Result:
    kept = dump_evidence(seen, longer)
    return replace(result, kept=kept, evidence=hashlib.sha256(kept).hexdigest())


def graded(assignment: Assignment, seen: Evidence, longer: Longer | None = None) -> Result:
    items = judged(Material(seen, longer), assignment)
    return with_kept(total(assignment.name, Submitted("a.ipynb", "ab" * 32), items, {}), seen, longer)


def counts_cells(e: Evidence) -> str:
    """The notebook has two cells."""
    if len(e.notebook.cells) < 2:
        raise Fail(f"{len(e.notebook.cells)} cell", "2 cells")
    return "enough"


def counts_images(e: Evidence) -> str:
    """All images are used."""
    if e.train_size < 60_000:
        raise Fail(f"only {e.train_size:,} images")
    return "all images"


def below(e: Evidence) -> str:
    """The loss is low."""
    limit = e.reference.thresholds.get("loss.1")
    if limit is not None and limit.high is not None and limit.high < 0.5:
        raise Fail(f"the loss is above {limit.high:g}")
    return "low"


def tiny(*checks: Check, limits: Mapping[str, Threshold] | None = None) -> Assignment:
    rubric = Rubric("tiny", (Item("q1", "One", sum(check.points for check in checks), checks),))
    return Assignment(
        "tiny", rubric, (), lambda: (), (), (), None, (), lambda run: {}, lambda size: limits or {}
    )  # fmt: skip


def test_every_check_gives_the_same_verdict() -> None:
    result = graded(ASSIGNMENT, evidence())
    done = replay(result, ASSIGNMENT, "all")
    assert done.same
    assert len(done.checks) == sum(len(item.checks) for item in ASSIGNMENT.rubric.items)
    assert {check.was.status for check in done.checks if check.was} >= {"pass", "fail", "skipped"}


def test_hostile_text_is_replayed_as_it_was_judged() -> None:
    seen = load_evidence(hostile().kept)
    assert replay(graded(ASSIGNMENT, seen), ASSIGNMENT, "all").same


def test_one_check_or_one_item_is_replayed() -> None:
    result = graded(ASSIGNMENT, evidence())
    (alone,) = replay(result, ASSIGNMENT, "Q2.Curves").checks
    assert (alone.check, alone.same) == ("q2.curves", True)
    of_item = replay(result, ASSIGNMENT, "q2").checks
    assert [one.check for one in of_item] == [check.id for check in ASSIGNMENT.rubric.item("q2").checks]


def test_a_changed_rubric_gives_another_verdict() -> None:
    result = graded(tiny(Check("q1.cells", 5, counts_cells)), empty_evidence())
    now = tiny(Check("q1.cells", 3, lambda e: "one is enough"), Check("q1.new", 1, counts_cells))
    cells, new = replay(result, now, "q1").checks
    assert (cells.was and cells.was.status, cells.now and cells.now.score) == ("fail", 3)
    assert not cells.same_points
    assert new.was is None
    assert new.now is not None


def test_a_check_that_was_taken_out_has_no_verdict_now() -> None:
    result = graded(tiny(Check("q1.cells", 5, counts_cells), Check("q1.low", 1, below)), empty_evidence())
    (gone,) = replay(result, tiny(Check("q1.low", 1, below)), "q1.cells").checks
    assert gone.now is None
    assert gone.was is not None


def test_other_words_are_no_other_points() -> None:
    result = graded(tiny(Check("q1.low", 1, below)), empty_evidence())
    (check,) = replay(result, tiny(Check("q1.low", 1, lambda e: "quite low")), "all").checks
    assert not check.same
    assert check.same_points


def test_what_was_judged_on_longer_data_is_judged_on_it_again() -> None:
    short = replace(empty_evidence(), train_size=1000)
    longer = Longer({"q1": "the cell under 'One' relies on 938"}, replace(short, train_size=60_000, test_size=10_000))
    assignment = tiny(Check("q1.images", 2, counts_images))
    result = graded(assignment, short, longer)
    assert result.items[0].checks[0].message == (
        "all images (judged with 60,000 and 10,000 images, as the cell under 'One' relies on 938)"
    )
    assert replay(result, assignment, "all").same
    kept = load_longer(result.kept, load_evidence(result.kept))
    assert kept is not None
    assert kept.evidence is not None
    assert (kept.evidence.notebook, kept.evidence.train_size) == (short.notebook, 60_000)


def test_what_no_longer_data_could_tell_waits_for_a_person_again() -> None:
    short = replace(empty_evidence(), train_size=1000)
    assignment = tiny(Check("q1.images", 2, counts_images))
    longer = Longer({"q1": "the cell under 'One' relies on 938"})
    result = graded(assignment, short, longer)
    assert result.items[0].checks[0].status == "review"
    assert replay(result, assignment, "all").same


def test_longer_data_change_nothing_for_an_item_that_lost_nothing() -> None:
    items = judge(tiny(Check("q1.low", 1, below)).rubric, empty_evidence())
    assert judged_again(items, Longer({}, empty_evidence()), ()) == items


def test_another_limit_gives_other_verdicts() -> None:
    limits = {"loss.1": Threshold(None, 0.6, "20 seeds"), "loss.2": Threshold(0.1, None, "20 seeds")}
    assignment = tiny(Check("q1.low", 1, below), limits=limits)
    found = Material(empty_evidence())
    (check,) = with_limits(found, assignment, {"loss.1": 0.4})
    assert (check.was and check.was.status, check.now and check.now.status) == ("pass", "fail")
    assert with_limits(found, assignment, {"loss.1": 0.55}) == ()
    assert with_limits(found, assignment, {"loss.2": 0.4}) == ()
    with pytest.raises(ReplayError, match=r"no limit 'loss.3' for this data; there are loss.1, loss.2"):
        with_limits(found, assignment, {"loss.3": 0.4})


def test_what_cannot_be_replayed_is_refused_in_a_sentence() -> None:
    assignment = tiny(Check("q1.cells", 5, counts_cells))
    result = graded(assignment, empty_evidence())
    with pytest.raises(ReplayError, match="no evidence was kept"):
        replay(replace(result, kept=b""), assignment, "all")
    with pytest.raises(ReplayError, match="another version of grader"):
        replay(replace(result, kept=b"not zlib"), assignment, "all")
    with pytest.raises(ReplayError, match="could not be graded at all"):
        replay(replace(result, status="failed", items=()), assignment, "all")
    with pytest.raises(ReplayError, match="of the assignment 'tiny', not of 'mnist-mlp-cnn'"):
        replay(result, ASSIGNMENT, "all")
    with pytest.raises(ReplayError, match=r"there is no check 'q1.time'; q1 has q1.cells"):
        replay(result, assignment, "q1.time")
    with pytest.raises(ReplayError, match="there is no check or item 'q9'; the items are q1"):
        replay(result, assignment, "q9")


def test_what_changed_is_named() -> None:
    then = Digests("s", "rubric", "reference", "data", "grader", "environment")
    assert changed_since(then, then) == ()
    now = replace(then, submission="other", data="", rubric="r", grader="g")
    assert changed_since(then, now) == ("the rubric", "the grader")
    result = replace(graded(ASSIGNMENT, evidence()), digests=replace(then, grader="g"))
    done = replay(result, ASSIGNMENT, "q2.curves")
    assert "the reference" in done.changed
    assert "only another grading compares them" in done.notes[0]


def test_the_evidence_is_read_without_what_follows_it() -> None:
    result = graded(ASSIGNMENT, evidence())
    assert material(result).longer is None
    assert load_longer(dump_evidence(empty_evidence()), empty_evidence()) is None
