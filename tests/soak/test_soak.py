"""A short soak; `python -m tests.soak.run` is the long one."""

import pytest

from tests.soak.run import soak


@pytest.mark.slow
@pytest.mark.xdist_group("cluster")
def test_with_workers_killed_at_random_nothing_is_lost_or_doubled():
    outcome = soak(notebooks=60, workers=3, threads=2, every=1.0, sleep=0.6, seed=1)
    assert (outcome.rows, outcome.results, outcome.failed, outcome.doubled) == (60, 60, 0, 0), outcome.said
    assert outcome.status == 1  # points are lost, as by the rubric of the tests
    assert outcome.kills
