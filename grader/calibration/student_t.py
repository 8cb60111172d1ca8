"""Tail probabilities of Student's t distribution, exact far into the tail, where 1 minus a cumulative sum would be noise.

scipy has them, but grader does not need scipy otherwise; torch and numpy have only the density.
"""

from __future__ import annotations

import math

_SMALLEST = 1e-300  # in place of a zero denominator
_TERMS = 1000
_PRECISION = 1e-15


def tail(t: float, freedom: float) -> float:
    """P(T > t) for Student's t with `freedom` degrees of freedom, to about 12 digits also where it is tiny.

    For t > 0 it is I_x(freedom/2, 1/2)/2 with x = freedom/(freedom + t^2) (Abramowitz and Stegun 26.7.1 and 26.5.27).
    Raises ValueError for `freedom` <= 0 or a t that is no number.
    """
    if not freedom > 0 or math.isnan(t):
        raise ValueError("Student's t needs a number and more than 0 degrees of freedom")
    if t < 0:
        return 1 - tail(-t, freedom)
    if math.isinf(t):
        return 0.0
    square = t * t
    if square < 3:  # the complement loses nothing here, and its fraction converges faster
        return (1 - _incomplete_beta(0.5, freedom / 2, square / (freedom + square))) / 2
    return _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + square)) / 2


def quantile(probability: float, freedom: float) -> float:
    """The t > 0 that is exceeded with `probability`, or hardly less: its tail is never more. 0 < probability < 1/2.

    By bisection, as the tail falls monotonically. Raises ValueError for other probabilities.
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


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b) by its continued fraction (DLMF 8.17.22), evaluated forwards by
    the modified Lentz method (Thompson and Barnett 1986; Press et al., Numerical Recipes, 6.4)."""
    if x <= 0:
        return 0.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x) - math.log(a)
    )
    numerator, denominator = 1.0, _nonzero(1 - (a + b) * x / (a + 1))
    denominator = 1 / denominator
    value = denominator
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        factor = 1.0
        for term in (even, odd):
            denominator = 1 / _nonzero(1 + term * denominator)
            numerator = _nonzero(1 + term / numerator)
            factor = denominator * numerator
            value *= factor
        if abs(factor - 1) < _PRECISION:
            break
    return front * value


def _nonzero(value: float) -> float:
    return value if abs(value) > _SMALLEST else _SMALLEST
