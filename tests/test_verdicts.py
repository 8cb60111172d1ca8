"""The bytes of a verdict: what they hold, and what they leave out."""

import json
from dataclasses import replace

import pytest

from tests.conftest import make_result
from tests.verdicts import verdict_bytes


def with_message(message):
    result = make_result("x")
    item = result.items[0]
    return replace(result, items=(replace(item, checks=(replace(item.checks[0], message=message),)),))


def test_where_and_when_and_the_facts_are_no_part_of_it(result):
    elsewhere = replace(result, environment={"torch": "9", "seconds": {"all": 3.5}}, digests=type(result.digests)("x"))
    assert verdict_bytes(elsewhere) == verdict_bytes(result)
    found = json.loads(verdict_bytes(result))
    assert [item["score"] for item in found["items"]] == [item.score for item in result.items]
    assert found["items"][1]["checks"][1]["hint"] == "count again"
    assert all("evidence" not in check for item in found["items"] for check in item["checks"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10 times printed for epochs that took 0.03 to 0.18 s", "10 times printed for epochs that took 0.25 s"),
        ("printed 0.68 s; 10 epochs took 0.86 s", "printed 1.5 s; 10 epochs took 12.0 s"),
        ("printed 1.2e-05 seconds", "printed 17 seconds"),
        ("printed 900 ms", "printed 12.5 ms"),
        ("<A object at 0x7f3a1c00>", "<A object at 0x7fffffffd00>"),
    ],
)
def test_what_a_clock_says_does_not_count(one, other):
    assert verdict_bytes(with_message(one)) == verdict_bytes(with_message(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("records 2.0568, the average loss", "records 2.0569, the average loss"),
        ("10 times printed", "9 times printed"),
        ("returns 1492 steps", "returns 1493 steps"),
        ("memory of 0x10", "memory of 0x11"),
        ("printed 5 s", "printed nothing"),
    ],
)
def test_all_else_does(one, other):
    assert verdict_bytes(with_message(one)) != verdict_bytes(with_message(other))
