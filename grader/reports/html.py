"""Show a result as one self-contained HTML page: no scripts, no network, pictures as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from grader.files import write_atomically
from grader.formatting import number, render_html
from grader.reports.audience import for_reader
from grader.reports.mentions import Mentions, Remark, linked, mentioned, remarks_on_cells, shown_cells
from grader.reports.priorities import by_importance, lost_points
from grader.reports.score import parts
from grader.reports.terminal import ADVISORY, MARKS, total_line

MOST_NAMED = 5  # of the items that lost points, in the sentence at the top

if TYPE_CHECKING:
    from grader.assignment import Evidence
    from grader.result import Environment, Fact, Result


def html(result: Result) -> str:
    """Return the page. All text that came from the submission is escaped.

    The pictures and cells come from the kept evidence; without it the page has none. A student's own check is shown as
    `for_reader` gives it.
    """
    from grader.reports.evidence import with_kept_evidence

    return with_kept_evidence(for_reader(result), _page)


def _page(result: Result, evidence: Evidence | None) -> str:
    return render_html("report.html", **report_values(result, evidence))


def report_values(result: Result, evidence: Evidence | None) -> dict[str, object]:
    """Return what the template of the report shows, for those who render it in a frame of their own."""
    from grader.reports.pictures import Pictures, pictures

    mentions = Mentions(evidence.notebook if evidence is not None else None)
    remarks = list(_remarks(result)) if evidence is not None else []
    marked = mentioned((remark.text for remark in remarks), mentions)
    spoken = remarks_on_cells((remark for remark in remarks if remark.told), mentions)
    cells = shown_cells(evidence.notebook, marked, spoken) if evidence is not None else ()
    return {
        "result": result,
        "score": number(result.score),
        "total": total_line(result).removeprefix(number(result.score)),
        "parts": parts(result),
        "mendings": by_importance([item for item in result.items if lost_points(item) > 0])[:MOST_NAMED],
        "advisory": ADVISORY,
        "marks": {status: mark for status, (mark, _) in MARKS.items()},
        "environment": list(_facts(result.environment)),
        "pictures": pictures(evidence) if evidence is not None else Pictures(),
        "cells": cells,
        "linked": partial(linked, mentions=mentions, cells={cell.index: cell for cell in cells}),
        "picture_address": "data:image/png;base64,{}".format,
    }


def _remarks(result: Result) -> Iterator[Remark]:
    """Yield what is said about lost points, and the remarks on the run."""
    for item in result.items:
        for check in item.checks:
            if check.status in ("pass", "not_graded"):
                continue
            yield Remark(item.id, check.message)
            yield from (Remark(item.id, text, told=False) for text in (check.hint, *check.evidence))
    yield from (Remark("", note) for note in result.notes)


def _facts(environment: Environment) -> Iterator[tuple[str, str]]:
    """Yield the versions and devices that the result came from, and how the notebook was confined."""
    for key, value in environment.items():
        if isinstance(value, str):
            yield key.replace("_", " "), value
        elif key == "isolation" and isinstance(value, Mapping):
            for name, fact in value.items():
                if fact != []:
                    yield f"{key}: {name}", _fact(fact)


def _fact(fact: Fact) -> str:
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    return ", ".join(fact) if isinstance(fact, list) else str(fact)


def write_html(result: Result, path: Path) -> None:
    """Write the page atomically. Raises OSError."""
    write_atomically(path, html(result))
