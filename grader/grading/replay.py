"""Judge a result again from its kept evidence, without running the notebook: `replay`.

What the student's code did is taken as it was seen. What follows from it on the trusted side is made again: where each
question stands, the limits on losses, and the verdicts. So a changed rubric, limit or grader shows what it would say.
Two things need another grading: a changed model or loop of the reference, with which the student's was compared, and
data of the full length that no run has used.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeAlias

from grader.assignment import Assignment, Evidence, Reference, Threshold
from grader.errors import GraderError
from grader.evidence.decode import Malformed
from grader.grading.full_length import judged_again, reliances
from grader.grading.judge import judge
from grader.notebook.questions import locate
from grader.provenance import digests
from grader.reports.evidence import Longer, load_evidence, load_longer
from grader.result import CheckResult, Digests, ItemResult, Result

_NAMES = {
    "rubric": "the rubric",
    "reference": "the reference",
    "grader": "the grader",
    "environment": "the installed packages",
}
_LOST = ("fail", "partial", "skipped")
Revise: TypeAlias = Callable[[Mapping[str, Threshold]], Mapping[str, Threshold]]
"""A function from the limits of an assignment to those that count."""


class ReplayError(GraderError):
    """The result cannot be judged again; the message is one sentence."""


@dataclass(frozen=True)
class Material:
    """The basis for judging a result again: the evidence of its run, and that of data of the full length, if any."""

    evidence: Evidence
    longer: Longer | None = None


@dataclass(frozen=True)
class Replayed:
    """A check's verdict then and now. None: the rubric did not have the check then, or does not have it now.

    >>> then = CheckResult("q1.text", "fail", 0.0, 5.0, "nothing was printed")
    >>> Replayed("q1.text", then, then).same
    True
    """

    check: str
    was: CheckResult | None
    now: CheckResult | None

    @property
    def same(self) -> bool:
        """True if nothing about the verdict differs, in points or in words."""
        return self.was == self.now

    @property
    def same_points(self) -> bool:
        """True if status and points are the same, whatever the words."""
        return _points(self.was) == _points(self.now)


@dataclass(frozen=True)
class Replay:
    """The verdicts of some checks then and now.

    `changed` names what the verdicts depend on and is not as it was then ('the rubric', 'the grader'). `notes` say what
    only another grading can tell.
    """

    checks: tuple[Replayed, ...]
    changed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """True if all verdicts are the same, in points and in words."""
        return all(check.same for check in self.checks)

    @property
    def same_points(self) -> bool:
        """True if the statuses and points of all verdicts are the same."""
        return all(check.same_points for check in self.checks)


def replay(result: Result, assignment: Assignment, check: str) -> Replay:
    """Judge a check of a result again, from the evidence that was kept with the result (`Result.kept`).

    `check` is the id of a check or of an item, or 'all'. Raises ReplayError if there is no such check, if the result is
    of another assignment, or if it has no evidence.
    """
    _same_assignment(result, assignment)
    wanted = _wanted(result, assignment, check)
    found = material(result)
    now = {one.id: one for item in judged(found, assignment, _items(assignment, wanted)) for one in item.checks}
    was = {one.id: one for item in result.items for one in item.checks}
    checks = tuple(Replayed(name, was.get(name), now.get(name)) for name in wanted)
    changed = changed_since(result.digests, digests.digests(assignment))
    return Replay(checks, changed, tuple(_notes(result, found, assignment, checks)))


def material(result: Result) -> Material:
    """Return what was kept with a result. Raises ReplayError if nothing was, or another version of grader kept it."""
    if result.status == "failed":
        raise ReplayError("the notebook could not be graded at all, so there is no verdict to replay")
    if not result.kept:
        raise ReplayError(
            "no evidence was kept with this result, so nothing can be judged again: only results in the --out folder "
            "of `grader grade` have it, and it is left out above 6 MiB; grade the notebook again"
        )
    try:
        evidence = load_evidence(result.kept)
        return Material(evidence, load_longer(result.kept, evidence))
    except Malformed:
        raise ReplayError(
            "the kept evidence was written by another version of grader, which this one cannot read; "
            "grade the notebook again, or use that version"
        ) from None


def judged(
    found: Material,
    assignment: Assignment,
    only: Collection[str] | None = None,
    revise: Revise | None = None,
) -> tuple[ItemResult, ...]:
    """Return the items' results on the evidence, as this assignment judges it. `only` keeps some items.

    `revise` returns the limits that count in place of the assignment's.
    """
    results = judge(assignment.rubric, _as_now(found.evidence, assignment, revise), only)
    if found.longer is None:
        return results
    short = [item.id for item in results if item.id in found.longer.why and _lost(item)]
    again: tuple[ItemResult, ...] = ()
    if found.longer.evidence is not None:
        items = tuple(item for item in assignment.rubric.items if item.id in found.longer.why)
        alone = replace(assignment.rubric, items=items)
        again = judge(alone, _as_now(found.longer.evidence, assignment, revise), short)
    some = replace(found.longer, why={item: found.longer.why[item] for item in short})
    return judged_again(results, some, again)


def changed_since(then: Digests, now: Digests) -> tuple[str, ...]:
    """Return in words what a verdict depends on beside the notebook and is not the same: 'the rubric', 'the grader'.

    >>> changed_since(Digests(rubric="1", grader="a"), Digests(rubric="2", grader="a"))
    ('the rubric',)
    """
    return tuple(name for key, name in _NAMES.items() if getattr(then, key) != getattr(now, key))


def with_limits(found: Material, assignment: Assignment, limits: Mapping[str, float]) -> tuple[Replayed, ...]:
    """Return the checks whose verdicts differ if the assignment's limits have these values, by name ('mlp.loss.10').

    `was` is the verdict with the assignment's own limits. Raises ReplayError for a name that the assignment lacks.
    """
    known = assignment.thresholds(found.evidence.train_size)
    for name in limits:
        if name not in known:
            raise ReplayError(
                f"there is no limit '{name}' for this data; there are {', '.join(sorted(known)) or 'none at all'}"
            )
    read: set[str] = set()
    was = judged(found, assignment, revise=lambda own: _Watched(own, read))
    if read.isdisjoint(limits):
        return ()
    now = judged(found, assignment, revise=lambda own: {name: _moved(limits, name, one) for name, one in own.items()})
    after = {check.id: check for item in now for check in item.checks}
    checks = (Replayed(check.id, check, after.get(check.id)) for item in was for check in item.checks)
    return tuple(check for check in checks if not check.same)


class _Watched(Mapping[str, Threshold]):
    """Limits that note in `read` which of them are looked at."""

    def __init__(self, own: Mapping[str, Threshold], read: set[str]) -> None:
        self._own, self._read = own, read

    def __getitem__(self, name: str) -> Threshold:
        self._read.add(name)
        return self._own[name]

    def __iter__(self) -> Iterator[str]:
        self._read.update(self._own)
        return iter(self._own)

    def __len__(self) -> int:
        return len(self._own)


def _moved(limits: Mapping[str, float], name: str, limit: Threshold) -> Threshold:
    if name not in limits:
        return limit
    source = f"a limit of {limits[name]:g} in place of {limit.high if limit.high is not None else limit.low:g}"
    if limit.high is not None:
        return replace(limit, high=limits[name], source=source)
    return replace(limit, low=limits[name], source=source)


def _as_now(evidence: Evidence, assignment: Assignment, revise: Revise | None) -> Evidence:
    """Return the evidence with all that the assignment makes of it."""
    run = replace(evidence.run, doubts={}, unchecked={}, repeated=frozenset())  # places are found before these are
    sections = locate(evidence.notebook, assignment.prompts, assignment.template(), assignment.anchors(run))
    limits = assignment.thresholds(evidence.train_size)
    reference = Reference(revise(limits) if revise is not None else limits)
    parts = {one.name: getattr(evidence, one.name) for one in fields(Evidence)}
    return Evidence(**{**parts, "sections": sections, "reference": reference})


def _lost(item: ItemResult) -> bool:
    return any(check.status in _LOST for check in item.checks)


def _points(check: CheckResult | None) -> object:
    return None if check is None else (check.status, check.score, check.max_score)


def _same_assignment(result: Result, assignment: Assignment) -> None:
    if result.assignment != assignment.name:
        raise ReplayError(
            f"the result is of the assignment '{result.assignment}', not of '{assignment.name}'; "
            "name its package with --assignment"
        )


def _wanted(result: Result, assignment: Assignment, check: str) -> tuple[str, ...]:
    """Return the ids of the checks, those of the result first. Raises ReplayError if there are none."""
    of_item: dict[str, dict[str, None]] = {}
    for item in result.items:
        of_item.setdefault(item.id, {}).update(dict.fromkeys(one.id for one in item.checks))
    graded = set(of_item)
    for other in assignment.rubric.items:
        if other.id in graded or not graded:
            of_item.setdefault(other.id, {}).update(dict.fromkeys(one.id for one in other.checks))
    every = tuple(dict.fromkeys(name for names in of_item.values() for name in names))
    if check.casefold() == "all":
        return every
    for item_id, names in of_item.items():
        if item_id.casefold() == check.casefold():
            return tuple(names)
    found = tuple(name for name in every if name.casefold() == check.casefold())
    if not found:
        raise ReplayError(_unknown(check, of_item))
    return found


def _unknown(check: str, of_item: dict[str, dict[str, None]]) -> str:
    item = check.partition(".")[0]
    there = of_item.get(item)
    if there:
        return f"there is no check '{check}'; {item} has {', '.join(there)}"
    return f"there is no check or item '{check}'; the items are {', '.join(of_item)}"


def _items(assignment: Assignment, checks: Collection[str]) -> list[str]:
    return [item.id for item in assignment.rubric.items if any(check.id in checks for check in item.checks)]


def _notes(result: Result, found: Material, assignment: Assignment, checks: Sequence[Replayed]) -> Iterator[str]:
    """Yield what the replay cannot tell of verdicts that differ, and another grading could."""
    if result.digests.reference != digests.digests(assignment).reference:
        yield (
            "models and functions were compared with the reference as it was then; "
            "only another grading compares them with the present one"
        )
    differing = {one.check for one in checks if not one.same and one.now is not None and one.now.status in _LOST}
    if not differing:
        return
    evidence, known = found.evidence, found.longer.why if found.longer is not None else {}
    relying = reliances(evidence.notebook, assignment, evidence.train_size, evidence.test_size)
    for item in assignment.rubric.items:
        if item.id in relying and item.id not in known and any(check.id in differing for check in item.checks):
            yield (
                f"{item.id} relies on the length of the data ({relying[item.id].told(evidence.notebook)}); "
                "another grading would judge it on data of that length too"
            )
