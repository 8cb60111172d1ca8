"""A short, repeatable run of every target; `python -m tests.fuzz.run` is the long one."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, seed, settings

from tests.fuzz.mutating import cases
from tests.fuzz.run import checked
from tests.fuzz.targets import TARGETS

EXAMPLES = {"notebook": 40, "answer": 150, "events": 100}


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_but_the_documented_comes_out(name: str) -> None:
    target = TARGETS[name]
    run = settings(
        max_examples=EXAMPLES.get(name, 200), deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )(seed(20_240_917)(given(cases(target.make))(lambda case: checked(target, case))))
    run()
