"""A class's results as one CSV file: a row per submission, a column per item."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grader.course.csv_text import csv_text
from grader.course.scores import NOTHING, ItemStanding, Standing, standing
from grader.files import write_atomically
from grader.formatting import number

if TYPE_CHECKING:
    from grader.result import Result, Student


# Then come the items, then the message.
COLUMNS = ("submission", "student_id", "student", "status", "score", "max_score", "waiting", "provisional", "ungraded")
LAST_COLUMN = "message"


def summary_csv(results: Iterable[Result], items: Sequence[str]) -> str:
    """Return the CSV text. An item of which nothing is decided is left empty; a failed submission has no points."""
    return standings_csv(((result.student, standing(result)) for result in results), items)


def standings_csv(standings: Iterable[tuple[Student, Standing]], items: Sequence[str]) -> str:
    """Return the CSV text for pairs of a student and a standing, which are read one at a time."""
    header = [*COLUMNS, *items, LAST_COLUMN]
    return csv_text([header, *(row_of(student, one, items) for student, one in standings)])


def row_of(student: Student, one: Standing, items: Sequence[str]) -> list[str]:
    """Return the cells of one row."""
    totals = [one.confirmed, one.max_score, one.waiting, one.provisional, one.beyond]
    scores = [item_points(one, item) for item in items]
    who = [student.folder, student.number, student.name]
    return [*who, one.status, *(number(value) for value in totals), *scores, one.message]


def item_points(one: Standing, name: str) -> str:
    """Return the confirmed points of an item, or '' if nothing of it is decided."""
    item = one.item(name)
    return "" if item is None or is_undecided(item) else number(item.confirmed)


def is_undecided(item: ItemStanding) -> bool:
    """Return whether all points of an item wait for a person or could not be graded here."""
    return item.max_score > 0 and item.open + item.ungraded >= item.max_score - 0.005


def write_summary(path: Path, standings: Iterable[tuple[Student, Standing]], items: Sequence[str]) -> None:
    """Write the CSV file atomically; `standings` as for `standings_csv`."""
    write_atomically(path, standings_csv(standings, items))


def class_summary(standings: Iterable[Standing]) -> list[str]:
    """Return the lines at the end of a batch: the count, mean and median, and the items that cost most points."""
    count, graded, waiting, missing, shares = 0, 0, 0, 0, []
    lost: dict[str, float] = {}
    for one in standings:
        if one.message == NOTHING:
            missing += 1
            continue
        count += 1
        if one.status == "failed":
            continue
        graded += 1
        if one.decided > 0:
            shares.append(100 * one.confirmed / one.decided)
        waiting += one.waiting > 0
        for item in one.items:
            if item.missed > 0:
                lost[item.id] = lost.get(item.id, 0.0) + item.missed
    lines = [f"{count} submissions, {count - graded} of them could not be graded"]
    if missing:
        lines.append(f"{missing} in the roster handed in nothing")
    if shares:
        lines.append(
            f"mean {statistics.mean(shares):.0f} %, median {statistics.median(shares):.0f} % "
            "of the points that are decided"
        )
    if lost:
        worst = sorted(lost.items(), key=lambda pair: -pair[1])[:5]
        lines.append("most points lost: " + ", ".join(f"{item} ({number(points)})" for item, points in worst))
    if waiting:
        lines.append(f"{waiting} {'submission waits' if waiting == 1 else 'submissions wait'} for a person")
    return lines
