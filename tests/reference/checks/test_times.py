"""Which times each question wants: with testing or without, and those of its own device."""

from __future__ import annotations

import pytest

from grader.assignment import Evidence, Fail
from reference.models import CNN
from reference.rubric import RUBRIC
from tests.reference.checks.test_epochs import TWENTY, evidence, models, trained

EACH = {  # a training takes 4 s and its test 1 s
    "q3": lambda text: evidence(TWENTY, printed={26: text}),
    "q7": lambda text: evidence(trained(39, 2), seen=models(1, CNN), printed={39: text}),
    "q8": lambda text: evidence(trained(32, 2, device="cuda:0"), seen=models(1, CNN), printed={32: text}),
}


def check(e: Evidence, item: str, name: str) -> str:
    (found,) = (check for check in RUBRIC.item(item).checks if check.id == f"{item}.{name}")
    return str(found.run(e))


def times(seconds: str, count: int) -> str:
    return "".join(f"epoch {n}: {seconds} s\n" for n in range(1, count + 1))


@pytest.mark.parametrize(("item", "name", "count"), [("q3", "epoch_time", 10), ("q7", "time", 2), ("q8", "time", 2)])
def test_the_time_of_an_epoch_with_its_test_is_right_everywhere(item: str, name: str, count: int) -> None:
    assert check(EACH[item](times("5.01", count)), item, name)


@pytest.mark.parametrize(("item", "name", "count"), [("q3", "epoch_time", 10), ("q7", "time", 2)])
def test_a_clock_that_stops_before_the_test_loses_half_where_testing_is_asked_for(
    item: str, name: str, count: int
) -> None:
    with pytest.raises(
        Fail, match=r"the training alone took 4\.0 s, and training and testing together 5\.0 s"
    ) as caught:
        check(EACH[item](times("4.01", count)), item, name)
    assert caught.value.credit == 0.5
    assert caught.value.expected == f"the time of each of {count} epochs, training and testing together"


def test_question_8_asks_for_the_seconds_of_each_epoch_only() -> None:
    assert check(EACH["q8"](times("4.01", 2)), "q8", "time")
    with pytest.raises(Fail):
        check(EACH["q8"](times("1.01", 2)), "q8", "time")


def test_the_total_of_question_3_includes_testing() -> None:
    assert check(EACH["q3"]("10 epochs: 50.0 s"), "q3", "total_time")
    with pytest.raises(Fail, match=r"leaves out testing: 40\.0 s, and training alone took 40\.0 s"):
        check(EACH["q3"]("10 epochs: 40.0 s"), "q3", "total_time")
