import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.calibration.student_t import quantile, tail

FREEDOMS = st.floats(0.5, 500)


@pytest.mark.parametrize(
    ("freedom", "probability", "t"),
    [  # upper points from Fisher and Yates, Statistical Tables, table III; Cauchy's in closed form
        (1, 0.025, 12.706),
        (4, 0.005, 4.604),
        (9, 0.0005, 4.781),
        (19, 0.025, 2.093),
        (19, 0.0005, 3.883),
        (1, 0.25, 1.0),
    ],
)
def test_printed_tables(freedom, probability, t):
    assert tail(t, freedom) == pytest.approx(probability, rel=2e-3)
    assert quantile(probability, freedom) == pytest.approx(t, abs=6e-4)


@pytest.mark.parametrize("t", [0.3, 1.7, 1.8, 40.0, 1e6])
def test_closed_forms_for_one_and_two_degrees_also_far_out(t):
    assert tail(t, 1) == pytest.approx(math.atan2(1, t) / math.pi, rel=1e-12)
    root = math.sqrt(2 + t * t)
    assert tail(t, 2) == pytest.approx(1 / (root * (root + t)), rel=1e-12)


@pytest.mark.parametrize("t", [1e-12, 1e-8, 1e-4])
def test_near_zero_the_tail_is_a_half_less_the_density_times_t(t):
    density = math.gamma(10) / (math.sqrt(19 * math.pi) * math.gamma(9.5))
    assert 0.5 - tail(t, 19) == pytest.approx(density * t, rel=1e-6, abs=2e-16)


def test_many_degrees_are_nearly_normal():
    assert tail(5.0, 1e6) == pytest.approx(math.erfc(5 / math.sqrt(2)) / 2, rel=1e-3)


@given(st.floats(-1e6, 1e6), FREEDOMS)
def test_both_tails_add_up_to_one(t, freedom):
    assert tail(t, freedom) + tail(-t, freedom) == pytest.approx(1)


@given(st.floats(0, 50), st.floats(1e-3, 50), FREEDOMS)
def test_the_tail_falls(t, more, freedom):
    assert tail(t + more, freedom) < tail(t, freedom)


@given(st.floats(1e-12, 0.49), FREEDOMS)
def test_a_quantile_is_exceeded_as_often_as_wanted_and_never_more(probability, freedom):
    found = quantile(probability, freedom)
    assert tail(found, freedom) <= probability
    assert tail(found, freedom) == pytest.approx(probability, rel=1e-6)


@pytest.mark.parametrize(("t", "freedom"), [(1.0, 0), (1.0, -1), (math.nan, 3), (1.0, math.nan)])
def test_an_undefined_tail_is_refused(t, freedom):
    with pytest.raises(ValueError, match="degrees of freedom"):
        tail(t, freedom)


@pytest.mark.parametrize("probability", [0.0, 0.5, -1e-6, math.nan])
def test_a_quantile_needs_a_probability_of_a_tail(probability):
    with pytest.raises(ValueError, match="between 0 and 1/2"):
        quantile(probability, 4)


def test_infinity_is_never_exceeded():
    assert tail(math.inf, 3) == 0
    assert tail(-math.inf, 3) == 1
