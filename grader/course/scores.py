"""The points of one submission in the table of a class: the machine's points, a person's marks, and both combined.

A `Standing` takes some hundred bytes, a `Result` a hundred thousand: with standings a class of any size fits into
memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from grader.result import ItemResult, Result

Status = Literal["graded", "needs_review", "failed"]


@dataclass(frozen=True)
class ItemStanding:
    """The points of one item.

    `open` points wait for a person; `provisional` is the part of them that the machine gave for now, `defect` the part
    that the grader could not judge. `ungraded` are other points that could not be graded on this machine.
    """

    id: str
    status: str
    score: float
    max_score: float
    provisional: float = 0.0
    open: float = 0.0
    ungraded: float = 0.0
    defect: float = 0.0


@dataclass(frozen=True)
class Standing:
    """The points of one submission, without reasons; `lost` is the number of points that failed checks cost."""

    status: Status
    score: float
    max_score: float
    provisional: float = 0.0
    ungraded: float = 0.0
    lost: float = 0.0
    message: str = ""
    items: tuple[ItemStanding, ...] = ()

    def item(self, name: str) -> ItemStanding | None:
        """Return the item with this id, or None if there is none, as in a submission that could not be graded."""
        return next((item for item in self.items if item.id == name), None)


@dataclass(frozen=True)
class Mark:
    """A person's decision on one item of a submission.

    `points` replace the points that wait for a person or, if none wait, all points of the item. `sha256` is the digest
    of the marked notebook: the mark does not count for another one.
    """

    item: str
    points: float
    comment: str = ""
    sha256: str = ""
    marked_at: str = ""


@dataclass(frozen=True)
class Final:
    """A standing that includes the marks. `stale` marks were given for an earlier notebook and do not count."""

    standing: Standing
    marks: Mapping[str, Mark] = field(default_factory=dict)
    stale: tuple[Mark, ...] = ()


def standing(result: Result) -> Standing:
    """Return the points of a result."""
    return Standing(
        status=result.status,
        score=result.score,
        max_score=result.max_score,
        provisional=result.provisional,
        ungraded=result.ungraded,
        lost=result.lost,
        message=result.message,
        items=tuple(_item(item) for item in result.items),
    )


def _item(item: ItemResult) -> ItemStanding:
    def lacking(waits: bool) -> float:
        checks = (c for c in item.checks if c.status in ("not_graded", "error") and c.waits == waits)
        return round(sum(c.max_score - c.score for c in checks), 2)

    return ItemStanding(
        id=item.id,
        status=item.status,
        score=item.score,
        max_score=item.max_score,
        provisional=item.provisional,
        open=round(sum(c.max_score for c in item.checks if c.waits), 2),
        ungraded=lacking(waits=False),
        defect=lacking(waits=True),
    )


def limit(item: ItemStanding) -> float:
    """Return the highest mark that this item can get."""
    return item.open or item.max_score


def with_marks(machine: Standing, marks: Mapping[str, Mark], sha256: str) -> Final:
    """Return the standing in which the marks for this notebook (`sha256`) have replaced the machine's points."""
    valid = {name: mark for name, mark in marks.items() if mark.sha256 in ("", sha256)}
    stale = tuple(mark for name, mark in marks.items() if name not in valid)
    if machine.status == "failed" or not valid:
        return Final(machine, valid, stale)
    items = tuple(_marked(item, valid[item.id]) if item.id in valid else item for item in machine.items)
    waiting = any(item.open for item in items)
    status: Status = "needs_review" if waiting and machine.status == "needs_review" else "graded"
    after = replace(
        machine,
        status=status,
        score=round(sum(item.score for item in items), 2),
        provisional=round(sum(item.provisional for item in items), 2),
        ungraded=round(sum(item.ungraded + item.defect for item in items), 2),
        items=items,
    )
    return Final(after, valid, stale)


def _marked(item: ItemStanding, mark: Mark) -> ItemStanding:
    kept = item.score - item.provisional if item.open else 0.0
    score = round(kept + mark.points, 2)
    status = "pass" if score >= item.max_score else "partial" if score > 0 else "fail"
    ungraded = item.ungraded if item.open else 0.0
    return replace(item, status=status, score=score, provisional=0.0, open=0.0, ungraded=ungraded, defect=0.0)
