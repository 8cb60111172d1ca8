"""Show a result as one self-contained HTML page: no scripts, no network, pictures as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from grader.files import write_atomically
from grader.formatting import render_html
from grader.reports.audience import for_reader
from grader.reports.mentions import Mentions, linked, mentioned, shown_cells
from grader.reports.terminal import ADVISORY, MARKS, total_line

if TYPE_CHECKING:
    from grader.assignment import Evidence
    from grader.result import Environment, Fact, Result


def html(result: Result) -> str:
    """Return the page. All text that came from the submission is escaped.

    The pictures and cells come from the kept evidence; without it the page has none.
    """
    from grader.reports.pictures import Pictures, pictures

    result = for_reader(result)
    evidence = _evidence(result)
    mentions = Mentions(evidence.notebook if evidence is not None else None)
    marked = mentioned(_texts(result), mentions) if evidence is not None else {}
    cells = shown_cells(evidence.notebook, marked) if evidence is not None else ()
    return render_html(
        "report.html",
        result=result,
        total=total_line(result),
        advisory=ADVISORY,
        marks={status: mark for status, (mark, _) in MARKS.items()},
        environment=list(_facts(result.environment)),
        pictures=pictures(evidence) if evidence is not None else Pictures(),
        cells=cells,
        linked=partial(linked, mentions=mentions, cells={cell.index: cell for cell in cells}),
    )


def _evidence(result: Result) -> Evidence | None:
    from grader.evidence.decode import Malformed
    from grader.reports.evidence import load_evidence

    try:
        return load_evidence(result.kept) if result.kept else None
    except Malformed:  # another version of grader kept it
        return None


def _texts(result: Result) -> Iterator[str]:
    """Yield what is said about lost points, and the remarks on the run."""
    for item in result.items:
        for check in item.checks:
            if check.status not in ("pass", "not_graded"):
                yield from (check.message, check.hint, *check.evidence)
    yield from result.notes


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
    """Write the page atomically."""
    write_atomically(path, html(result))
