"""The points that count, and what is said to a student in a few lines."""

from grader.course.scores import Final, ItemStanding, Standing
from grader.course.store import Entry, Row
from grader.exports.grades import Grade, Points, comments_of, grade_of
from grader.result import CheckResult, ItemResult, Result, Submitted


def row(standing):
    return Row(Entry("jane", "hw.ipynb"), "k", standing, Final(standing), True, "", "")


def test_unread_and_ungraded_points_are_apart():
    items = (
        ItemStanding("q1", "review", 4.0, 5.0, provisional=2.5, open=5.0),
        ItemStanding("q2", "partial", 3.0, 10.0, ungraded=2.0),
    )
    grade = grade_of(row(Standing("needs_review", 7.0, 15.0, 2.5, 2.0, items=items)), unreleased=True)
    assert grade.total == Points(4.5, 15.0, waiting=5.0, ungraded=2.0)
    assert grade.points("q1") == Points(1.5, 5.0, 5.0)
    assert grade.points("q2") == Points(3.0, 10.0, 0.0, 2.0)
    assert grade.points("q9") is None
    assert not grade_of(row(Standing("graded", 1, 1))).released


def test_a_submission_that_could_not_be_graded_has_no_grade():
    grade = grade_of(row(Standing("failed", 0, 15, message="no notebook\nwas handed in")), unreleased=True)
    assert grade.problem == "could not be graded: no notebook was handed in"


def check(name, status, message):
    return CheckResult(name, status, 0, 1, message)


def test_what_a_student_is_told():
    items = (
        ItemResult("q1", "First", 1, 1, "pass", (check("q1.a", "pass", "10 logits"),)),
        ItemResult(
            "q2",
            "Second",
            0,
            3,
            "fail",
            (check("q2.a", "fail", "no curve\nis drawn"), check("q2.b", "skipped", "skipped: it depends on 'q2.a'")),
        ),
        ItemResult("q3", "Third", 0, 1, "fail", (check("q3.a", "skipped", "skipped: it depends on 'q2.a'"),)),
        ItemResult("q4", "Fourth", 1, 1, "pass", (check("q4.a", "pass", "5 of 5 points from a person"),)),
        ItemResult("q5", "Fifth", 0, 9, "fail", tuple(check(f"q5.{at}", "fail", f"fault {at}") for at in range(5))),
    )
    points = {item.id: Points(item.score, item.max_score) for item in items}
    result = Result("hw", Submitted("hw.ipynb", ""), 2, 15, "graded", items)
    grade = Grade("jane", Points(2, 15, waiting=4, ungraded=1), points, True)
    assert comments_of(grade, result, {"q4.a"}) == (
        "Points: 2 of 15",
        "Until a person has read your answers, 4 of them wait.",
        "Of them, 1 could not be graded: ask your instructor.",
        "q2 (Second): 0 of 3: no curve is drawn",
        "q3 (Third): 0 of 1: skipped: it depends on 'q2.a'",
        "q4 (Fourth): 1 of 1: 5 of 5 points from a person",
        "q5 (Fifth): 0 of 9: fault 0; fault 1; fault 2; and 2 more",
    )
