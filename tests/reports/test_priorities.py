"""What a student does first about a result."""

from __future__ import annotations

from grader.reports.priorities import by_importance, is_not_started, lost_points, priorities, untold
from grader.result import CheckResult, CheckStatus, ItemResult, ItemStatus
from tests.browser.samples import faulty


def item(name: str, *checks: CheckResult, status: ItemStatus = "partial") -> ItemResult:
    score = sum(check.score for check in checks)
    return ItemResult(name, name.upper(), score, sum(check.max_score for check in checks), status, checks)


def check(name: str, status: CheckStatus, lost: float, message: str = "seen", most: float = 10.0) -> CheckResult:
    evidence = ("the loss fell",) if message.startswith("waits") else ()
    return CheckResult(name, status, most - lost, most, message, evidence=evidence)


def order(*items: ItemResult) -> list[str]:
    return [mending.item.id for mending in by_importance(items)]


def test_what_cost_most_comes_first_and_among_equals_what_is_earlier():
    small, large = item("a", check("a.x", "partial", 1)), item("b", check("b.x", "fail", 5))
    assert order(small, large, item("c", check("c.x", "fail", 5))) == ["b", "c", "a"]


def test_a_fault_that_others_are_skipped_for_comes_before_a_larger_loss():
    model = item("model", check("model.exists", "fail", 1))
    training = item("training", check("training.x", "skipped", 6, "skipped: it depends on 'model.exists', which did"))
    other = item("other", check("other.x", "fail", 5))
    assert order(other, model, training) == ["model", "training", "other"]
    assert by_importance([model, training])[0].blocks == ("training",)


def test_a_line_that_two_items_name_is_mended_once_at_the_first():
    line = "line 7 of the cell under 'Question 5' that begins with `loss = 0`"
    first = item("q5", check("q5.x", "fail", 2, f"nothing was trained; {line} ended with NameError"))
    second = item("q8", check("q8.x", "fail", 5, f"no training was seen; in {line}: `x` (NameError)"))
    third = item("q9", check("q9.x", "fail", 6, "line 8 of the cell under 'Question 5' ended with KeyError"))
    assert order(first, second, third) == ["q5", "q9", "q8"]
    assert [mending.blocks for mending in by_importance([first, second, third])] == [("q8",), (), ()]


def test_checks_of_one_item_do_not_block_it():
    alone = item("q1", check("q1.x", "fail", 2), check("q1.y", "skipped", 3, "skipped: it depends on 'q1.x'"))
    (mending,) = by_importance([alone])
    assert mending.blocks == ()
    assert mending.lost == 5
    assert [skipped.id for skipped in mending.skipped] == ["q1.y"]


def test_what_was_not_started_is_told_from_what_is_wrong():
    stub = "no training of the MLP was seen in the run; MLP and cpu_train are not started"
    for message in ("not started: the cell under 'Question 3' holds no code", "no answer was written", stub):
        assert is_not_started(item("q", check("q.x", "fail", 10, message)))
    assert not is_not_started(item("q", check("q.x", "fail", 10, "the training was not started with a new model")))
    assert not is_not_started(item("q", check("q.x", "fail", 10, "printed `the run is not started`")))
    begun = item("q", check("q.x", "fail", 10, "not started: q"), check("q.y", "pass", 0))
    assert not is_not_started(begun)  # it earned points


def test_every_item_has_its_place():
    right = item("right", check("right.x", "pass", 0), status="pass")
    doubted = item("doubted", check("doubted.x", "pass", 0, "waits for a person"), status="pass")
    wrong = item("wrong", check("wrong.x", "fail", 10), check("wrong.y", "review", 0), status="fail")
    open_ = item("open", check("open.x", "review", 0), status="review")
    fresh = item("fresh", check("fresh.x", "fail", 10, "not started: fresh"), status="fail")
    no_gpu = item("no_gpu", check("no_gpu.x", "not_graded", 10), status="not_graded")
    found = priorities([right, doubted, wrong, open_, fresh, no_gpu])
    assert [mending.item.id for mending in found.mendings] == ["wrong"]
    assert found.not_started == (fresh,)
    assert [(waiting.item.id, len(waiting.checks)) for waiting in found.waiting] == [
        ("doubted", 1), ("wrong", 1), ("open", 1),
    ]  # fmt: skip
    assert found.ungraded == (no_gpu,)
    assert found.right == (right,)


def test_notes_do_not_repeat_what_a_message_says():
    line = "line 31 of the cell that begins with `# create the model`"
    found = priorities([item("q8", check("q8.x", "fail", 5, f"`data` has no value, in {line}: `data` (NameError)"))])
    others = ["repaired: a missing id was added", "line 3 of cell 4 ended with KeyError: 'x'"]
    assert untold([f"{line} ended with NameError: name 'data' is not defined", *others], found) == others


def test_what_could_not_be_graded_lost_nothing():
    unjudged = [item for item in faulty().items if item.status in ("not_graded", "error")]
    assert [(item.id, lost_points(item)) for item in unjudged] == [("q5", 0), ("q6", 0)]
    losing = [item for item in faulty().items if lost_points(item) > 0]
    assert [(one.item.id, one.lost) for one in by_importance(losing)] == [("q4", 8), ("q1", 2), ("q3", 1)]
