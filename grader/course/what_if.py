"""What if: whose points would change with other points for checks and items, or other limits on losses.

With other points a check keeps the share of its points that it earned. Nothing here changes anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grader.course.scores import ItemStanding, Standing, with_decisions
from grader.course.verdicts import Verdict
from grader.errors import GraderError
from grader.formatting import number
from grader.result import CheckResult, ItemResult, Result

if TYPE_CHECKING:
    from grader.course.store import Row

Points = Mapping[str, float]
"""Points by the id of a check or an item. An item's are shared among its checks in proportion."""


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


def known(points: Points, checks: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Return the points with the ids as the class has them; `checks` are those of each item. Raises WhatIfError.

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
        found[names[name.casefold()]] = value
    return found


def concerned(points: Points, checks: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return all checks of the items that the points are for, also those whose own points stay.

    >>> concerned({"q1.time": 3.0}, {"q1": ("q1.text", "q1.time"), "q2": ("q2.a",)})
    ('q1.text', 'q1.time')
    """
    items = (those for item, those in checks.items() if item in points or any(check in points for check in those))
    return tuple(check for those in items for check in those)


def shares(checks: Sequence[tuple[str, float]], item: str, points: Points) -> dict[str, float]:
    """Return the points of an item's checks, given with those of the rubric, after a change.

    A check's own entry in `points` counts; what is left of the item's is shared among the others in proportion, to the
    cent. An item whose other checks are worth nothing shares it evenly.

    >>> shares([("q1.a", 1.0), ("q1.b", 3.0)], "q1", {"q1": 8.0})
    {'q1.a': 2.0, 'q1.b': 6.0}
    """
    found = {check: points.get(check, most) for check, most in checks}
    free = [(check, most) for check, most in checks if check not in points]
    if item not in points or not free:
        return found
    rest = max(0.0, points[item] - sum(points[check] for check, _ in checks if check in points))
    weight = sum(most for _, most in free)
    given = 0.0
    for place, (check, most) in enumerate(free):
        share = most / weight if weight else 1 / len(free)
        found[check] = round(rest - given, 2) if place == len(free) - 1 else round(rest * share, 2)
        given += found[check]
    return found


def with_points(machine: Standing, verdicts: Sequence[Verdict], points: Points) -> Standing:
    """Return a standing with other points; the same one if none of them are for it.

    `verdicts` are those of all checks of the items that the points are for.
    """
    by_item: dict[str, list[Verdict]] = {}
    for one in verdicts:
        by_item.setdefault(one.item, []).append(one)
    items = tuple(_item(item, by_item.get(item.id, ()), points) for item in machine.items)
    if items == machine.items:
        return machine
    return replace(
        machine,
        score=round(sum(item.score for item in items), 2),
        max_score=round(sum(item.max_score for item in items), 2),
        provisional=round(sum(item.provisional for item in items), 2),
        ungraded=round(sum(item.ungraded + item.defect for item in items), 2),
        lost=round(machine.lost - _lost(verdicts, {}) + _lost(verdicts, points), 2),
        items=items,
    )


def changes(rows: Iterable[Row], class_verdicts: Mapping[str, Sequence[Verdict]], points: Points) -> tuple[Change, ...]:
    """Return the submissions whose points or whose most points would differ, marks included; the largest change first.

    `class_verdicts` are those of all checks of the items that the points are for, by the submission's name.
    """
    found = []
    for row in rows:
        machine = with_points(row.machine, class_verdicts.get(row.entry.name, ()), points)
        after = with_decisions(machine, row.entry.sha256, row.final.marks, row.final.overrides, tuple).standing
        before = row.final.standing
        if (after.score, after.max_score) != (before.score, before.max_score):
            found.append(Change(row.entry.name, row.entry.student_name, before, after))
    return tuple(sorted(found, key=lambda one: (-abs(one.points), one.submission)))


def _item(item: ItemStanding, verdicts: Sequence[Verdict], points: Points) -> ItemStanding:
    if not verdicts or not (item.id in points or any(one.check in points for one in verdicts)):
        return item
    after = _revised(verdicts, points)
    lacking = {
        waits: sum(c.max_score - c.score for c in after if c.status in ("not_graded", "error") and c.waits is waits)
        for waits in (False, True)
    }
    score = round(sum(one.score for one in after), 2)
    status = item.status if item.status not in ("partial", "fail") else "partial" if score > 0 else "fail"
    return ItemStanding(
        item.id,
        status,
        score,
        round(sum(one.max_score for one in after), 2),
        round(sum(one.score for one in after if one.waits), 2),
        round(sum(one.max_score for one in after if one.waits), 2),
        round(lacking[False], 2),
        round(lacking[True], 2),
    )


def _revised(verdicts: Sequence[Verdict], points: Points) -> list[Verdict]:
    worth = shares([(one.check, one.max_score) for one in verdicts], verdicts[0].item, points)
    return [replace(one, score=_earned(one, worth[one.check]), max_score=worth[one.check]) for one in verdicts]


def _earned(one: Verdict | CheckResult, worth: float) -> float:
    """Return what a check earns if it is worth so much: the share that it earned; all or nothing if it had no worth."""
    share = one.score / one.max_score if one.max_score else float(one.status in ("pass", "review"))
    return round(worth * share, 2)


def _lost(verdicts: Sequence[Verdict], points: Points) -> float:
    by_item: dict[str, list[Verdict]] = {}
    for one in verdicts:
        by_item.setdefault(one.item, []).append(one)
    revised = (one for group in by_item.values() for one in _revised(group, points))
    return sum(one.max_score - one.score for one in revised if one.status in ("fail", "partial", "skipped"))


def result_with_points(result: Result, points: Points) -> Result:
    """Return a result with other points, as a report or an export shows it; its signature does not hold for it."""
    items = tuple(_item_result(item, points) for item in result.items)
    if items == result.items:
        return result
    checks = [check for item in items for check in item.checks]
    return replace(
        result,
        items=items,
        score=round(sum(item.score for item in items), 2),
        max_score=round(sum(item.max_score for item in items), 2),
        provisional=round(sum(item.provisional for item in items), 2),
        ungraded=round(sum(c.max_score - c.score for c in checks if c.status in ("not_graded", "error")), 2),
        signature=None,
    )


def _item_result(item: ItemResult, points: Points) -> ItemResult:
    if not (item.id in points or any(check.id in points for check in item.checks)):
        return item
    worth = shares([(check.id, check.max_score) for check in item.checks], item.id, points)
    checks = tuple(
        replace(check, score=_earned(check, worth[check.id]), max_score=worth[check.id]) for check in item.checks
    )
    score = round(sum(check.score for check in checks), 2)
    status = item.status if item.status not in ("partial", "fail") else "partial" if score > 0 else "fail"
    return replace(
        item,
        checks=checks,
        score=score,
        max_score=round(sum(check.max_score for check in checks), 2),
        status=status,
        provisional=round(sum(check.score for check in checks if check.waits), 2),
    )


def told(change: Change) -> str:
    """Return a change as a sentence: 'anna: 88 of 100 (88.0%) becomes 90 of 101 (89.1%): +2, q7 4 to 6'."""
    items = "".join(f", {item} {number(old)} to {number(new)}" for item, old, new in change.items)
    gain = f"{'+' if change.points > 0 else ''}{number(change.points)}"
    return f"{change.submission}: {_of(change.before)} becomes {_of(change.after)}: {gain}{items}"


def _of(points: Standing) -> str:
    share = f" ({points.score / points.max_score:.1%})" if points.max_score else ""
    return f"{number(points.score)} of {number(points.max_score)}{share}"
