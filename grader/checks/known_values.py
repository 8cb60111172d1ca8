"""The measured losses and accuracies of a run, which are printed too and are no times."""

from __future__ import annotations

import bisect
import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from grader.checks.printed_numbers import Reading
from grader.evidence.trainings import Epoch

__all__ = ["Known", "known_values"]


@dataclass(frozen=True)
class Known:
    """Measured losses and accuracies: a number without unit or label that shows one of them is not taken for a time.

    `summaries` are values of whole epochs, compared with any rounding; `picked` are losses that are often printed,
    compared with numbers of at least three decimals; `losses` are those of all batches, formatted to five digits.

    >>> Known(summaries=(0.2534,)).shown_by(Reading(0.25, step=0.01))
    True
    """

    summaries: tuple[float, ...] = ()
    picked: tuple[float, ...] = ()
    losses: frozenset[str] = frozenset()

    def shown_by(self, reading: Reading) -> bool:
        """Return whether a printed number may be one of them."""
        if f"{reading.value:.5g}" in self.losses and reading.step <= abs(reading.value) * 1e-4:
            return True
        return _near(self._summaries, reading) or (reading.step <= 0.0011 and _near(self._picked, reading))

    @functools.cached_property
    def _summaries(self) -> list[float]:
        return _as_printed(self.summaries)

    @functools.cached_property
    def _picked(self) -> list[float]:
        return _as_printed(self.picked)


def _as_printed(values: Sequence[float]) -> list[float]:
    """Return the values, as they are and in percent, in order."""
    return sorted(v for value in values if math.isfinite(value) for v in (value, 100 * value))


def _near(values: Sequence[float], reading: Reading) -> bool:
    """Return whether one of these sorted values may be the number, rounded to its last digit."""
    slack = max(reading.step * 0.51, 1e-6 * abs(reading.value))
    place = bisect.bisect_left(values, reading.value - slack)
    return place < len(values) and values[place] <= reading.value + slack


def known_values(epochs: Sequence[Epoch]) -> Known:
    """Return the epochs' losses and accuracies: numbers that a student prints and that are not times.

    >>> known_values([])
    Known(summaries=(), picked=(), losses=frozenset())
    """
    passes = [seen for epoch in epochs for seen in (epoch.train, epoch.test) if seen is not None]
    summaries = [v for seen in passes for v in (seen.mean_loss, seen.sample_loss, seen.accuracy) if v is not None]
    losses = [loss for seen in passes for loss in seen.losses if loss is not None]
    picked = [v for seen in passes for v in (*seen.losses[-1:], *seen.losses[::100]) if v is not None]
    return Known(tuple(summaries), tuple(picked), frozenset(f"{loss:.5g}" for loss in losses))
