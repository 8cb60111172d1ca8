"""Read the few things of the kept evidence that the queue needs, without the rest, which takes ten times as long."""

from __future__ import annotations

from dataclasses import dataclass, field

from grader.evidence.decode import Malformed
from grader.evidence.kept import part
from grader.review.queue import Seen

__all__ = ["seen"]

_STOPPED = ("timeout", "killed", "dead", "not_run")  # statuses of a cell that did not come to its end


@dataclass(frozen=True)
class _Section:
    answer: str = ""


@dataclass(frozen=True)
class _Cell:
    status: str = ""
    reason: str = ""


@dataclass(frozen=True)
class _Run:
    cells: tuple[_Cell, ...] = ()
    doubts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Kept:
    sections: dict[str, _Section] = field(default_factory=dict)
    run: _Run = _Run()


def seen(kept: bytes) -> Seen:
    """Return what the queue needs of the kept evidence; nothing if there is none, or none that this version reads."""
    if not kept:
        return Seen()
    try:
        found = part(kept, _Kept)
    except Malformed:
        return Seen()
    return Seen(
        {item: section.answer for item, section in found.sections.items() if section.answer},
        tuple(dict.fromkeys(found.run.doubts.values())),
        tuple(dict.fromkeys(cell.reason for cell in found.run.cells if cell.status in _STOPPED and cell.reason)),
    )
