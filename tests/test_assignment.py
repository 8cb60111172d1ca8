import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.assignment import Check, Fail, Item, NotGraded, Review, Rubric
from grader.grading.judge import judge
from tests.conftest import RUBRIC, broken, cannot_tell, empty_evidence, fails, needs_reading, passes


def judged(*checks: Check, gpu: str = ""):
    rubric = Rubric("r", (Item("i", "Item", sum(check.points for check in checks), checks),))
    (item,) = judge(rubric, empty_evidence(gpu))
    return item


def test_each_outcome_has_its_status_score_and_words():
    a, b, c, d = judge(RUBRIC, empty_evidence())
    assert (a.status, a.score, a.checks[0].message) == ("pass", 5, "found it")
    assert (b.status, b.score) == ("partial", 2.5)
    assert (b.checks[1].message, b.checks[1].expected, b.checks[1].hint) == ("saw [red]2[/red] <b>", "3", "count again")
    assert (c.status, c.score, c.provisional) == ("review", 2.5, 2.5)
    assert (d.status, d.score, d.checks[0].message) == ("not_graded", 0, "not graded: no GPU here")


def test_with_a_gpu_its_items_are_graded():
    assert judge(RUBRIC, empty_evidence("cuda:0"))[3].status == "pass"


def test_checks_that_require_a_failed_one_are_skipped_and_lose_their_points():
    def full_fail(e):
        """Must hold."""
        raise Fail("nothing there")

    item = judged(Check("one", 1, full_fail), Check("two", 1, passes, ("one",)), Check("three", 1, passes, ("two",)))
    assert [check.status for check in item.checks] == ["fail", "skipped", "skipped"]
    assert (item.status, item.score) == ("fail", 0)


def test_a_partly_passed_check_does_not_skip_those_that_require_it():
    item = judged(Check("one", 1, fails), Check("two", 1, passes, ("one",)))
    assert item.checks[1].status == "pass"


def test_a_defect_of_the_grader_is_an_error_and_not_a_failure():
    item = judged(Check("one", 1, broken), Check("two", 1, passes, ("one",)), Check("three", 1, passes))
    assert [check.status for check in item.checks] == ["error", "not_graded", "pass"]
    assert item.status == "error"
    assert "not the student's fault" in item.checks[0].message


def test_only_keeps_one_item():
    assert [item.id for item in judge(RUBRIC, empty_evidence(), only="c")] == ["c"]
    assert [item.id for item in judge(RUBRIC, empty_evidence(), only=("c", "a"))] == ["a", "c"]


def test_unknown_items_name_the_known_ones():
    with pytest.raises(KeyError, match="there are a, b, c, d"):
        RUBRIC.item("q99")


def test_points_and_dependencies_are_checked_when_a_rubric_is_written():
    with pytest.raises(ValueError, match="has 3 points but its checks have 1"):
        Item("i", "Item", 3, (Check("one", 1, passes),))
    with pytest.raises(ValueError, match="come later or do not exist"):
        Rubric("r", (Item("i", "Item", 1, (Check("one", 1, passes, ("two",)),)),))


OUTCOMES = st.sampled_from([passes, fails, needs_reading, cannot_tell, broken])


@given(st.lists(st.tuples(OUTCOMES, st.floats(0, 10), st.booleans()), min_size=1, max_size=8))
def test_scores_stay_within_bounds(outcomes):
    checks = tuple(
        Check(f"c{i}", points, run, (f"c{i - 1}",) if chained and i else ())
        for i, (run, points, chained) in enumerate(outcomes)
    )
    item = judged(*checks)
    assert 0 <= item.provisional <= item.score <= item.max_score + 0.01 * len(checks)
    if item.status == "pass":
        assert all(check.status == "pass" for check in item.checks)
    if any(check.status in ("fail", "partial", "skipped") for check in item.checks):
        assert item.status in ("fail", "partial", "error")


def test_exceptions_of_checks_carry_what_a_student_needs():
    fail = Fail("seen", "expected", "hint", 0.5)
    assert (fail.seen, fail.expected, fail.hint, fail.credit) == ("seen", "expected", "hint", 0.5)
    assert str(NotGraded("why")) == "why"
    assert Review("m").credit == 1.0
