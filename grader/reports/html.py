"""Show a result as one self-contained HTML page: no scripts, no pictures, no network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from grader.files import write_atomically
from grader.formatting import render_html
from grader.reports.terminal import ADVISORY, MARKS, total_line

if TYPE_CHECKING:
    from grader.result import Environment, Fact, Result


def html(result: Result) -> str:
    """Return the page. All text that came from the submission is escaped."""
    return render_html(
        "report.html",
        result=result,
        total=total_line(result),
        advisory=ADVISORY,
        marks={status: mark for status, (mark, _) in MARKS.items()},
        environment="; ".join(_facts(result.environment)),
    )


def _facts(environment: Environment) -> Iterator[str]:
    """Yield the versions and devices that the result came from, and how the notebook was confined."""
    for key, value in environment.items():
        if isinstance(value, str):
            yield f"{key}: {value}"
        elif key == "isolation" and isinstance(value, Mapping):
            yield f"{key}: " + " · ".join(f"{name}: {_fact(fact)}" for name, fact in value.items() if fact != [])


def _fact(fact: Fact) -> str:
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    return ", ".join(fact) if isinstance(fact, list) else str(fact)


def write_html(result: Result, path: Path) -> None:
    """Write the page atomically."""
    write_atomically(path, html(result))
