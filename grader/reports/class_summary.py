"""Summarise the results of a class for `class_page`: pure functions from members to counts, groups and lists."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

BINS = 10  # of the distribution, each of a tenth of the points
MOST_FAULTS = 25
MOST_SLOW = 10
PASSED, PARTLY, LOST, WAITS, OTHER = "pass", "partial", "fail", "review", "not_graded"
KINDS = (PASSED, PARTLY, LOST, WAITS, OTHER)
_KIND = {"skipped": LOST, "error": WAITS, "marked": OTHER}

# What differs between two messages about the same fault: quoted words, names of functions, numbers.
_QUOTED = re.compile(r"`[^`\n]{1,300}`|(?<!\w)'[^'\n]{1,300}'(?!\w)|\"[^\"\n]{1,300}\"")
_NAME = re.compile(r"\b(function|class|method) \w+")
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,.]*(?:e[-+]?\d+)?(?:[–-]\d+)?")
_READ = 600  # characters of a message that are compared
_COMPARED = 160


@dataclass(frozen=True)
class CheckOutcome:
    """A check of a submission: the points of the machine, and what was seen."""

    id: str
    status: str
    score: float
    max_score: float
    message: str = ""


@dataclass(frozen=True)
class ItemOutcome:
    """An item of a submission with its marks. `open` points wait for a person, `ungraded` ones could not be graded."""

    id: str
    title: str
    status: str
    score: float
    max_score: float
    open: float = 0.0
    ungraded: float = 0.0
    checks: tuple[CheckOutcome, ...] = ()


@dataclass(frozen=True)
class Member:
    """A submission of the class. `link` is the address of its report as the page needs it, '' for none.

    `score` are the confirmed points, `waiting` those that a person has yet to decide on.

    `seconds` is how long its grading took, `run_seconds` how long its own cells ran. `items` are empty if it could not
    be graded (`status` is 'failed', and `message` says why); `missing` if the student handed in nothing.
    """

    name: str
    link: str
    status: str
    score: float
    max_score: float
    student: str = ""
    waiting: float = 0.0
    ungraded: float = 0.0
    late: bool = False
    seconds: float = 0.0
    run_seconds: float = 0.0
    message: str = ""
    items: tuple[ItemOutcome, ...] = ()
    missing: bool = False

    @property
    def graded(self) -> bool:
        """True unless the file could not be graded at all."""
        return self.status != "failed"

    @property
    def percent(self) -> float | None:
        """The points as a percentage of those that are decided; None if none are."""
        most = self.max_score - self.ungraded - self.waiting
        return 100 * self.score / most if self.graded and most > 0 else None


@dataclass(frozen=True)
class Success:
    """The counts of each of `KINDS` for an item or a check, and the mean share of its points in percent."""

    id: str
    title: str
    counts: Mapping[str, int]
    percent: float | None
    checks: tuple[Success, ...] = ()

    @property
    def all(self) -> int:
        """The number of submissions that have it."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Fault:
    """Members that lost points in a check for the same reason; `example` is what most of them were told."""

    item: str
    check: str
    example: str
    differs: bool
    lost: float
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Waiting:
    """The submissions in which `points` of an item, together, wait for a person."""

    item: str
    title: str
    points: float
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Times:
    """Seconds of all members of which they are known, and the slowest members, slowest first."""

    seconds: tuple[float, ...] = ()
    slowest: tuple[Member, ...] = ()

    @property
    def sum(self) -> float:
        """All seconds together."""
        return sum(self.seconds)

    @property
    def median(self) -> float:
        """The median, 0 if none are known."""
        return statistics.median(self.seconds) if self.seconds else 0.0


@dataclass(frozen=True)
class ClassSummary:
    """The contents of the page. `members` are sorted by their points, lowest first, and `refused` are among them.

    `bins` are the numbers of members in each tenth of the points; `median`, `mean` and `quarters` are percentages.
    """

    members: tuple[Member, ...]
    refused: tuple[Fault, ...] = ()
    bins: tuple[int, ...] = (0,) * BINS
    mean: float | None = None
    median: float | None = None
    quarters: tuple[float, float] | None = None
    items: tuple[Success, ...] = ()
    faults: tuple[Fault, ...] = ()
    more_faults: int = 0
    waiting: tuple[Waiting, ...] = ()
    times: Times = field(default_factory=Times)


def summarise(members: Iterable[Member], items: Sequence[str] = ()) -> ClassSummary:
    """Return the summary of a class; `items` are the ids of the assignment's items, in order."""
    every = tuple(sorted(members, key=lambda one: (one.percent is not None, one.percent or 0.0, one.name)))
    graded = [one for one in every if one.graded]
    shares = sorted(one.percent for one in every if one.percent is not None)
    order = _order(graded, items)
    faults = _faults(graded, order)
    slowest = sorted((one for one in every if one.seconds > 0), key=lambda one: (-one.seconds, one.name))
    return ClassSummary(
        members=every,
        refused=_refused(one for one in every if not one.graded),
        bins=_bins(shares),
        mean=statistics.mean(shares) if shares else None,
        median=statistics.median(shares) if shares else None,
        quarters=_quarters(shares),
        items=_successes(graded, order),
        faults=faults[:MOST_FAULTS],
        more_faults=max(0, len(faults) - MOST_FAULTS),
        waiting=_waiting(graded, order),
        times=Times(tuple(one.seconds for one in slowest), tuple(slowest[:MOST_SLOW])),
    )


