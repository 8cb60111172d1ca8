"""Lay out the time line of a run: a bar for each cell, and below one for each pass of training and of testing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.language import tr
from grader.reports.charts import Tick, ticks_between

if TYPE_CHECKING:
    from grader.evidence.run import Pass, RunEvidence

WIDTH, MARGIN = 640, 10
LEAST = 0.6  # units of a bar, so that it can be seen
MOST_BARS = 400
NUMBERED = 20  # units of a bar that has room for the number of its cell
MOST_SLOW = 8  # cells in the table


@dataclass(frozen=True)
class Bar:
    """A bar from `x` on, `width` wide, in the picture's units; `kind` is 'cell', 'failed', 'train' or 'test'."""

    x: float
    width: float
    kind: str
    label: str
    number: str = ""


@dataclass(frozen=True)
class SlowCell:
    """A cell that took long: its number, its seconds, and how it ended, '' if well."""

    index: int
    seconds: float
    ending: str


@dataclass(frozen=True)
class Timeline:
    """The bars of cells, of training and of test passes, ticks in seconds, the total, and the slowest cells."""

    cells: tuple[Bar, ...]
    trains: tuple[Bar, ...]
    tests: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    seconds: float
    slowest: tuple[SlowCell, ...] = ()
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
        words = tr("cell {cell}: {seconds} s", cell=cell.index, seconds=f"{cell.seconds:.2f}")
        words += "" if cell.status == "ok" else f", {ending(cell.status)}"
        kind = "cell" if cell.status == "ok" else "failed"
        if cell.seconds > 0:
            number = str(cell.index) if cell.seconds * scale >= NUMBERED else ""
            cells.append(_bar(at, cell.seconds, scale, kind, words, number))
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
    slow = sorted((cell for cell in run.cells if cell.seconds >= total / 100), key=lambda cell: -cell.seconds)
    return Timeline(
        tuple(cells[:MOST_BARS]),
        tuple([bar for bar in passes if bar.kind == "train"][:MOST_BARS]),
        tuple([bar for bar in passes if bar.kind == "test"][:MOST_BARS]),
        ticks,
        total,
        tuple(SlowCell(c.index, c.seconds, "" if c.status == "ok" else ending(c.status)) for c in slow[:MOST_SLOW]),
    )


def ending(status: str) -> str:
    """Return how a cell ended, in a word."""
    words = {"error": tr("error"), "timeout": tr("timeout"), "killed": tr("killed"), "dead": tr("dead")}
    return words.get(status, status)


def _bar(start: float, seconds: float, scale: float, kind: str, label: str, number: str = "") -> Bar:
    return Bar(round(MARGIN + start * scale, 1), round(max(LEAST, seconds * scale), 1), kind, label, number)


def _words(seen: Pass) -> str:
    values = {"count": f"{seen.samples:,}", "cell": seen.cell, "seconds": f"{seen.seconds:.2f}"}
    if seen.trains:
        return tr("training over {count} images in cell {cell}: {seconds} s", **values)
    return tr("test over {count} images in cell {cell}: {seconds} s", **values)
