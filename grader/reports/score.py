"""Divide a result's points: earned, waiting for a person, not graded, lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.result import Result


@dataclass(frozen=True)
class Part:
    """A part of the points, from `start` on, both in per mille of all points; `kind` names it."""

    kind: str
    points: float
    start: float
    width: float


def parts(result: Result) -> tuple[Part, ...]:
    """Return the parts of the result's points in order, without empty ones."""
    if not result.max_score > 0:
        return ()
    lost = max(0.0, result.max_score - result.confirmed - result.waiting - result.beyond)
    counted = {
        "earned": result.confirmed,
        "waiting": result.waiting,
        "ungraded": result.beyond,
        "lost": lost,
    }
    found, start = [], 0.0
    for kind, points in counted.items():
        if round(points, 2) > 0:
            width = 1000 * points / result.max_score
            found.append(Part(kind, round(points, 2), round(start, 1), round(width, 1)))
            start += width
    return tuple(found)