def _order(members: Iterable[Member], items: Sequence[str]) -> dict[str, int]:
    """Return the place of each item: the assignment's order, then others as they come."""
    found = dict.fromkeys(items) | dict.fromkeys(item.id for one in members for item in one.items)
    return {item: place for place, item in enumerate(found)}


def _bins(shares: Iterable[float]) -> tuple[int, ...]:
    counts = [0] * BINS
    for share in shares:
        counts[min(BINS - 1, max(0, int(share * BINS / 100)))] += 1
    return tuple(counts)


def _quarters(shares: Sequence[float]) -> tuple[float, float] | None:
    if len(shares) < 4:
        return None
    first, _, third = statistics.quantiles(shares, n=4, method="inclusive")
    return first, third


# --- success -----------------------------------------------------------------------------------------------------


def _successes(members: Sequence[Member], order: Mapping[str, int]) -> tuple[Success, ...]:
    by_item: dict[str, list[ItemOutcome]] = {item: [] for item in order}
    for one in members:
        for item in one.items:
            by_item[item.id].append(item)
    return tuple(_item_success(found) for found in by_item.values() if found)


def _item_success(outcomes: Sequence[ItemOutcome]) -> Success:
    by_check: dict[str, list[CheckOutcome]] = {}
    for outcome in outcomes:
        for check in outcome.checks:
            by_check.setdefault(check.id, []).append(check)
    checks = tuple(
        Success(name, "", _counts(one.status for one in found), _mean_share(found)) for name, found in by_check.items()
    )
    counts = _counts(WAITS if one.open else one.status for one in outcomes)
    return Success(outcomes[0].id, outcomes[0].title, counts, _mean_share(outcomes), checks)


def _counts(statuses: Iterable[str]) -> dict[str, int]:
    found = Counter(_KIND.get(status, status) for status in statuses)
    return {kind: found[kind] for kind in KINDS}


def _mean_share(outcomes: Sequence[ItemOutcome] | Sequence[CheckOutcome]) -> float | None:
    """Return the mean percentage of the points, over the outcomes that are decided."""
    decided = [
        one
        for one in outcomes
        if one.max_score > 0 and _KIND.get(one.status, one.status) not in (WAITS, OTHER) and not getattr(one, "open", 0)
    ]
    return statistics.mean(100 * one.score / one.max_score for one in decided) if decided else None


# --- faults ------------------------------------------------------------------------------------------------------


def kind_of_fault(message: str) -> str:
    """Return what a message has in common with those about the same fault in other notebooks.

    That is its first clause without quoted words, names of functions, and numbers.

    >>> kind_of_fault("function gpu_train raises RuntimeError: 3 tensors; see cell 12")
    'function … raises RuntimeError: … tensors'
    """
    first = message[:_READ].split("; ")[0]
    return _NUMBER.sub("…", _NAME.sub(r"\1 …", _QUOTED.sub("…", first)))[:_COMPARED]


def _faults(members: Sequence[Member], order: Mapping[str, int]) -> tuple[Fault, ...]:
    """Return the groups of lost checks, those with the most members first. Skipped checks only follow from others."""
    groups: dict[tuple[str, str, str], list[tuple[Member, CheckOutcome]]] = {}
    for one in members:
        for item in one.items:
            for check in item.checks:
                if check.status in (LOST, PARTLY) and check.score < check.max_score:
                    key = (item.id, check.id, kind_of_fault(check.message))
                    groups.setdefault(key, []).append((one, check))
    found = [_fault(item, check, group) for (item, check, _), group in groups.items()]
    return tuple(sorted(found, key=lambda one: (-len(one.members), -one.lost, order[one.item], one.check, one.example)))


def _fault(item: str, check: str, group: Sequence[tuple[Member, CheckOutcome]]) -> Fault:
    messages = Counter(outcome.message for _, outcome in group)
    return Fault(
        item,
        check,
        max(messages, key=lambda text: (messages[text], -len(text), text)),
        len(messages) > 1,
        round(sum(outcome.max_score - outcome.score for _, outcome in group), 2),
        _by_name(one for one, _ in group),
    )


def _refused(members: Iterable[Member]) -> tuple[Fault, ...]:
    """Return the members that could not be graded, in groups with the same reason."""
    groups: dict[str, list[Member]] = {}
    for one in members:
        groups.setdefault(kind_of_fault(one.message), []).append(one)
    found = [
        Fault("", "", group[0].message, len({one.message for one in group}) > 1, 0.0, _by_name(group))
        for group in groups.values()
    ]
    return tuple(sorted(found, key=lambda one: (-len(one.members), one.example)))


def _waiting(members: Sequence[Member], order: Mapping[str, int]) -> tuple[Waiting, ...]:
    groups: dict[str, list[tuple[Member, ItemOutcome]]] = {item: [] for item in order}
    for one in members:
        for item in one.items:
            if item.open:
                groups[item.id].append((one, item))
    return tuple(_waits(item, group) for item, group in groups.items() if group)


def _waits(item: str, group: Sequence[tuple[Member, ItemOutcome]]) -> Waiting:
    points = round(sum(outcome.open for _, outcome in group), 2)
    return Waiting(item, group[0][1].title, points, _by_name(one for one, _ in group))


def _by_name(members: Iterable[Member]) -> tuple[Member, ...]:
    return tuple(sorted(members, key=lambda one: one.name))
