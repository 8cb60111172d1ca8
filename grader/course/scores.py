"""The points of one submission in the table of a class: the machine's points, a person's marks, and both combined.

A `Standing` takes some hundred bytes, a `Result` a hundred thousand: with standings a class of any size fits into
memory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from grader.course.decisions import Mark, Override

if TYPE_CHECKING:
    from grader.result import ItemResult, Result

Status = Literal["graded", "needs_review", "failed"]
NOTHING = "nothing was handed in"  # the message in the standing of a student of the roster


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

    @property
    def confirmed(self) -> float:
        """The points that a machine or a person has confirmed."""
        return round(self.score - self.provisional, 2)

    @property
    def missed(self) -> float:
        """The decided points that were not earned."""
        return round(self.max_score - self.confirmed - self.open - self.ungraded, 2)


@dataclass(frozen=True)
class Standing:
    """The points of one submission, without reasons.

    `score` includes the part `provisional` that nobody has confirmed; `confirmed` is what has been earned so far, and
    `waiting` what a person has yet to decide. `lost` is the number of points that failed checks cost.
    """

    status: Status
    score: float
    max_score: float
    provisional: float = 0.0
    ungraded: float = 0.0
    lost: float = 0.0
    message: str = ""
    items: tuple[ItemStanding, ...] = ()

    @property
    def confirmed(self) -> float:
        """The points that a machine or a person has confirmed; what nobody has read is not among them."""
        return round(self.score - self.provisional, 2)

    @property
    def waiting(self) -> float:
        """The points that wait for a person, whatever the machine gave for now."""
        return round(sum(item.open for item in self.items), 2)

    @property
    def beyond(self) -> float:
        """The points that this machine could not grade and that wait for nobody."""
        return round(sum(item.ungraded for item in self.items), 2)

    @property
    def decided(self) -> float:
        """The points that are decided: all but those that wait or could not be graded here."""
        return round(self.max_score - self.waiting - self.beyond, 2)

    @property
    def missed(self) -> float:
        """The decided points that were not earned: confirmed + waiting + beyond + missed = max_score."""
        return round(self.decided - self.confirmed, 2)

    def item(self, name: str) -> ItemStanding | None:
        """Return the item with this id, or None if there is none, as in a submission that could not be graded."""
        return next((item for item in self.items if item.id == name), None)


@dataclass(frozen=True)
class Final:
    """A standing with what people decided. `stale` and `stale_overrides` are for an earlier notebook and do not count.

    `marks` are by item, `overrides` by check. `points` are those that an instructor set in place of the rubric's, by
    item or check.
    """

    standing: Standing
    marks: Mapping[str, Mark] = field(default_factory=dict)
    stale: tuple[Mark, ...] = ()
    overrides: Mapping[str, Override] = field(default_factory=dict)
    stale_overrides: tuple[Override, ...] = ()
    points: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Release:
    """The decisions on a submission that a student may see: their state at the time when a person released it.

    `standing` are the points that are shown, `sha256` is the digest of the notebook, `key` that of the grading.
    `fingerprint` is that of the decisions at that time.
    """

    submission: str
    sha256: str
    key: str
    standing: Standing
    fingerprint: str
    by: str = ""
    at: str = ""
    version: int = 0


def fingerprint(final: Final) -> str:
    """Return a digest of all that a student would be told about the points: it changes if any of it does."""
    one = final.standing
    told = [
        [one.status, one.score, one.provisional, one.message],
        [[item.id, item.status, item.score, item.open] for item in one.items],
        [
            [mark.item, mark.points, mark.adjustment, mark.comment, [[line.text, line.points] for line in mark.lines]]
            for _, mark in sorted(final.marks.items())
        ],
        [[one.check, one.score, one.reason] for _, one in sorted(final.overrides.items())],
    ]
    return hashlib.sha256(json.dumps(told, default=float).encode()).hexdigest()


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
        items=tuple(map(item_standing, result.items)),
    )


def item_standing(item: ItemResult) -> ItemStanding:
    """Return the points of an item of a result."""

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


def status_of(score: float, most: float) -> Literal["pass", "partial", "fail"]:
    """Return the status of an item or a check that a person has decided on."""
    return "pass" if score >= most else "partial" if score > 0 else "fail"
