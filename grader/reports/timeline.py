"""Lay out the time line of a run: a bar for each cell, and below it one for each pass over the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.reports.charts import Tick, ticks_between

if TYPE_CHECKING:
    from grader.evidence.run import Pass, RunEvidence

WIDTH, MARGIN = 640, 10
LEAST = 0.6  # units of a bar, so that it can be seen
MOST_BARS = 600


@dataclass(frozen=True)
class Bar:
    """A bar from `x` on, `width` wide, in the picture's units; `kind` is 'cell', 'failed', 'train' or 'test'."""

    x: float
    width: float
    kind: str
    label: str


@dataclass(frozen=True)
class Timeline:
    """The bars of cells and of passes, the ticks of the axis in seconds, and the total in seconds."""

    cells: tuple[Bar, ...]
    passes: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    seconds: float
    width: int = WIDTH


def timeline(run: RunEvidence) -> Timeline | None:
    """Return the time line of a run; None if no cell took any time. Cells follow each other without gaps."""
    total = sum(cell.seconds for cell in run.cells)
    if total <= 0:
        return None
    scale = (WIDTH - 2 * MARGIN) / total
    starts: dict[int, float] = {}
    cells, at = [], 0.0
    for cell in run.cells:
        starts[cell.index] = at
        words = f"cell {cell.index}: {cell.seconds:.2f} s" + ("" if cell.status == "ok" else f", {cell.status}")
        kind = "cell" if cell.status == "ok" else "failed"
        if cell.seconds > 0:
            cells.append(_bar(at, cell.seconds, scale, kind, words))
        at += cell.seconds
    first: dict[int, float] = {}  # the start of a cell's first pass, on the kernel's clock
    passes = []
    for seen in run.passes:
        if seen.cell in starts and seen.model is not None:
            began = first.setdefault(seen.cell, seen.start)
            place = min(starts[seen.cell] + max(0.0, seen.start - began), total)
            kind = "train" if seen.trains else "test"
            passes.append(_bar(place, min(seen.seconds, total - place), scale, kind, _words(seen)))
    ticks = tuple(Tick(round(MARGIN + value * scale, 1), f"{label} s") for value, label in ticks_between(0.0, total))
    return Timeline(tuple(cells[:MOST_BARS]), tuple(passes[:MOST_BARS]), ticks, total)


def _bar(start: float, seconds: float, scale: float, kind: str, label: str) -> Bar:
    return Bar(round(MARGIN + start * scale, 1), round(max(LEAST, seconds * scale), 1), kind, label)


def _words(seen: Pass) -> str:
    what = "training" if seen.trains else "test"
    return f"{what} over {seen.samples:,} images in cell {seen.cell}: {seen.seconds:.2f} s"
