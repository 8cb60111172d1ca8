"""Tail probabilities and quantiles of Student's t distribution, exact far into the tail.

There, 1 minus a cumulative probability would be rounding noise. torch and numpy have only the density; scipy has the
tails, but nothing else in grader needs scipy.
"""

from __future__ import annotations

import math
from functools import lru_cache

_DIGITS = 30  # of the arithmetic: near t = 0 the tail depends on 1 - x, of which 16 digits would keep too few


def tail(t: float, freedom: float) -> float:
    """Return P(T > t) for Student's t with `freedom` degrees of freedom, to about 12 digits even where it is tiny.

    For t > 0 it is I_x(freedom/2, 1/2)/2 with x = freedom/(freedom + t^2) (Abramowitz and Stegun 26.7.1 and 26.5.27).
    Raises ValueError for `freedom` <= 0 and for a t that is NaN.
    """
    import mpmath

    if not freedom > 0 or math.isnan(t):
        raise ValueError("Student's t needs a number and more than 0 degrees of freedom")
    if t < 0:
        return 1 - tail(-t, freedom)
    with mpmath.workdps(_DIGITS):
        x = freedom / (freedom + mpmath.mpf(t) ** 2)
        return float(mpmath.betainc(freedom / 2, 0.5, 0, x, regularized=True) / 2)


@lru_cache(maxsize=256)  # all limits of one data set ask for the same one
def quantile(probability: float, freedom: float) -> float:
    """Return the t > 0 that is exceeded with `probability`, rounded up: its tail is never more. 0 < probability < 1/2.

    Found by bisection, as the tail falls monotonically. Raises ValueError for other probabilities.
    """
    if not 0 < probability < 0.5:
        raise ValueError("the probability of a tail lies between 0 and 1/2")
    low, high = 0.0, 1.0
    while tail(high, freedom) > probability:
        low, high = high, 2 * high
    while (middle := (low + high) / 2) not in (low, high):
        if tail(middle, freedom) > probability:
            low = middle
        else:
            high = middle
    return high
