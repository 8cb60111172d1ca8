"""Turn evidence into verdicts: run the checks of a rubric, item by item, each as soon as the evidence it reads exists.

An item does not declare which evidence it needs. It is tried on the evidence so far, and tried again later if it reads
a part that is still missing. So no verdict can rest on missing evidence.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import fields, replace
from typing import TypeVar

from grader.assignment import Advice, Check, Evidence, Fail, Item, NotGraded, Review, Rubric
from grader.grading.left_out import judged
from grader.result import CheckResult, CheckStatus, ItemResult, ItemStatus


class NotYet(BaseException):
    """A check read evidence that is still missing. No `Exception`, so that a check cannot take it for a failure."""


class PartialEvidence(Evidence):
    """Evidence whose fields named in `absent` are still missing: reading one raises NotYet."""

    def __init__(self, evidence: Evidence, absent: Collection[str]) -> None:
        super().__init__(**{field.name: getattr(evidence, field.name) for field in fields(Evidence)})
        object.__setattr__(self, "absent", frozenset(absent))

    def __getattribute__(self, name: str) -> object:
        if name in object.__getattribute__(self, "__dict__").get("absent", ()):
            raise NotYet(name)
        return object.__getattribute__(self, name)


V = TypeVar("V")


class SomeOf(Mapping[str, V]):
    """The entries of a mapping that exist already: reading another, or iterating over all, raises NotYet."""

    def __init__(self, there: Mapping[str, V]) -> None:
        self._there = dict(there)

    def __getitem__(self, key: str) -> V:
        if key not in self._there:
            raise NotYet(key)
        return self._there[key]

    def __iter__(self) -> Iterator[str]:
        raise NotYet("all of it")

    def __len__(self) -> int:
        raise NotYet("all of it")


class Judge:
    """Judges the items of a rubric as their evidence arrives. `only` keeps one item or several.

    `tell` is called once with each item's result, as soon as it exists.
    """

    def __init__(
        self,
        rubric: Rubric,
        only: str | Collection[str] | None = None,
        tell: Callable[[ItemResult], None] | None = None,
    ) -> None:
        only = (only,) if isinstance(only, str) else only
        self._wanted = tuple(item.id for item in rubric.items if only is None or item.id in only)
        self._left = list(_with_required(rubric, self._wanted))
        self._tell = tell or (lambda _: None)
        self._checks: dict[str, CheckResult] = {}
        self._items: dict[str, ItemResult] = {}
        self.waits_for: frozenset[str] = frozenset()
        """The missing parts of the evidence that items read at the last `look`."""

    def look(self, evidence: Evidence) -> bool:
        """Judge the items that can be judged on this evidence. Return whether all wanted ones have been."""
        waiting, left = set(), []
        for item in self._left:
            try:
                judged = _judge_item(item, evidence, self._checks)
            except NotYet as missing:
                waiting.add(str(missing))
                left.append(item)
                continue
            self._checks |= judged
            self._items[item.id] = item_result(item.id, item.title, item.points, tuple(judged.values()))
            if item.id in self._wanted:
                self._tell(self._items[item.id])
        self._left, self.waits_for = left, frozenset(waiting)
        return self.done

    @property
    def done(self) -> bool:
        """True if all wanted items have been judged."""
        return self._items.keys() >= set(self._wanted)

    @property
    def judged(self) -> frozenset[str]:
        """The ids of the wanted items that have been judged."""
        return frozenset(item for item in self._wanted if item in self._items)

    @property
    def results(self) -> tuple[ItemResult, ...]:
        """The results of the wanted items that have been judged, in the rubric's order."""
        return tuple(self._items[item] for item in self._wanted if item in self._items)


def _with_required(rubric: Rubric, wanted: Collection[str]) -> Iterator[Item]:
    """Return the wanted items and those whose checks they require, in the rubric's order."""
    required: set[str] = set()
    items = []
    for item in reversed(rubric.items):  # required checks come earlier
        if item.id in wanted or any(check.id in required for check in item.checks):
            required.update(name for check in item.checks for name in check.requires)
            items.append(item)
    return reversed(items)


def judge(rubric: Rubric, evidence: Evidence, only: str | Collection[str] | None = None) -> tuple[ItemResult, ...]:
    """Run the rubric's checks on the whole evidence and return the items' results, in order. `only` keeps some."""
    whole = Judge(rubric, only)
    whole.look(evidence)
    return whole.results


