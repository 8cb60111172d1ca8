"""Spans of seconds that a right clock may show, and whether a printed time is one of them."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from grader.checks.printed_times import PrintedTime

__all__ = ["Clocks", "Span"]

Interval: TypeAlias = tuple[float, float]

SLACK_SECONDS = 0.05  # per epoch: the difference between a student's clock and the recorder's
SLACK_SHARE = 0.1


@dataclass(frozen=True)
class Span:
    """The seconds that a right clock may show: from `low` (passes alone) to `high` (with everything around them).

    >>> Span(4.0, 5.0).slack
    0.5
    """

    low: float
    high: float
    epochs: int = 1
    shorter: float | None = None  # the most seconds by which a right clock may show less than `low`; None: `slack`

    @property
    def slack(self) -> float:
        """How many seconds a right clock may show too many."""
        slack = max(SLACK_SECONDS * self.epochs, SLACK_SHARE * self.high)
        return slack if self.epochs == 1 else min(slack, self.high / 2)  # one epoch's time must not pass for many

    @property
    def below(self) -> float:
        """How many seconds a right clock may show too few: it runs during the passes, so less than too many."""
        return min(self.slack, self.low / 2 if self.shorter is None else self.shorter)

    def fits(self, time: PrintedTime) -> bool:
        """Return whether a printed time may be this one."""
        return time.agrees(self.low, self.high, self.slack, self.below)


class Clocks:
    """The times that something in the run took, to tell quickly whether a printed time is one of them.

    >>> from grader.checks.printed_times import printed_times
    >>> clocks = Clocks([Span(4.0, 4.5), Span(40.0, 45.0, epochs=10)])
    >>> [clocks.explain(time) for time in printed_times("4.2 s, 12.0 s, 43.8 s")]
    [True, False, True]
    """

    def __init__(self, spans: Iterable[Span]) -> None:
        """Remember `spans`."""
        merged: list[Interval] = []
        for low, high in sorted((span.low - span.below, span.high + span.slack) for span in spans):
            if merged and low <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
            else:
                merged.append((low, high))
        self._lows, self._highs = [low for low, _ in merged], [high for _, high in merged]

    def explain(self, time: PrintedTime) -> bool:
        """Return whether a printed time may be one of these; 0 always may."""
        return any(r.value == 0 or self.include(r.value, r.step) for r in time.readings)

    def include(self, seconds: float, step: float = 0.0) -> bool:
        """Return whether a number of seconds, cut off or rounded to `step`, is one of these times."""
        place = bisect.bisect_left(self._highs, seconds - step / 2)
        return place < len(self._lows) and self._lows[place] <= seconds + step
