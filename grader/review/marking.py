"""Give marks at the desk: what a form says, what it comes to, and how it is stored and taken back.

Each form holds the version of what the person saw. If somebody changed it meanwhile, nothing is stored, and the person
is told. A decision on many submissions is stored for all of them or for none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.course.audit import Change
from grader.course.changes import changing
from grader.course.decisions import Changed, Mark, MarkError, RubricLine
from grader.formatting import number

if TYPE_CHECKING:
    from grader.course.store import Row
    from grader.review.visit import Visit

MOST_COMMENTS = 30  # that are offered again


class Problem(Exception):
    """The form cannot be stored; the message is a sentence for the person who sent it."""


@dataclass(frozen=True)
class Typed:
    """The contents of a form: the ids of the ticked lines, the points as text, the comment."""

    lines: tuple[int, ...] = ()
    points: str = ""
    comment: str = ""


@dataclass(frozen=True)
class Decision:
    """The mark that a form asks for: `points` are those of the lines and the adjustment together."""

    lines: tuple[int, ...]
    adjustment: float
    points: float
    comment: str


# --- what a form says --------------------------------------------------------------------------------------------


def read(visit: Visit) -> Typed:
    """Return what stands in the form that was sent; a comment that is used again follows the one that was written."""
    comment = "\n".join(filter(None, (visit.text("comment").replace("\r\n", "\n"), visit.text("again"))))
    ticked = dict.fromkeys(int(one) for one in visit.texts("line") if one.isascii() and one.isdigit() and len(one) < 10)
    return Typed(tuple(ticked), visit.text("points"), comment)


def typed_before(given: Mark | None) -> Typed:
    """Return what stands in the form of a mark: the points only where the lines alone do not give them."""
    if given is None:
        return Typed()
    used = tuple(line.id for line in given.lines)
    return Typed(used, number(given.points) if given.adjustment or not used else "", given.comment)


def points_in(text: str) -> float:
    """Return the points that a text says, with a point or a comma.

    Raises Problem unless it is a number of at most two decimals.

    >>> points_in("2,5"), points_in("-1")
    (2.5, -1.0)
    """
    try:
        value = float(text.strip().replace(",", ".").replace("\u2212", "-"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or abs(value) > 1000 or round(value, 2) != value:
        raise Problem(f"'{text}' is no number of points; write one such as 2.5, with at most two decimals.")
    return value


def decide(typed: Typed, lines: Iterable[RubricLine], most: float) -> Decision:
    """Return what a form comes to, where an item has `most` points. Raises Problem.

    Without points of their own the ticked lines count, from 0 to `most`. Points that are written count instead; the
    difference to the lines is the adjustment.

    >>> rubric = [RubricLine(1, "q4", "says where it is flat", 2), RubricLine(2, "q4", "concludes", 2)]
    >>> decide(Typed((1, 2)), rubric, 5).points, decide(Typed((1,), "3.5"), rubric, 5).adjustment
    (4, 1.5)
    """
    known = {line.id: line.points for line in lines}
    if any(one not in known for one in typed.lines):
        raise Problem("Somebody removed a line of the rubric meanwhile; look at the lines again. Nothing was stored.")
    if not typed.points and not typed.lines:
        raise Problem("Tick a line of the rubric, or write points.")
    total = round(sum(known[one] for one in typed.lines), 2)
    if not typed.points:
        return Decision(typed.lines, 0.0, min(most, max(0, total)), typed.comment)
    points = points_in(typed.points)
    if not 0 <= points <= most:
        raise Problem(f"The points must be from 0 to {number(most)}.")
    return Decision(typed.lines, round(points - total, 2), points, typed.comment)


def counted(count: int, name: str) -> str:
    """Return a count in words: '1 score', '2 scores'."""
    return f"{count} {name}{'' if count == 1 else 's'}"


# --- what is stored ----------------------------------------------------------------------------------------------


def given(row: Row, item: str) -> Mark | None:
    """Return the mark of an item that counts, None if nobody gave one."""
    return row.final.marks.get(item)


def version(mark: Mark | None) -> int:
    """Return the version of a mark as a form holds it: 0 where there is none."""
    return 0 if mark is None else mark.version


def lines(visit: Visit, item: str, used: Mark | None = None) -> list[RubricLine]:
    """Return the lines of an item that are offered, and those of a mark that are offered no more."""
    offered = list(visit.store.lines(item))
    ids = {line.id for line in offered}
    return [*offered, *(line for line in (used.lines if used is not None else ()) if line.id not in ids)]


def uses(visit: Visit, item: str) -> Mapping[int, int]:
    """Return how many marks of an item use each of its lines, whoever may read them."""
    marks = (row.final.marks.get(item) for row in visit.desk.rows())
    return Counter(line.id for mark in marks if mark is not None for line in mark.lines)


def comments(visit: Visit, item: str) -> list[str]:
    """Return the comments that were used in marks of an item, those that were used most first."""
    return [one.text for one in visit.store.comments(item, MOST_COMMENTS)]


def save(visit: Visit, rows: Sequence[Row], item: str, decision: Decision, seen: Mapping[str, int]) -> None:
    """Give an item of these submissions the same mark; all or none.

    `seen` are the versions of the marks that the person saw, by submission. Raises Problem.
    """
    with _telling(visit), changing(visit.store, visit.person.name) as change:
        for row in rows:
            change.mark(
                row.entry.name,
                item,
                decision.lines,
                decision.adjustment,
                decision.comment,
                based_on=seen.get(row.entry.name, 0),
                notebook=row.entry.sha256,
            )


def remove(visit: Visit, row: Row, item: str, seen: int) -> None:
    """Remove the mark of an item. Raises Problem."""
    with _telling(visit), changing(visit.store, visit.person.name) as change:
        change.unmark(row.entry.name, item, based_on=seen)


def undo(visit: Visit) -> tuple[Change, ...]:
    """Take back the person's own last change; return what was taken back. Raises Problem."""
    with _telling(visit), changing(visit.store, visit.person.name) as change:
        return change.undo()
    return ()


def add_line(visit: Visit, item: str, text: str, points: float) -> None:
    """Add a line to the rubric of an item. Raises Problem."""
    with _telling(visit), changing(visit.store, visit.person.name) as change:
        change.add_line(item, text, points)


def change_line(visit: Visit, line: RubricLine, text: str, points: float, seen: int) -> None:
    """Change a line, and with it each score that uses it. Raises Problem."""
    with _telling(visit), changing(visit.store, visit.person.name) as change:
        change.change_line(line.id, text, points, based_on=seen)


def retire_line(visit: Visit, line: RubricLine, seen: int) -> None:
    """Offer a line no more; it still counts where it was used. Raises Problem."""
    with _telling(visit), changing(visit.store, visit.person.name) as change:
        change.change_line(line.id, retired=True, based_on=seen)


class _telling:
    """Turns what refuses a change into a Problem, and makes the page show how things stand now."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, MarkError):
            self._visit.__dict__.pop("rows", None)
            if isinstance(error, Changed):  # its own sentence holds names, which may be hidden
                raise Problem(
                    "Somebody else decided on this meanwhile. Nothing was stored; so it stands now."
                ) from None
            said = str(error)
            if self._visit.session.hide_names:
                for row in self._visit.desk.rows():
                    said = said.replace(row.entry.name, self._visit.called(row.entry)) if row.entry.name else said
            raise Problem(f"{said[:1].upper()}{said[1:]}.") from None
