"""The items of a class that wait for a person, in the order in which a person sees them. Pure: results in, rows out."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from grader.result import CheckResult, ItemResult, Result

__all__ = ["KINDS", "Kind", "Place", "Seen", "Tally", "Waiting", "place", "tally", "ticket", "waiting"]

Kind = Literal["answer", "unsure", "impossible", "stopped", "error", "failed"]

KINDS: Mapping[Kind, str] = {
    "answer": "written answers",
    "unsure": "verdicts that the grader is unsure of",
    "impossible": "evidence that cannot be true",
    "stopped": "lost points where a cell ran too long or was stopped",
    "error": "errors of the grader",
    "failed": "files that could not be graded",
}
"""The kinds of items that wait for a person, in the order in which they are shown."""

_LOST = ("fail", "partial", "skipped")


@dataclass(frozen=True)
class Seen:
    """The part of the kept evidence that the queue needs.

    `answers` are the written answers by item, `doubts` why trainings are not believed, and `stopped` why cells did not
    come to their end.
    """

    answers: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Waiting:
    """One item of a submission that a person should look at, and why. `item` is '' if the whole file failed.

    `checks` are the ids of the checks that it is about. `answer` is the written answer, '' if it is about something
    else. `must` tells whether points wait for a person; otherwise the verdict stands unless a person changes it.
    """

    item: str
    kind: Kind
    checks: tuple[str, ...] = ()
    answer: str = ""
    must: bool = True


def waiting(result: Result, seen: Seen) -> tuple[Waiting, ...]:
    """Return what of a result a person should look at: at most one entry for each item.

    >>> check = CheckResult("q4.answer", "review", 5, 5, "an answer of 3 words; a person decides")
    >>> from grader.result import Submitted
    >>> item = ItemResult("q4", "Longer?", 5, 5, "review", (check,), 5)
    >>> result = Result("mnist", Submitted("a.ipynb", ""), 5, 5, "needs_review", (item,))
    >>> [(one.item, one.kind) for one in waiting(result, Seen({"q4": "Stop at 15."}))]
    [('q4', 'answer')]
    """
    if result.status == "failed":
        return (Waiting("", "failed"),)
    return tuple(_entries(result.items, seen))


def _entries(items: Iterable[ItemResult], seen: Seen) -> Iterator[Waiting]:
    for item in items:
        answer = seen.answers.get(item.id, "")
        of: dict[Kind, list[str]] = {}
        for check in item.checks:
            kind = _kind(check, answer, seen)
            if kind is not None:
                of.setdefault(kind, []).append(check.id)
        first = next((kind for kind in _BY_WEIGHT if kind in of), None)
        if first is not None:
            must = any(check.waits for check in item.checks)
            checks = tuple(name for kind in _BY_WEIGHT for name in of.get(kind, ()))
            yield Waiting(item.id, first, checks, answer if first == "answer" else "", must)


_BY_WEIGHT: tuple[Kind, ...] = ("error", "impossible", "answer", "unsure", "stopped")


def _kind(check: CheckResult, answer: str, seen: Seen) -> Kind | None:
    """Return why a person should look at a check, or None."""
    if check.status == "error":
        return "error"
    if check.status in _LOST and _names(check.message, seen.doubts):
        return "impossible"
    if check.status == "review" and answer:
        return "answer"
    if check.waits:
        return "unsure"
    if check.status in _LOST and _names(check.message, seen.stopped):
        return "stopped"
    return None


def _names(message: str, reasons: Sequence[str]) -> bool:
    return any(reason and reason in message for reason in reasons)


@dataclass(frozen=True)
class Tally:
    """The count of one kind in one item: all submissions in the queue, and how many of them are decided."""

    item: str
    kind: Kind
    total: int
    decided: int

    @property
    def left(self) -> int:
        """The number of submissions that still wait."""
        return self.total - self.decided


def tally(
    entries: Iterable[tuple[str, Waiting]], decided: Collection[tuple[str, str]], items: Sequence[str]
) -> tuple[Tally, ...]:
    """Return the counts by item and kind, in the assignment's order.

    `entries` are pairs of a submission and what of it waits; `decided` holds the pairs of a submission and an item that
    have a person's mark.
    """
    found: dict[tuple[str, Kind], list[bool]] = {}
    for submission, entry in entries:
        found.setdefault((entry.item, entry.kind), []).append((submission, entry.item) in decided)
    order = {item: at for at, item in enumerate(items)}
    kinds = list(KINDS)
    return tuple(
        Tally(item, kind, len(done), sum(done))
        for (item, kind), done in sorted(
            found.items(), key=lambda one: (order.get(one[0][0], -1), one[0][0], kinds.index(one[0][1]))
        )
    )


def ticket(submission: str) -> str:
    """Return what stands for a submission in an address, where its name may be hidden.

    >>> len(ticket("doejane_12345"))
    16
    """
    return hashlib.sha256(submission.encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True)
class Place:
    """A submission's place in the queue of an item: its number from 1, and its neighbours' names, '' at the ends.

    `next_left` is the next one that nobody has decided yet, going round once; '' if there is none.
    """

    number: int
    total: int
    left: int
    before: str
    after: str
    next_left: str


def place(submission: str, order: Sequence[str], decided: Collection[str]) -> Place:
    """Return where a submission stands in `order`, the names of the queue.

    Raises ValueError if it is not in the queue.

    >>> place("b", ["a", "b", "c"], {"c"}).next_left
    'a'
    """
    at = list(order).index(submission)
    around = [*order[at + 1 :], *order[:at]]
    return Place(
        at + 1,
        len(order),
        sum(name not in decided for name in order),
        order[at - 1] if at else "",
        order[at + 1] if at + 1 < len(order) else "",
        next((name for name in around if name not in decided), ""),
    )
