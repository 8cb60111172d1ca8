"""The parts of the points."""

from dataclasses import replace

from grader.reports.score import parts
from tests.browser.samples import faulty, refused


def test_the_parts_fill_the_bar_in_order():
    found = parts(faulty())
    assert [(part.kind, part.points) for part in found] == [
        ("earned", 9), ("waiting", 7), ("ungraded", 3), ("lost", 11),
    ]  # fmt: skip
    assert abs(sum(part.width for part in found) - 1000) < 0.5
    assert [part.start for part in found] == [0, 300, 533.3, 633.3]


def test_empty_parts_are_left_out():
    whole = replace(faulty(), items=(), score=30, provisional=0, ungraded=0)
    assert [part.kind for part in parts(whole)] == ["earned"]
    assert parts(replace(refused(), max_score=0)) == ()
