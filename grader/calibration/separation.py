"""Compute the effect of a limit: how often it rejects a correct run, and which faults it still detects.

Losses under different seeds are taken as log-normal. The logarithm of one more then follows Student's t distribution
around the mean of the measured ones, widened by the uncertainty of that mean: the prediction interval for one future
observation of a normal sample (Hahn and Meeker, Statistical Intervals, 1991, section 4.7). 20 seeds cannot show a tail
of 1e-6: the probability rests on the log-normal shape, and `Separation.normality` tests whether the seeds agree with
it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from grader.calibration import student_t

WANTED = 1e-6  # largest probability with which all limits together may reject a correct training
TOLD_APART = 0.01  # largest probability with which a fault that counts as detected may pass a limit
LEAST_SEEDS = 20

Bound = Literal["at most", "at least"]


@dataclass(frozen=True)
class Prediction:
    """The distribution of one more value: its logarithm is `centre` + `scale` * t, with `freedom` degrees for t."""

    centre: float
    scale: float
    freedom: float

    def above(self, limit: float) -> float:
        """Return the probability that the value is over the limit, which is positive or infinite."""
        return self._tail(math.log(limit) - self.centre)

    def below(self, limit: float) -> float:
        """Return the probability that the value is under the limit, which is positive."""
        return self._tail(self.centre - math.log(limit))

    def _tail(self, distance: float) -> float:
        if self.scale == 0:
            return float(distance < 0)
        return student_t.tail(distance / self.scale, self.freedom)

    def upper_limit(self, probability: float) -> float:
        """Return the value that is exceeded with this probability, 0 < probability < 1/2."""
        return math.exp(self.centre + student_t.quantile(probability, self.freedom) * self.scale)

    def density(self, value: float) -> float:
        """Return the density at a positive value, with respect to its natural logarithm."""
        t = (math.log(value) - self.centre) / self.scale
        half = (self.freedom + 1) / 2
        front = math.lgamma(half) - math.lgamma(self.freedom / 2) - math.log(self.freedom * math.pi) / 2
        return math.exp(front - half * math.log1p(t * t / self.freedom)) / self.scale


def predict(values: Sequence[float]) -> Prediction:
    """Predict one more of these positive values. Raises ValueError for fewer than two, or one that is not positive."""
    if len(values) < 2 or min(values) <= 0:
        raise ValueError("a prediction needs at least two values, all positive")
    logs = [math.log(value) for value in values]
    widened = math.sqrt(1 + 1 / len(logs))
    return Prediction(statistics.fmean(logs), widened * statistics.stdev(logs), len(logs) - 1)


def predict_ratio(values: Sequence[float], others: Sequence[float] | None = None) -> Prediction:
    """Predict the ratio of one more of these positive values to one more of the others.

    Without `others` it is the ratio of two further values of one sample, whose mean cancels. With `others` the degrees
    of freedom are those of the smaller sample, which is never too many. Raises ValueError as `predict` does.
    """
    mine = predict(values)
    if others is None:
        deviation = mine.scale / math.sqrt(1 + 1 / len(values))
        return Prediction(0.0, math.sqrt(2) * deviation, mine.freedom)
    theirs = predict(others)
    scale = math.hypot(mine.scale, theirs.scale)
    return Prediction(mine.centre - theirs.centre, scale, min(mine.freedom, theirs.freedom))


def upper_limit(losses: Sequence[float], probability: float) -> float:
    """Return the loss that one more run of the reference exceeds with at most this probability.

    It is rounded up to four decimals. `losses` are positive, from at least 20 seeds. Raises ValueError for fewer.
    """
    if len(losses) < LEAST_SEEDS:
        raise ValueError(f"a threshold needs at least {LEAST_SEEDS} seeds")
    exact = predict(losses).upper_limit(probability)
    return math.ceil(round(exact * 1e4, 6)) / 1e4


@dataclass(frozen=True)
class Fault:
    """A faulty training compared with a limit. `accepted` is the probability that it passes.

    `values` are in the unit of the limit; `prediction` is None if too few of them are finite.
    """

    name: str
    words: str
    values: tuple[float, ...]
    prediction: Prediction | None
    accepted: float

    @property
    def median(self) -> float:
        """The median of all values; infinite if most of them are."""
        return statistics.median(self.values)


@dataclass(frozen=True)
class Separation:
    """The effect of one limit. `false_reject` is the probability that it rejects one more correct run.

    `values` are measured on correct runs, in the unit of the limit. `normality` is the p-value of the normality of
    their logarithms, `skewness` their third standardised moment: if it is negative, the tail over an upper limit is
    shorter than assumed. `told` are the faults that the limit detects, the nearest first, `missed` the others.
    """

    key: str
    bound: Bound
    limit: float
    values: tuple[float, ...]
    prediction: Prediction
    false_reject: float
    normality: float
    skewness: float
    told: tuple[Fault, ...] = ()
    missed: tuple[Fault, ...] = ()

    @property
    def median(self) -> float:
        """The median of the correct values."""
        return statistics.median(self.values)

    @property
    def sound(self) -> bool:
        """True if a correct run is rejected as rarely as wanted."""
        return self.false_reject < WANTED

    @property
    def nearest(self) -> Fault | None:
        """The nearest fault that is still detected."""
        return self.told[0] if self.told else None


Faults = Mapping[str, tuple[str, Sequence[float | None]]]  # name -> words and losses, None where one is not finite


def separation(key: str, limit: float, right: Sequence[float], faults: Faults) -> Separation:
    """Return the effect of an upper limit on a loss. Raises ValueError for fewer than 8 correct losses."""
    found = []
    for name, (words, losses) in faults.items():
        values = [math.inf if loss is None else loss for loss in losses]
        finite = [value for value in values if math.isfinite(value)]
        prediction = predict(finite) if len(finite) > 1 else None
        found.append(Fault(name, words, tuple(values), prediction, _passing(values, prediction, limit)))
    found.sort(key=lambda fault: fault.median)
    prediction = predict(right)
    return _separation(key, "at most", limit, right, prediction, prediction.above(limit), found)


def ratio_separation(key: str, limit: float, right: Sequence[float], faults: Faults) -> Separation:
    """Return the effect of a lower limit on the ratio of a loss to the reference's under another seed.

    The values are divided by the median of the correct ones. Raises ValueError for fewer than 8 correct losses.
    """
    middle = statistics.median(right)
    found = []
    for name, (words, losses) in faults.items():
        finite = [loss for loss in losses if loss is not None]
        if len(finite) > 1:
            prediction = predict_ratio(finite, right)
            values = tuple(loss / middle for loss in finite)
            found.append(Fault(name, words, values, prediction, prediction.above(limit)))
    found.sort(key=lambda fault: -fault.median)
    prediction, ratios = predict_ratio(right), [value / middle for value in right]
    return _separation(key, "at least", limit, ratios, prediction, prediction.below(limit), found)


def _passing(values: Sequence[float], prediction: Prediction | None, limit: float) -> float:
    """Return the probability that one more faulty run passes the limit. A loss that is not finite never does."""
    if prediction is None:  # too few for a distribution: the share of those measured
        return sum(value <= limit for value in values) / len(values)
    return sum(map(math.isfinite, values)) / len(values) * prediction.below(limit)


def _separation(
    key: str,
    bound: Bound,
    limit: float,
    values: Sequence[float],
    prediction: Prediction,
    false_reject: float,
    faults: Sequence[Fault],
) -> Separation:
    logs = [math.log(value) for value in values]
    told = tuple(fault for fault in faults if fault.accepted <= TOLD_APART)
    missed = tuple(fault for fault in faults if fault.accepted > TOLD_APART)
    shape = (normality(logs), skewness(logs))
    return Separation(key, bound, limit, tuple(values), prediction, false_reject, *shape, told, missed)


# --- tests of the log-normal shape --------------------------------------------------------------------------------


def normality(values: Sequence[float]) -> float:
    """Return the p-value of the Anderson-Darling test of normality; mean and deviation are unknown.

    A small one says that the values are not normal; it is 1.0 if all are equal. The test gives most weight to the
    tails. Statistic and p-value after Stephens (D'Agostino and Stephens, Goodness-of-Fit Techniques, 1986, table 4.9).
    Raises ValueError for fewer than 8 values, for which the test is not made.
    """
    count = len(values)
    if count < 8:
        raise ValueError("the test of normality needs at least 8 values")
    mean, deviation = statistics.fmean(values), statistics.stdev(values)
    if deviation == 0:
        return 1.0
    ordered = [(value - mean) / deviation for value in sorted(values)]
    normal = NormalDist()
    logs = [math.log(max(normal.cdf(z), 1e-300)) for z in ordered]
    complements = [math.log(max(normal.cdf(-z), 1e-300)) for z in reversed(ordered)]
    total = sum((2 * i + 1) * (a + b) for i, (a, b) in enumerate(zip(logs, complements, strict=True)))
    a = (-count - total / count) * (1 + 0.75 / count + 2.25 / count**2)
    if a >= 0.6:
        return min(1.0, math.exp(1.2937 - 5.709 * a + 0.0186 * min(a, 13) ** 2))
    if a >= 0.34:
        return math.exp(0.9177 - 4.279 * a - 1.38 * a * a)
    if a >= 0.2:
        return 1 - math.exp(-8.318 + 42.796 * a - 59.938 * a * a)
    return 1 - math.exp(-13.436 + 101.14 * a - 223.73 * a * a)


def skewness(values: Sequence[float]) -> float:
    """Return the third standardised moment, or 0.0 if all values are equal."""
    mean = statistics.fmean(values)
    deviation = statistics.pstdev(values)
    return 0.0 if deviation == 0 else statistics.fmean(((value - mean) / deviation) ** 3 for value in values)
