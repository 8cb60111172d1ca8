"""What a form comes to, before anything is stored."""

from __future__ import annotations

import pytest

from grader.course.decisions import RubricLine
from grader.review.marking import Problem, Typed, counted, decide, points_in

RUBRIC = (
    RubricLine(1, "q4", "says which curve flattens", 2),
    RubricLine(2, "q4", "concludes", 1.5),
    RubricLine(3, "q4", "copied", -3),
)


@pytest.mark.parametrize(
    ("lines", "points", "wanted", "adjustment"),
    [
        ((1,), "", 2, 0),
        ((1, 2), "", 3.5, 0),
        ((1, 2), "4", 4, 0.5),
        ((1, 2), "3", 3, -0.5),
        ((), "2,5", 2.5, 2.5),
        ((), "0", 0, 0),
        ((3,), "", 0, 0),  # never below zero
        ((1, 2), "0", 0, -3.5),
    ],
)
def test_the_ticked_lines_count_unless_points_are_written(lines, points, wanted, adjustment) -> None:
    found = decide(Typed(lines, points, "well"), RUBRIC, 5)
    assert (found.points, found.adjustment, found.comment) == (wanted, adjustment, "well")


def test_lines_never_count_more_than_the_item() -> None:
    found = decide(Typed((1, 2)), RUBRIC, 3)
    assert (found.points, found.adjustment) == (3, 0)


@pytest.mark.parametrize("points", ["5.5", "-1", "five", "nan", "1e400", "2.555"])
def test_points_that_cannot_be_given_are_refused(points: str) -> None:
    with pytest.raises(Problem):
        decide(Typed((), points), RUBRIC, 5)


def test_an_empty_form_decides_nothing() -> None:
    with pytest.raises(Problem, match="Tick a line"):
        decide(Typed(comment="well"), RUBRIC, 5)


def test_a_line_that_somebody_removed_is_refused() -> None:
    with pytest.raises(Problem, match="removed"):
        decide(Typed((1, 9)), RUBRIC, 5)


def test_points_are_read_as_people_write_them() -> None:
    assert [points_in(text) for text in (" 2 ", "2.5", "2,5", "−1", ".5")] == [2, 2.5, 2.5, -1, 0.5]
    assert [counted(1, "score"), counted(0, "score"), counted(2, "score")] == ["1 score", "0 scores", "2 scores"]
