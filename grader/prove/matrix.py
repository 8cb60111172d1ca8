"""Comparison of verdicts with expectations, and the matrix of items and checks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from grader.prove.plan import Variant
from grader.result import CheckResult, ItemResult, Result

WrongKind = Literal["false accept", "false reject", "bad message", "not graded", "seen after all", "defect"]
LOST = ("fail", "partial", "skipped")


@dataclass(frozen=True)
class Wrong:
    """A wrong verdict: its variant, kind and item, and the grader's message."""

    variant: str
    kind: WrongKind
    item: str
    said: str


@dataclass(frozen=True)
class Outcome:
    """A variant, its result, the wrong verdicts in it, and the ids of the items and checks that lost points."""

    variant: Variant
    result: Result
    wrong: tuple[Wrong, ...]
    lost_items: frozenset[str]
    lost_checks: frozenset[str]


def lost_checks(item: ItemResult, baseline: ItemResult) -> list[CheckResult]:
    """Return the checks of an item that cost more than they cost the solution, skipped checks last."""
    before = {check.id: check.score for check in baseline.checks}
    lost = [
        check
        for check in item.checks
        if check.status in LOST or (check.status == "review" and check.score < before[check.id])
    ]
    return sorted(lost, key=lambda check: check.status == "skipped")


def outcome(variant: Variant, result: Result, baseline: Result) -> Outcome:
    """Compare the result of a variant with its expectation and with the result of the solution, `baseline`."""
    if result.status == "failed":
        wrong = Wrong(variant.name, "defect", "", result.message)
        return Outcome(variant, result, (wrong,), frozenset(), frozenset())
    whole = {item.id: item for item in baseline.items}
    lost = {item.id: lost_checks(item, whole[item.id]) for item in result.items}
    found: list[Wrong] = []
    for item in result.items:
        found += _wrong(variant, item, whole[item.id], lost[item.id])
    items = frozenset(item for item, checks in lost.items() if checks)
    checks = frozenset(check.id for one in lost.values() for check in one if check.status != "skipped")
    return Outcome(variant, result, tuple(found), items, checks)


def _wrong(variant: Variant, item: ItemResult, whole: ItemResult, lost: Sequence[CheckResult]) -> list[Wrong]:
    """Return what is wrong with the verdict on one item; `whole` is the item in the result of the solution."""

    def say(kind: WrongKind, said: str) -> list[Wrong]:
        return [Wrong(variant.name, kind, item.id, said)]

    broken = next((check for check in item.checks if check.status == "error"), None)
    if broken is not None:
        return say("defect", broken.message)
    must = [fault for fault in variant.faults if item.id in fault.items]
    allowed = [fault for fault in variant.faults if item.id in fault.items | fault.may]
    if not lost:
        open_ = [check for check in item.checks if check.status == "not_graded"]
        if not any(fault for fault in must if not fault.unseen):
            return []
        if open_ and all(check.status == "not_graded" or check.score == check.max_score for check in item.checks):
            return say("not graded", open_[0].message)
        return say("false accept", f"{item.score:g} of {item.max_score:g} points")
    first = lost[0]
    if not allowed:
        return say("false reject", f"{first.id}: {first.message}")
    if must and all(fault.unseen for fault in must):
        return say("seen after all", f"{first.id}: {first.message}")
    if must and not any(
        re.search(words, first.message, re.IGNORECASE | re.DOTALL) for f in allowed for words in f.keywords
    ):
        return say("bad message", f"{first.id}: {first.message}")
    return []


@dataclass(frozen=True)
class CheckRow:
    """The results of one check.

    `caught` are the faulty notebooks in which it cost points, `alone` those in which no other check did, and `hurt` the
    correct notebooks in which it cost points.
    """

    id: str
    item: str
    caught: tuple[str, ...]
    alone: tuple[str, ...]
    hurt: tuple[str, ...]


@dataclass(frozen=True)
class ItemRow:
    """The results of one item.

    `caught` are the notebooks in which it lost points as it had to, `through` those in which it had to and did not, and
    `hurt` those in which it lost points and should not have.
    """

    id: str
    caught: tuple[str, ...]
    through: tuple[str, ...]
    hurt: tuple[str, ...]
    checks: tuple[CheckRow, ...]


def rows(outcomes: Sequence[Outcome], baseline: Result) -> tuple[ItemRow, ...]:
    """Return the matrix, by item and check."""
    found = []
    for item in baseline.items:
        meant = [o for o in outcomes if any(item.id in fault.items for fault in o.variant.faults)]
        hurt = [w.variant for o in outcomes for w in o.wrong if w.item == item.id and w.kind == "false reject"]
        checks = tuple(_check_row(check.id, item.id, outcomes) for check in item.checks)
        found.append(
            ItemRow(
                item.id,
                tuple(o.variant.name for o in meant if item.id in o.lost_items),
                tuple(o.variant.name for o in meant if item.id not in o.lost_items),
                tuple(hurt),
                checks,
            )
        )
    return tuple(found)


def _check_row(check: str, item: str, outcomes: Sequence[Outcome]) -> CheckRow:
    caught = [o for o in outcomes if check in o.lost_checks and o.variant.faults]
    return CheckRow(
        check,
        item,
        tuple(o.variant.name for o in caught),
        tuple(o.variant.name for o in caught if len(o.lost_checks) == 1),
        tuple(o.variant.name for o in outcomes if check in o.lost_checks and not o.variant.faults),
    )
