"""Keep checks out of what students see that are not for them, or not yet; their points count all the same.

The checks of an item that are not shown become one that says how many they are and what they are worth.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from grader.formatting import number
from grader.result import VISIBILITIES, CheckResult, CheckStatus, ItemResult, Result, Visibility

Level = Literal["visible", "after_due_date", "after_published", "all"]
LEVELS: tuple[Level, ...] = ("visible", "after_due_date", "after_published", "all")
NOT_SHOWN = "not_shown"  # the end of the id of a check that stands for others
_NAMED = re.compile(r"'(?P<check>[^']+)'")
_KINDS: dict[str, tuple[CheckStatus, ...]] = {
    "": ("pass", "partial", "fail", "skipped"),
    "_waiting": ("review",),
    "_ungraded": ("not_graded", "error"),
}


def is_shown(visibility: Visibility, level: Level) -> bool:
    """Return whether a check of this visibility is shown at a level: what was reached, or 'all'.

    >>> is_shown("after_due_date", "visible"), is_shown("after_due_date", "after_published"), is_shown("hidden", "all")
    (False, True, True)
    """
    return VISIBILITIES.index(visibility) <= LEVELS.index(level)


def shown(result: Result, level: Level) -> Result:
    """Return the result with the checks that may be seen at this level; all points stay as they are."""
    return replace(result, items=shown_items(result.items, level))


def shown_items(items: Sequence[ItemResult], level: Level) -> tuple[ItemResult, ...]:
    """Return the items with the checks that may be seen at this level.

    >>> one = CheckResult("q1.shape", "pass", 1.0, 1.0, "10 logits")
    >>> two = CheckResult("q1.trick", "fail", 0.0, 2.0, "the table is typed in", visibility="hidden")
    >>> (item,) = shown_items([ItemResult("q1", "First", 1, 3, "partial", (one, two))], "visible")
    >>> [check.message for check in item.checks]
    ['10 logits', '1 check is not shown: 0 of 2 points']
    """
    hidden = [check for item in items for check in item.checks if not is_shown(check.visibility, level)]
    if not hidden:
        return tuple(items)
    names = {check.id for check in hidden}
    failed = {check.message for check in hidden if check.status == "error"}
    return tuple(
        replace(
            item,
            checks=(
                *(_unnamed(check, names, failed) for check in item.checks if is_shown(check.visibility, level)),
                *_folded(item.id, [check for check in item.checks if not is_shown(check.visibility, level)]),
            ),
        )
        for item in items
    )


def _unnamed(check: CheckResult, names: set[str], failed: set[str]) -> CheckResult:
    """Return a check that is shown without the names of those that are not, and without what went wrong in them."""
    if check.status == "not_graded" and check.message in failed:
        return replace(check, message="not graded: a check that it depends on could not be graded", evidence=())
    message = check.message
    if check.status == "skipped" and any(found in names for found in _NAMED.findall(message)):
        message = "skipped: it depends on a check that is not shown, which did not pass"
    facts = tuple(
        "a person must look at another check first" if any(n in names for n in _NAMED.findall(fact)) else fact
        for fact in check.evidence
    )
    return replace(check, message=message, evidence=facts)


def _folded(item: str, checks: Sequence[CheckResult]) -> list[CheckResult]:
    """Return the checks that stand for those of an item that are not shown: one for each kind of verdict."""
    found = []
    for ending, statuses in _KINDS.items():
        those = [check for check in checks if check.status in statuses]
        if those:
            found.append(_one_for(f"{item}.{NOT_SHOWN}{ending}", those))
    return found


def _one_for(name: str, checks: Sequence[CheckResult]) -> CheckResult:
    score, most = round(sum(c.score for c in checks), 2), round(sum(c.max_score for c in checks), 2)
    count = "1 check is" if len(checks) == 1 else f"{len(checks)} checks are"
    told = f"{count} not shown: {number(score)} of {number(most)} points"
    kinds = {check.status for check in checks}
    if kinds == {"review"}:
        return CheckResult(name, "review", score, most, f"{count} not shown: a person decides")
    if kinds <= {"not_graded", "error"}:
        return CheckResult(name, "not_graded", score, most, f"{count} not shown and could not be graded")
    if kinds == {"pass"}:
        return CheckResult(name, "pass", score, most, told)
    return CheckResult(name, "partial" if score > 0 else "fail", score, most, told, "what the question asks for")
