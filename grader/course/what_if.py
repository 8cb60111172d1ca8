"""Find whose points would change with other points for checks and items, or other limits on losses.

With other points a check keeps the share of its points that it earned. Nothing here changes anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from grader.course.points import Points, rescaled, with_points
from grader.course.records import Verdict
from grader.course.scores import Standing
from grader.course.store import Row
from grader.course.totals import with_decisions
from grader.errors import GraderError
from grader.formatting import number
from grader.result import ItemResult


class WhatIfError(GraderError):
    """The points or limits cannot be used; the message is one sentence."""


@dataclass(frozen=True)
class Change:
    """A submission whose points would change: its points before and after, and the items whose points differ."""

    submission: str
    student: str
    before: Standing
    after: Standing

    @property
    def points(self) -> float:
        """The points that it would win, negative if it would lose some."""
        return round(self.after.score - self.before.score, 2)

    @property
    def items(self) -> tuple[tuple[str, float, float], ...]:
        """The id of each item whose points differ, with the points before and after."""
        old = {item.id: item for item in self.before.items}
        return tuple(
            (item.id, old[item.id].score, item.score)
            for item in self.after.items
            if item.id in old and old[item.id].score != item.score
        )


def parse_points(texts: Iterable[str]) -> dict[str, float]:
    """Parse assignments such as 'q7.time=3'. Raises WhatIfError.

    >>> parse_points(["q7.time=3", "q2=12.5"])
    {'q7.time': 3.0, 'q2': 12.5}
    """
    found: dict[str, float] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            points = float(value)
        except ValueError:
            points = math.nan
        if not name.strip() or not equals or not math.isfinite(points) or points < 0:
            raise WhatIfError(f"'{text}' is not like q7.time=3: a check or an item, and a number from 0")
        found[name.strip()] = points
    return found


def known(points: Points, checks: Mapping[str, Sequence[str]], most: float = 1_000.0) -> dict[str, float]:
    """Return the points with the ids as the class has them; `checks` are those of each item.

    Raises WhatIfError for another id, and for more points than `most`.

    >>> known({"Q1.TIME": 3.0}, {"q1": ("q1.text", "q1.time")})
    {'q1.time': 3.0}
    """
    names = {name.casefold(): name for item, those in checks.items() for name in (item, *those)}
    found = {}
    for name, value in points.items():
        if name.casefold() not in names:
            there = checks.get(name.partition(".")[0], ())
            having = f"that item has {', '.join(there)}" if there else f"the items are {', '.join(checks) or 'none'}"
            raise WhatIfError(f"no submission has a check or an item '{name}'; {having}")
        if value > most:
            raise WhatIfError(f"{name} cannot have {number(value)} points; {number(most)} are the most")
        found[names[name.casefold()]] = value
    return found


def concerned(points: Points, checks: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return all checks of the items that the points are for, also those whose own points stay.

    >>> concerned({"q1.time": 3.0}, {"q1": ("q1.text", "q1.time"), "q2": ("q2.a",)})
    ('q1.text', 'q1.time')
    """
    items = (those for item, those in checks.items() if item in points or any(check in points for check in those))
    return tuple(check for those in items for check in those)


def changes(
    rows: Iterable[Row],
    class_verdicts: Mapping[str, Sequence[Verdict]],
    points: Points,
    items: Callable[[str, Points], tuple[ItemResult, ...]],
) -> tuple[Change, ...]:
    """Return the submissions whose points or whose most points would differ, the largest change first.

    A person's verdict on a check keeps its share of the points; a mark stays as it is. `class_verdicts` are those of
    all checks of the items that the points are for, by the submission's name. `items` is `Store.items_of`; it is called
    only for submissions with decisions of which the points alone do not tell enough.
    """
    found = []
    for row in rows:
        if row.missing or row.machine.status == "failed":
            continue
        machine = with_points(row.machine, class_verdicts.get(row.entry.name, ()), points)
        overrides = row.final.overrides
        if overrides:
            overrides = rescaled(overrides, items(row.key, row.final.points), items(row.key, points))
        revised = partial(items, row.key, points)
        after = with_decisions(machine, row.entry.sha256, row.final.marks, overrides, revised).standing
        before = row.final.standing
        if (after.score, after.max_score) != (before.score, before.max_score):
            found.append(Change(row.entry.name, row.entry.student_name, before, after))
    return tuple(sorted(found, key=lambda one: (-abs(one.points), one.submission)))


def told(change: Change) -> str:
    """Return a change as a sentence: 'anna: 68 and 20 waiting of 100 becomes 70 and 20 waiting of 102: +2, q7 4 to 6'.

    What waits for a person is never counted as earned.
    """
    items = "".join(f", {item} {number(old)} to {number(new)}" for item, old, new in change.items)
    gain = f"{'+' if change.points > 0 else ''}{number(change.points)}"
    return f"{change.submission}: {_of(change.before)} becomes {_of(change.after)}: {gain}{items}"


def _of(points: Standing) -> str:
    waiting = f" and {number(points.waiting)} waiting" if points.waiting else ""
    return f"{number(points.confirmed)}{waiting} of {number(points.max_score)}"
