"""Read the few things of the kept evidence that the queue needs, without the rest, which takes ten times as long."""

from __future__ import annotations

from collections.abc import Mapping

from grader.evidence.decode import Malformed
from grader.evidence.kept import parts
from grader.evidence.run import CellRun
from grader.notebook.questions import Section
from grader.review.queue import Seen

__all__ = ["seen"]

_STOPPED = ("timeout", "killed", "dead", "not_run")  # statuses of a cell that did not come to its end
_PARTS = {
    ("sections",): Mapping[str, Section],
    ("run", "doubts"): Mapping[str, str],
    ("run", "cells"): tuple[CellRun, ...],
}


def seen(kept: bytes) -> Seen:
    """Return what the queue needs of the kept evidence; nothing if there is none, or none that this version reads."""
    if not kept:
        return Seen()
    try:
        sections, doubts, cells = parts(kept, _PARTS)
    except Malformed:
        return Seen()
    return Seen(
        {item: section.answer for item, section in sections.items() if section.answer},
        tuple(dict.fromkeys(doubts.values())),
        tuple(dict.fromkeys(cell.reason for cell in cells if cell.status in _STOPPED and cell.reason)),
    )
