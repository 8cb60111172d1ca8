"""The grade of each submission, from the store: the points that count, and that a person has released."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grader.formatting import number, one_line

if TYPE_CHECKING:
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

    `released` says whether it may be exported. `problem` is '' or the reason why there is no grade. `changed` says that
    people decided otherwise since it was released.
    """

    submission: str
    total: Points
    items: Mapping[str, Points] = field(default_factory=dict)
    released: bool = False
    problem: str = ""
    comments: tuple[str, ...] = ()
    changed: bool = False

    def points(self, item: str | None) -> Points | None:
        """Return the points of an item, or of all together; None if this submission has no such item."""
        return self.total if item is None else self.items.get(item)


def grade_of(row: Row, unreleased: bool = False) -> Grade:
    """Return the grade of a row of the class, with what people decided. Nothing unread counts as earned.

    It is the one that the student may see. With `unreleased` it is the present one, whether released or not.
    """
    released = row.shown
    standing = row.final.standing if unreleased or released is None else released
    problem = f"could not be graded: {one_line(standing.message)}" if standing.status == "failed" else ""
    return Grade(
        row.entry.name,
        Points(standing.confirmed, standing.max_score, standing.waiting, standing.beyond),
        {item.id: Points(item.confirmed, item.max_score, item.open, item.ungraded) for item in standing.items},
        unreleased or released is not None,
        problem,
        changed=row.release_state == "changed" and not unreleased,
    )


def comments_of(grade: Grade, result: Result, decided: Collection[str] = ()) -> tuple[str, ...]:
    """Return what is said to the student in a few lines: the points, and of each item that lost some, why.

    `result` is the one that the student may see; `decided` are the ids of the checks on which a person decided.
    """
    return tuple(one_line(line) for line in _comments(grade, result, decided))


def _comments(grade: Grade, result: Result, decided: Collection[str]) -> Iterator[str]:
    yield f"Points: {number(grade.total.earned)} of {number(grade.total.possible)}"
    if grade.total.waiting:
        yield f"Until a person has read your answers, {number(grade.total.waiting)} of them wait."
    if grade.total.ungraded:
        yield f"Of them, {number(grade.total.ungraded)} could not be graded: ask your instructor."
    for item in result.items:
        checks = [check for check in item.checks if check.id in decided]
        lost = [check for check in item.checks if check.status in ("fail", "partial")]
        checks += lost or [check for check in item.checks if check.status == "skipped"]  # those follow from the others
        points = grade.items.get(item.id)
        if not checks or points is None:
            continue
        told = list(dict.fromkeys(check.message for check in checks))
        more = f"; and {len(told) - MAX_SAID} more" if len(told) > MAX_SAID else ""
        head = f"{item.id} ({item.title}): {number(points.earned)} of {number(points.possible)}"
        yield f"{head}: {'; '.join(told[:MAX_SAID])}{more}"
