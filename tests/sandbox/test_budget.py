"""Questions to a notebook count against its time."""

from __future__ import annotations

import time

import pytest

from grader.sandbox.budget import Budget
from grader.sandbox.kernel import Kernel, RequestFailed
from grader.sandbox.limits import Limits

LIMITS = Limits(total_seconds=100, probing_seconds=30)


def test_questions_have_what_the_run_left_but_never_less_than_their_own() -> None:
    budget = Budget(LIMITS)
    assert (budget.left(asking=False), budget.left(asking=True)) == (100, 100)
    budget.spend(60, asking=False)
    assert (budget.left(asking=False), budget.left(asking=True)) == (40, 40)
    budget.spend(39, asking=False)
    budget.spend(10, asking=True)
    assert (budget.left(asking=False), budget.left(asking=True)) == (1, 20)
    assert budget.used_up(asking=True) == "the grader's earlier questions to this notebook used all of their 30 s"


def test_questions_take_nothing_from_the_run() -> None:
    budget = Budget(LIMITS)
    budget.spend(1000, asking=True)
    assert budget.left(asking=False) == 100
    assert budget.left(asking=True) < 0


@pytest.mark.slow
def test_kernels_share_the_time_for_questions_and_one_that_takes_it_all_is_not_asked_again() -> None:
    limits = Limits(total_seconds=2, probing_seconds=2, interrupt_grace_seconds=1)
    budget = Budget(limits)
    slow = "import time\nimport grader.in_kernel.agent as agent\nagent.handle = lambda size: time.sleep(30)"
    with Kernel({}, limits, budget=budget) as kernel:
        assert kernel.run_cell(0, slow).status == "ok"
        began = time.monotonic()
        with pytest.raises(RequestFailed, match="no answer within"):
            kernel.request("probe.describe", {}, 20)
        assert time.monotonic() - began < 8
        with pytest.raises(RequestFailed, match="not asked: the grader's earlier questions to this notebook used all"):
            kernel.request("probe.describe", {}, 20)
        assert kernel.run_cell(1, "1").reason.startswith("not run: the grader's earlier questions")
    with Kernel({}, limits, budget=budget) as other, pytest.raises(RequestFailed, match="not asked"):
        other.request("probe.describe", {}, 20)
    assert budget.left(asking=False) == 2
