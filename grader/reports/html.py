"""Show a result as one self-contained HTML page: no scripts, no network, pictures as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.files import write_atomically
from grader.formatting import number, render_html
from grader.language import current, said, tr
from grader.reports.audience import for_reader
from grader.reports.mentions import Mentions, Remark, linked, mentioned, remarks_on_cells, shown_cells
from grader.reports.persons import is_of_person
from grader.reports.priorities import by_importance, lost_points
from grader.reports.score import Part, parts
from grader.reports.terminal import ADVISORY, MARKS, total_line

MOST_NAMED = 5  # of the items that lost points, in the sentence at the top

if TYPE_CHECKING:
    from grader.assignment import Evidence
    from grader.result import CheckResult, Environment, Fact, Result


@dataclass(frozen=True)
class ShownPart:
    """A part of the points as it is drawn, and in words."""

    kind: str
    start: float
    width: float
    words: str


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
    shown = {cell.index: cell for cell in cells}
    return {
        "result": result,
        "score": number(result.confirmed),
        "total": total_line(result).removeprefix(number(result.confirmed)),
        "parts": [ShownPart(part.kind, part.start, part.width, _part_words(part)) for part in parts(result)],
        "mendings": by_importance([item for item in result.items if lost_points(item) > 0])[:MOST_NAMED],
        "advisory": said(ADVISORY),
        "folded": _folded,
        "marks": {status: mark for status, (mark, _) in MARKS.items()},
        "environment": list(_facts(result.environment)),
        "pictures": pictures(evidence) if evidence is not None else Pictures(),
        "cells": cells,
        "linked": lambda text: linked(said(text), mentions, shown),
        "picture_address": "data:image/png;base64,{}".format,
    }


def _folded(checks: Iterable[CheckResult]) -> list[CheckResult]:
    """Return the checks that passed, without those that a person said something about."""
    return [check for check in checks if check.status == "pass" and not is_of_person(check)]


def _part_words(part: Part) -> str:
    points = number(part.points)
    if part.kind == "earned":
        return tr("{points} earned", points=points)
    if part.kind == "waiting":
        return tr("{points} waiting for a person", points=points)
    return tr("{points} lost", points=points) if part.kind == "lost" else tr("{points} not graded here", points=points)


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
    named = fact_names()
    for key, value in environment.items():
        if isinstance(value, str):
            yield named.get(key) or key.replace("_", " "), said(value)
        elif key == "isolation" and isinstance(value, Mapping):
            for name, fact in value.items():
                if fact != []:
                    yield f"{named[key]}: {named.get(name, name)}", _fact(fact)


def fact_names() -> dict[str, str]:
    """Return in words the facts on how a result was made; one that has no words of its own stands for itself."""
    return {
        "confined": tr("confined"),
        "data": tr("data"),
        "device": tr("device"),
        "files": tr("files"),
        "gaps": tr("gaps"),
        "isolation": tr("isolation"),
        "level": tr("level"),
        "memory": tr("memory"),
        "network": tr("network"),
        "processes": tr("processes"),
        "seed_commitment": tr("seed commitment"),
        "system calls": tr("system calls"),
        "user": tr("user"),
    }


def _fact(fact: Fact) -> str:
    if isinstance(fact, bool):
        return tr("yes") if fact else tr("no")
    return ", ".join(map(said, fact)) if isinstance(fact, list) else said(str(fact))


def in_this_language(path: Path) -> bool:
    """Return whether there is a page at `path`, and it is in the language that is shown."""
    try:
        with path.open("rb") as file:
            return b'lang="' + current().encode() + b'"' in file.read(100)
    except OSError:
        return False


def write_html(result: Result, path: Path) -> None:
    """Write the page atomically. Raises OSError."""
    write_atomically(path, html(result))
