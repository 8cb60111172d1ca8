"""A class's results as one CSV file: a row per submission, a column per item."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grader.reports.terminal import number
from grader.result import write_atomically

if TYPE_CHECKING:
    from grader.result import Result
    from grader.rubric import Rubric


def summary_csv(results: Mapping[str, Result], items: Sequence[str]) -> str:
    """The CSV text. An item that was not graded is left empty; a failed submission has no points at all."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["submission", "status", "score", "max_score", "provisional", "ungraded", *items, "message"])
    for name in sorted(results):
        result = results[name]
        by_id = {item.id: item for item in result.items}
        scores = ["" if i not in by_id or by_id[i].status == "not_graded" else number(by_id[i].score) for i in items]
        totals = [result.score, result.max_score, result.provisional, result.ungraded]
        row = [name, result.status, *(number(value) for value in totals), *scores, result.message]
        writer.writerow([_harmless(cell) for cell in row])
    return out.getvalue()


def write_summary(path: Path, results: Mapping[str, Result], rubric: Rubric) -> None:
    """Write the CSV file atomically."""
    write_atomically(path, summary_csv(results, [item.id for item in rubric.items]))


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula gets an apostrophe before it."""
    cell = cell.replace("\r", " ").replace("\n", " ").replace("\0", "")
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t") else cell


def class_summary(results: Mapping[str, Result]) -> list[str]:
    """Lines for the end of a batch: how many, mean and median, and the items that cost the class most."""
    graded = [result for result in results.values() if result.status != "failed"]
    lines = [f"{len(results)} submissions, {len(results) - len(graded)} of them could not be graded"]
    if not graded:
        return lines
    shares = [100 * r.score / (r.max_score - r.ungraded) for r in graded if r.max_score > r.ungraded]
    if shares:
        lines.append(
            f"mean {statistics.mean(shares):.0f} %, median {statistics.median(shares):.0f} % of the points that were graded"
        )
    lost: dict[str, float] = {}
    for result in graded:
        for item in result.items:
            if item.status in ("fail", "partial"):
                lost[item.id] = lost.get(item.id, 0.0) + item.max_score - item.score
    if lost:
        worst = sorted(lost.items(), key=lambda pair: -pair[1])[:5]
        lines.append("most points lost: " + ", ".join(f"{item} ({number(points)})" for item, points in worst))
    return lines