def _judge_item(item: Item, evidence: Evidence, before: Mapping[str, CheckResult]) -> dict[str, CheckResult]:
    """Return the results of an item's checks by id. Raises NotYet if one of them needs missing evidence."""
    done: dict[str, CheckResult] = {}
    for check in item.checks:
        found = _judge_check(check, evidence, {**before, **done})
        told = next((other for other in done.values() if _failed_alike(other, found)), None)
        if told is not None:
            found = replace(found, status="skipped", message=f"skipped: for the same reason as '{told.id}'", hint="")
        done[check.id] = replace(found, visibility=check.visibility)
    return done


def _failed_alike(one: CheckResult, other: CheckResult) -> bool:
    """Return whether two checks of an item failed without points and for the same reason, which is told once."""
    return one.status == other.status == "fail" and one.message == other.message


def _judge_check(check: Check, evidence: Evidence, done: Mapping[str, CheckResult]) -> CheckResult:
    if check.needs_gpu and not evidence.gpu:
        return CheckResult(check.id, "not_graded", 0.0, check.points, "not graded: no GPU here", check.text)
    for dependency in check.requires:
        if dependency not in done:
            raise NotYet(dependency)
        before = done[dependency]
        if before.status in ("not_graded", "error"):
            facts = before.evidence or ((f"a person must look at '{dependency}' first",) if before.waits else ())
            return CheckResult(check.id, "not_graded", 0.0, check.points, before.message, check.text, evidence=facts)
        if done[dependency].status in ("fail", "skipped"):
            message = f"skipped: it depends on '{dependency}', which did not pass"
            return CheckResult(check.id, "skipped", 0.0, check.points, message, check.text)
    try:
        verdict = judged(check.run, evidence)
    except Exception as error:  # a defect of the grader must not stop other checks, nor count as the student's fault
        where = traceback.extract_tb(error.__traceback__)[-1]
        message = (
            f"the grader failed here ({type(error).__name__}: {str(error)[:200]}; {where.name}); this is not the"
            " student's fault, and a person must look"
        )
        return CheckResult(check.id, "error", 0.0, check.points, message, check.text)
    result = _check_result(check, verdict.given)
    if not verdict.left_out:
        return result
    cells = " and ".join(f"cell {cell}" for cell in verdict.left_out)
    fact = f"a person must look: this was judged without {cells}, whose text or figures the grader could not read"
    return replace(result, evidence=(fact, *result.evidence))


def _check_result(check: Check, given: str | Advice | Review | Fail | NotGraded | None) -> CheckResult:
    if isinstance(given, Fail):
        status: CheckStatus = "partial" if given.credit > 0 else "fail"
        score = round(check.points * given.credit, 2)
        return CheckResult(check.id, status, score, check.points, given.seen, given.expected or check.text, given.hint)
    if isinstance(given, NotGraded):
        return CheckResult(check.id, "not_graded", 0.0, check.points, str(given), check.text, evidence=given.facts)
    if isinstance(given, Advice):
        return CheckResult(check.id, "pass", check.points, check.points, given.message, check.text, given.hint)
    if isinstance(given, Review):
        score = round(check.points * given.credit, 2)
        return CheckResult(
            check.id, "review", score, check.points, given.message, check.text, given.remark, given.facts
        )
    return CheckResult(check.id, "pass", check.points, check.points, given or check.text, check.text)


def item_result(item: str, title: str, points: float, checks: tuple[CheckResult, ...]) -> ItemResult:
    """Add up the results of an item's checks; `points` are what it is worth."""
    score = round(sum(check.score for check in checks), 2)
    provisional = round(sum(check.score for check in checks if check.waits), 2)
    statuses = {check.status for check in checks}
    status: ItemStatus
    if "error" in statuses:
        status = "error"
    elif statuses <= {"not_graded"}:
        status = "not_graded"
    elif statuses & {"fail", "partial", "skipped"}:
        status = "partial" if score > 0 else "fail"
    elif "not_graded" in statuses:
        status = "not_graded"
    elif "review" in statuses:
        status = "review"
    else:
        status = "pass"
    return ItemResult(item, title, score, points, status, checks, provisional)
