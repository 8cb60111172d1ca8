"""A class's results as one CSV file: a row per submission, a column per item."""

from __future__ import annotations

import csv
import io
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grader.course.scores import Standing, standing
from grader.files import write_atomically
from grader.formatting import number, one_line

if TYPE_CHECKING:
    from grader.result import Result


COLUMNS = ("submission", "status", "score", "max_score", "provisional", "ungraded")  # then the items, then the message
_FORMULA = "=+\\-@＝＋－＠"  # characters that start a formula; some spreadsheets also accept the full-width forms
_STARTS = re.compile(rf"\s*[{_FORMULA}]")
# In countries with decimal commas, spreadsheets split cells at semicolons, even inside quotes.
_STARTS_LATER = re.compile(rf"([;|]\s*)(?=[{_FORMULA}])")


def summary_csv(results: Mapping[str, Result], items: Sequence[str]) -> str:
    """Return the CSV text. An item that was not graded is left empty; a failed submission has no points."""
    return standings_csv(((name, standing(results[name])) for name in sorted(results)), items)


def standings_csv(standings: Iterable[tuple[str, Standing]], items: Sequence[str]) -> str:
    """Return the CSV text for (name, standing) pairs, which must be sorted by name and are read one at a time."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*COLUMNS, *items, "message"])
    for name, one in standings:
        totals = [one.score, one.max_score, one.provisional, one.ungraded]
        scores = [item_points(one, item) for item in items]
        row = [name, one.status, *(number(value) for value in totals), *scores, one.message]
        writer.writerow([escape_cell(cell) for cell in row])
    return out.getvalue()


def item_points(one: Standing, name: str) -> str:
    """Return the points of an item, or '' if it was not graded."""
    item = one.item(name)
    return "" if item is None or item.status == "not_graded" else number(item.score)


def write_summary(path: Path, standings: Iterable[tuple[str, Standing]], items: Sequence[str]) -> None:
    """Write the CSV file atomically; `standings` as for `standings_csv`."""
    write_atomically(path, standings_csv(standings, items))


def escape_cell(cell: str) -> str:
    """Return the cell on one line, with an apostrophe wherever a spreadsheet would read a formula."""
    cell = _STARTS_LATER.sub(r"\1'", one_line(cell))
    return f"'{cell}" if _STARTS.match(cell) else cell


def unescape_cell(cell: str) -> str:
    """Return the name in the first column without the apostrophe that `escape_cell` put before it."""
    return cell[1:] if cell.startswith("'") and _STARTS.match(cell[1:]) else cell


def class_summary(standings: Iterable[Standing]) -> list[str]:
    """Return the lines at the end of a batch: the count, mean and median, and the items that cost most points."""
    count, graded, shares = 0, 0, []
    lost: dict[str, float] = {}
    for one in standings:
        count += 1
        if one.status == "failed":
            continue
        graded += 1
        if one.max_score > one.ungraded:
            shares.append(100 * one.score / (one.max_score - one.ungraded))
        for item in one.items:
            if item.status in ("fail", "partial"):
                lost[item.id] = lost.get(item.id, 0.0) + item.max_score - item.score
    lines = [f"{count} submissions, {count - graded} of them could not be graded"]
    if shares:
        lines.append(
            f"mean {statistics.mean(shares):.0f} %, median {statistics.median(shares):.0f} % of the gradable points"
        )
    if lost:
        worst = sorted(lost.items(), key=lambda pair: -pair[1])[:5]
        lines.append("most points lost: " + ", ".join(f"{item} ({number(points)})" for item, points in worst))
    return lines
