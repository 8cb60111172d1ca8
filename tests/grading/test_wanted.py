"""Which items the caller names."""

from __future__ import annotations

import pytest

from grader.assignment import UnknownItem
from grader.grading.wanted import wanted_items
from tests.conftest import RUBRIC


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (None, None),
        ("b", ("b",)),
        ("B", ("b",)),
        ("c,a", ("a", "c")),
        (" c , A ", ("a", "c")),
        (["c", "a,b"], ("a", "b", "c")),
        (["c c", "C"], ("c",)),
        ([" ", ""], None),
    ],
)
def test_items_are_named_in_any_order_and_case(given, wanted):
    assert wanted_items(RUBRIC, given) == wanted


def test_an_unknown_item_is_refused_with_the_nearest_and_all_others():
    from reference.rubric import RUBRIC as reference

    with pytest.raises(UnknownItem, match=r"no item 'q33'; did you mean q3\? there are mlp, data"):
        wanted_items(reference, "q1,q33")
    with pytest.raises(UnknownItem, match=r"no item 'cpu-loop'; did you mean cpu_loops\? there are mlp"):
        wanted_items(reference, "cpu-loop")
    with pytest.raises(UnknownItem, match=r"no item 'x'; there are mlp"):
        wanted_items(reference, "x")
