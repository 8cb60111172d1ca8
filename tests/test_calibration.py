import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.calibration import thresholds, upper_limit


def test_a_limit_needs_twenty_seeds():
    with pytest.raises(ValueError, match="20 seeds"):
        upper_limit([0.1] * 19)


@given(st.lists(st.floats(0.01, 5), min_size=20, max_size=40))
def test_the_limit_lies_above_all_that_was_measured_or_close_to_it(losses):
    assert upper_limit(losses) >= math.exp(sum(map(math.log, losses)) / len(losses)) * 0.999


def test_the_limit_is_rarely_exceeded_by_more_of_the_same():
    draw = random.Random(1)
    limit = upper_limit([math.exp(draw.gauss(-2, 0.1)) for _ in range(20)])
    assert all(math.exp(draw.gauss(-2, 0.1)) < limit for _ in range(100_000))


def test_stored_limits_are_found_by_the_number_of_images():
    stored = {"8192": {"seeds": 20, "limits": {"mlp.loss.10": {"high": 0.4, "median": 0.3}}}}
    found = thresholds(stored, 8192)
    assert found["mlp.loss.10"].high == 0.4
    assert "20 seeds" in found["mlp.loss.10"].source
    assert thresholds(stored, 60000) == {}
