"""The parts of the points, and what cost most."""

from dataclasses import replace

from grader.reports.score import costliest, lost, parts
from tests.browser.samples import faulty, refused


def test_the_parts_fill_the_bar_in_order():
    found = parts(faulty())
    assert [(part.kind, part.points) for part in found] == [
        ("earned", 9), ("provisional", 5), ("ungraded", 5), ("lost", 11),
    ]  # fmt: skip
    assert abs(sum(part.width for part in found) - 1000) < 0.5
    assert [part.start for part in found] == [0, 300, 466.7, 633.3]


def test_empty_parts_are_left_out():
    whole = replace(faulty(), score=30, provisional=0, ungraded=0)
    assert [part.kind for part in parts(whole)] == ["earned"]
    assert parts(replace(refused(), max_score=0)) == ()


def test_what_cost_most_comes_first_and_what_could_not_be_graded_cost_nothing():
    assert [(item.id, cost) for item, cost in costliest(faulty())] == [("q4", 8), ("q1", 2), ("q3", 1)]
    assert [(item.id, cost) for item, cost in costliest(faulty(), 1)] == [("q4", 8)]
    assert {item.id: lost(item) for item in faulty().items if item.status in ("not_graded", "error")} == {
        "q5": 0,
        "q6": 0,
    }
