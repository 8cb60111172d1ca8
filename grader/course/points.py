"""Other points for checks and items than those of the rubric. A check keeps the share of its points that it earned."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from grader.course.decisions import Override
from grader.course.records import Verdict
from grader.course.scores import ItemStanding, Standing
from grader.result import CheckResult, ItemResult, Result

Points = Mapping[str, float]
"""Points by the id of a check or an item. An item's are shared among its checks in proportion."""
POINTS = "points"  # the fact in the store


def points_in(fact: str) -> Points:
    """Return the points that an instructor set, as the store keeps them: JSON, or '' for none.

    >>> points_in('{"q7.time": 3.0}')
    {'q7.time': 3.0}
    """
    return {str(name): float(value) for name, value in json.loads(fact).items()} if fact else {}


def rescaled(
    overrides: Mapping[str, Override], before: Iterable[ItemResult], after: Iterable[ItemResult]
) -> dict[str, Override]:
    """Return people's verdicts with the same share of the points that each check has `after` as it had `before`."""
    old, new = ({check.id: check.max_score for item in items for check in item.checks} for items in (before, after))

    def scaled(one: Override) -> Override:
        was, now = old.get(one.check), new.get(one.check)
        if was == now or not was or now is None:
            return one
        return replace(one, score=round(one.score * now / was, 2))

    return {check: scaled(one) for check, one in overrides.items()}


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
    given = tuple(points.items())
    changed = {
        item.id: _item(item, tuple(by_item[item.id]), given)
        for item in machine.items
        if item.id in by_item and (item.id in points or any(one.check in points for one in by_item[item.id]))
    }
    if not changed:
        return machine
    items = tuple(changed[item.id][0] if item.id in changed else item for item in machine.items)
    return replace(
        machine,
        score=round(sum(item.score for item in items), 2),
        max_score=round(sum(item.max_score for item in items), 2),
        provisional=round(sum(item.provisional for item in items), 2),
        ungraded=round(sum(item.ungraded + item.defect for item in items), 2),
        lost=round(machine.lost + sum(more for _, more in changed.values()), 2),
        items=items,
    )


@lru_cache(maxsize=4096)  # in a class, most submissions have the same verdicts on an item
def _item(
    item: ItemStanding, verdicts: tuple[Verdict, ...], given: tuple[tuple[str, float], ...]
) -> tuple[ItemStanding, float]:
    """Return the item with other points, and by how much more is lost."""
    worth = shares([(one.check, one.max_score) for one in verdicts], item.id, dict(given))
    after = [replace(one, score=_earned(one, worth[one.check]), max_score=worth[one.check]) for one in verdicts]
    lacking = {
        waits: sum(c.max_score - c.score for c in after if c.status in ("not_graded", "error") and c.waits is waits)
        for waits in (False, True)
    }
    score = round(sum(one.score for one in after), 2)
    status = item.status if item.status not in ("partial", "fail") else "partial" if score > 0 else "fail"
    revised = ItemStanding(
        item.id,
        status,
        score,
        round(sum(one.max_score for one in after), 2),
        round(sum(one.score for one in after if one.waits), 2),
        round(sum(one.max_score for one in after if one.waits), 2),
        round(lacking[False], 2),
        round(lacking[True], 2),
    )
    return revised, _lost(after) - _lost(verdicts)


def _lost(verdicts: Iterable[Verdict]) -> float:
    return sum(one.max_score - one.score for one in verdicts if one.status in ("fail", "partial", "skipped"))


def _earned(one: Verdict | CheckResult, worth: float) -> float:
    """Return what a check earns if it is worth so much: the share that it earned; all or nothing if it had no worth."""
    share = one.score / one.max_score if one.max_score else float(one.status in ("pass", "review"))
    return round(worth * share, 2)


def result_with_points(result: Result, points: Points) -> Result:
    """Return a result with other points, as a report or an export shows it; its signature does not hold for it."""
    items = tuple(item_with_points(item, points) for item in result.items)
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


def item_with_points(item: ItemResult, points: Points) -> ItemResult:
    """Return an item with other points; the same one if none of them are for it."""
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
