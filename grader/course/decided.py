"""Put what people decided into the result of a submission: points, verdicts, and sentences for the student.

Pure. What a person gave stands in the checks that it decides, so that every report and export shows it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from grader.course.decisions import Mark, Override, lines_in_words
from grader.course.points import result_with_points
from grader.course.scores import Final, status_of
from grader.formatting import number
from grader.reports.persons import DECIDED, GIVEN, TOGETHER
from grader.result import CheckResult, ItemResult, Result

if TYPE_CHECKING:
    from grader.result import CheckStatus


def decided(result: Result, final: Final) -> Result:
    """Return the result as it is with the decisions in `final`: their points, and what a person says about them.

    It is no document of the machine's: it has no signature.
    """
    if result.status == "failed":
        return replace(result, signature=None)
    result = result_with_points(result, final.points)
    items = tuple(settled(item, final.marks.get(item.id), final.overrides) for item in result.items)
    lacking = ("not_graded", "error")
    checks = [check for item in items for check in item.checks]
    return replace(
        result,
        items=items,
        max_score=round(sum(item.max_score for item in items), 2),
        score=round(sum(item.score for item in items), 2),
        provisional=round(sum(item.provisional for item in items), 2),
        ungraded=round(sum(check.max_score - check.score for check in checks if check.status in lacking), 2),
        status="needs_review" if any(check.waits for check in checks) else "graded",
        signature=None,
    )


def settled(item: ItemResult, mark: Mark | None, overrides: Mapping[str, Override]) -> ItemResult:
    """Return an item with a person's mark and verdicts. An overridden check counts as it was overridden."""
    from grader.grading.judge import item_result

    if mark is None and not any(check.id in overrides for check in item.checks):
        return item
    checks = list(item.checks)
    if mark is not None:
        checks = _marked(item, mark, [name for name in covered(item, mark) if name not in overrides])
    checks = [_overridden(check, overrides[check.id]) if check.id in overrides else check for check in checks]
    after = item_result(item.id, item.title, item.max_score, tuple(checks))
    if any(check.waits for check in checks):
        return after
    return replace(after, status=status_of(after.score, after.max_score))


def covered(item: ItemResult, mark: Mark | None = None) -> tuple[str, ...]:
    """Return the ids of the checks that a mark decides: those that wait, or all of an item in which none waits.

    If the notebook was graded again since, and other checks wait now, they are those that it was given for.
    """
    waiting = tuple(check.id for check in item.checks if check.waits)
    usual = waiting or tuple(check.id for check in item.checks)
    if mark is None or mark.of == 0:
        return usual
    most = sum(check.max_score for check in item.checks if check.waits) if waiting else item.max_score
    if mark.whole != bool(waiting) and abs(mark.of - most) < 0.005:
        return usual
    return tuple(check.id for check in item.checks if check.id in mark.checks) or usual


def _marked(item: ItemResult, mark: Mark, names: Collection[str]) -> list[CheckResult]:
    those = [check for check in item.checks if check.id in names]
    if not those:
        return list(item.checks)
    every = len(those) == len(item.checks) and not any(check.waits for check in those)
    most = item.max_score if every else round(sum(check.max_score for check in those), 2)
    points = mark.worth(most)
    told = _words_of(mark, points, most)
    shared = _spread(those, points) if every else _share(those, points)
    after: dict[str, CheckResult] = {}
    for check, score in zip(those, shared, strict=True):
        if every and score == check.score and check.status not in ("not_graded", "error"):
            after[check.id] = check  # the machine's verdict on it stays
            continue
        seen = f"{told} (the grader had found: {check.message})" if every else told
        after[check.id] = _given(check, score, seen)
        told = TOGETHER
    if told != TOGETHER:  # the same points as the machine's, and words all the same
        first = those[0]
        after[first.id] = replace(first, message=f"{told} (the grader had found: {first.message})")
    return [after.get(check.id, check) for check in item.checks]


def _share(checks: Sequence[CheckResult], points: float) -> list[float]:
    """Share the points out over checks that waited, by what each is worth."""
    most, before, sums = sum(check.max_score for check in checks), 0.0, [0.0]
    for check in checks:
        before += check.max_score
        sums.append(round(points * before / most, 2) if most else 0.0)
    return [round(b - a, 2) for a, b in pairwise(sums)]


def _spread(checks: Sequence[CheckResult], points: float) -> list[float]:
    """Raise or lower the machine's points of checks, one after the other, until they come to `points`."""
    left = round(points - sum(check.score for check in checks), 2)
    scores = [check.score for check in checks]
    order = range(len(checks)) if left > 0 else range(len(checks) - 1, -1, -1)
    for place in order:
        step = min(checks[place].max_score - scores[place], left) if left > 0 else max(-scores[place], left)
        scores[place] = round(scores[place] + step, 2)
        left = round(left - step, 2)
    return scores


def _given(check: CheckResult, score: float, message: str) -> CheckResult:
    status: CheckStatus = status_of(score, check.max_score)
    return replace(check, status=status, score=score, message=message, hint="", evidence=())


def _overridden(check: CheckResult, override: Override) -> CheckResult:
    score = round(min(max(0.0, override.score), check.max_score), 2)
    said = f"{DECIDED}{override.reason}"
    return _given(check, score, f"{said} (the grader had found: {check.message})" if check.message else said)


def _words_of(mark: Mark, points: float, most: float) -> str:
    """Return what a person gave, and for what: '4 of 5 points from a person: names the curve (+2), ...'."""
    reasons = [lines_in_words(mark.lines)] if mark.lines else []
    if mark.lines and mark.adjustment:
        reasons.append(f"adjustment ({'+' if mark.adjustment > 0 else ''}{number(mark.adjustment)})")
    said = f"{number(points)} of {number(most)} {GIVEN}"
    said += f": {', '.join(reasons)}" if reasons else ""
    return f"{said}. Comment: {mark.comment}" if mark.comment else said
