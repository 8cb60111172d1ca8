"""The grade of each submission, from the store: what a person has confirmed and released."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grader.formatting import number, one_line

if TYPE_CHECKING:
    from grader.course.scores import ItemStanding
    from grader.course.store import Row
    from grader.result import Result

MAX_SAID = 3  # messages of one item in a comment


@dataclass(frozen=True)
class Points:
    """Points that count, out of `possible`.

    `waiting` points are neither earned nor lost until a person has read; `ungraded` ones could not be graded.
    """

    earned: float
    possible: float
    waiting: float = 0.0
    ungraded: float = 0.0


@dataclass(frozen=True)
class Grade:
    """The grade of one submission: its points, those of its items, and lines of text for the student.

    `problem` is '' or the reason why there is no grade.
    """

    submission: str
    total: Points
    items: Mapping[str, Points] = field(default_factory=dict)
    released: bool = False
    problem: str = ""
    comments: tuple[str, ...] = ()

    def points(self, item: str | None) -> Points | None:
        """Return the points of an item, or of all together; None if this submission has no such item."""
        return self.total if item is None else self.items.get(item)


def grade_of(row: Row, released: bool, comments: tuple[str, ...] = ()) -> Grade:
    """Return the grade of a row of the class, with its marks. Nothing unread counts as earned."""
    final = row.final.standing
    items = {item.id: _points(item) for item in final.items}
    total = Points(
        round(final.score - final.provisional, 2),
        final.max_score,
        round(sum(item.open for item in final.items), 2),
        final.ungraded,
    )
    problem = f"could not be graded: {one_line(final.message)}" if final.status == "failed" else ""
    return Grade(row.entry.name, total, items, released, problem, comments)


def _points(item: ItemStanding) -> Points:
    return Points(round(item.score - item.provisional, 2), item.max_score, item.open, item.ungraded)


def comments_of(grade: Grade, result: Result) -> tuple[str, ...]:
    """Return what is said to the student in a few lines: the points, and of each item that lost some, why.

    `result` is the one that the student may see, with a person's marks.
    """
    return tuple(one_line(line) for line in _comments(grade, result))


def _comments(grade: Grade, result: Result) -> Iterator[str]:
    yield f"Points: {number(grade.total.earned)} of {number(grade.total.possible)}"
    if grade.total.waiting:
        yield f"{number(grade.total.waiting)} points wait until a person has read your answers."
    if grade.total.ungraded:
        yield f"{number(grade.total.ungraded)} points could not be graded; ask your instructor about them."
    for item in result.items:
        said = [check.message for check in item.checks if check.status in ("fail", "partial", "skipped")]
        said = [check.message for check in item.checks if check.id.endswith(PERSON)] + said
        points = grade.items.get(item.id)
        if not said or points is None:
            continue
        told = list(dict.fromkeys(said))
        more = f"; and {len(told) - MAX_SAID} more" if len(told) > MAX_SAID else ""
        head = f"{item.id} ({item.title}): {number(points.earned)} of {number(points.possible)}"
        yield f"{head}: {'; '.join(told[:MAX_SAID])}{more}"


PERSON = ".person"  # the end of the id of a check that stands for a person's mark
