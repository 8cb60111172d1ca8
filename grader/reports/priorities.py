"""Sort what a result says by what a student does about it: mend, begin, wait, or nothing.

Pure, so that the terminal, the page and the notebook can say the same things in the same order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grader.result import CheckResult, ItemResult

_LOST = ("fail", "partial", "skipped")
_NAMED = re.compile(r"^skipped: .*'(?P<check>[\w.-]+)'")
_PLACE = re.compile(r"line \d+ of (?:cell \d+|the cell(?: under '[^']*')?(?: that begins with `[^`]*`)?)")
_NOT_STARTED = re.compile(r"^not started\b|^no answer was written|; [^;`']* (?:is|are) not started$")


@dataclass(frozen=True)
class Mending:
    """An item that lost points: `lost` of them, by `checks` that failed and others that were `skipped` for that.

    `blocks` are the ids of other items that lose points for the same fault.
    """

    item: ItemResult
    lost: float
    checks: tuple[CheckResult, ...]
    skipped: tuple[CheckResult, ...]
    blocks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Waiting:
    """An item with checks that a person decides on or confirms, and that did not fail."""

    item: ItemResult
    checks: tuple[CheckResult, ...]


@dataclass(frozen=True)
class Priorities:
    """The items of a result by what there is to do. An item may lose points and also wait for a person.

    `mendings`: most important first; `not_started`: nothing was written there; `ungraded`: this machine cannot grade
    some of their checks; `right`: nothing to do. All but the first are in the assignment's order.
    """

    mendings: tuple[Mending, ...]
    not_started: tuple[ItemResult, ...]
    waiting: tuple[Waiting, ...]
    ungraded: tuple[ItemResult, ...]
    right: tuple[ItemResult, ...]


def priorities(items: Sequence[ItemResult]) -> Priorities:
    """Return the items by what there is to do about them.

    >>> lost = CheckResult("q1.text", "fail", 0.0, 2.0, "no shape was printed")
    >>> kept = CheckResult("q2.plot", "pass", 3.0, 3.0, "two curves")
    >>> items = [ItemResult("q1", "Print", 0, 2, "fail", (lost,)), ItemResult("q2", "Plot", 3, 3, "pass", (kept,))]
    >>> found = priorities(items)
    >>> [mending.item.id for mending in found.mendings], [item.id for item in found.right]
    (['q1'], ['q2'])
    """
    losing = [item for item in items if any(check.status in _LOST for check in item.checks)]
    fresh = tuple(item for item in losing if is_not_started(item))
    return Priorities(
        by_importance([item for item in losing if item not in fresh]),
        fresh,
        tuple(Waiting(item, found) for item in items if (found := tuple(filter(_only_waits, item.checks)))),
        tuple(item for item in items if any(check.status == "not_graded" for check in item.checks)),
        tuple(item for item in items if item.status == "pass" and not any(check.waits for check in item.checks)),
    )


def _only_waits(check: CheckResult) -> bool:
    return check.waits and check.status not in _LOST


def untold(notes: Sequence[str], found: Priorities) -> list[str]:
    """Return the notes on the run, without those about lines that a message on lost points names anyway."""
    told = "\n".join(check.message for mending in found.mendings for check in mending.checks)

    def is_told(note: str) -> bool:
        places = _PLACE.findall(note)
        return bool(places) and all(place in told for place in places)

    return [note for note in notes if not is_told(note)]


def is_not_started(item: ItemResult) -> bool:
    """Return whether an item earned nothing because nothing was written there."""
    first = next((check for check in item.checks if check.status == "fail"), None)
    return item.score == 0 and first is not None and _NOT_STARTED.search(first.message) is not None


def lost_points(item: ItemResult) -> float:
    """Return the points that an item lost, without those that wait for a person or were not graded."""
    return round(sum(check.max_score - check.score for check in item.checks if check.status in _LOST), 2)


def by_importance(items: Sequence[ItemResult]) -> tuple[Mending, ...]:
    """Return items that lost points, the most important first: with what else its fault costs, an item costs most.

    A fault costs another item if a check there was skipped for it, or names the same line of the notebook as its cause.
    Among equals the earlier item comes first, since later ones build on it.
    """
    blocked = _blocked(items)
    lost = {item.id: lost_points(item) for item in items}
    order = {item.id: at for at, item in enumerate(items)}

    def rank(item: ItemResult) -> tuple[float, int]:
        return -lost[item.id] - sum(lost[other] for other in blocked.get(item.id, ())), order[item.id]

    return tuple(
        Mending(
            item,
            lost[item.id],
            tuple(check for check in item.checks if check.status in ("fail", "partial")),
            tuple(check for check in item.checks if check.status == "skipped"),
            tuple(blocked.get(item.id, ())),
        )
        for item in sorted(items, key=rank)
    )


def _blocked(items: Sequence[ItemResult]) -> Mapping[str, list[str]]:
    """Return, for each item with a fault that costs others points, the ids of these, in order."""
    owner = {check.id: item.id for item in items for check in item.checks}
    blamed: dict[str, str] = {}  # place in the notebook -> the first item that names it
    found: dict[str, list[str]] = {}
    for item in items:
        causes = [owner.get(name, "") for name in _names(item.checks)]
        places = [place for check in item.checks if check.status == "fail" for place in _PLACE.findall(check.message)]
        causes += [blamed.setdefault(place, item.id) for place in places]
        for cause in dict.fromkeys(causes):
            if cause not in ("", item.id):
                found.setdefault(cause, []).append(item.id)
    return found


def _names(checks: Iterable[CheckResult]) -> list[str]:
    """Return the checks that skipped ones name as their reason."""
    found = [_NAMED.search(check.message) for check in checks if check.status == "skipped"]
    return [match["check"] for match in found if match]
