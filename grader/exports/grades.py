"""The grade of each submission, from the store: what a person has confirmed and released."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Points:
    """Points that count, out of `possible`; `waiting` points are neither earned nor lost until a person has read."""

    earned: float
    possible: float
    waiting: float = 0.0
    ungraded: float = 0.0


@dataclass(frozen=True)
class Grade:
    """The grade of one submission: its points, those of its items, and lines of text for the student.

    `problem` is '' or the reason why there is no grade.
    """

    submission: str
    total: Points
    items: Mapping[str, Points] = field(default_factory=dict)
    released: bool = False
    problem: str = ""
    comments: tuple[str, ...] = ()

    def points(self, item: str | None) -> Points | None:
        """Return the points of an item, or of all together; None if this submission has no such item."""
        return self.total if item is None else self.items.get(item)
