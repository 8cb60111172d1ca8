"""Show the figures that a student's cells drew beside the data that were read from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from grader.language import tr
from grader.notebook.places import place
from grader.reports.charts import Chart, Curve, Layout, lay_out

if TYPE_CHECKING:
    from grader.assignment import Evidence
    from grader.evidence.run import Axes, Figure, Line

MOST_CHARTS = 16  # of a page
PICTURE_ROOM = 300_000  # characters of all pictures of a page, in base64
LONGEST_LABEL = 120


@dataclass(frozen=True)
class FiguresOfCell:
    """The figures of a cell: PNG pictures in base64 as the cell showed them, and the data that were read from them.

    `place` names the cell as its author sees it.
    """

    place: str
    pictures: tuple[str, ...]
    charts: tuple[Layout, ...]


def figures(evidence: Evidence) -> dict[str, tuple[FiguresOfCell, ...]]:
    """Return the figures by item, as many as there is room for on a page."""
    drawn_in: dict[int, list[Figure]] = {}
    for figure in evidence.run.figures:
        drawn_in.setdefault(figure.cell, []).append(figure)
    shown = {run.index: run.pictures for run in evidence.run.cells}
    found: dict[str, tuple[FiguresOfCell, ...]] = {}
    most, room = MOST_CHARTS, PICTURE_ROOM
    for item, section in evidence.sections.items():
        groups = []
        for cell in section.cells:
            drawn = tuple(islice(_layouts(drawn_in.get(cell, ())), most))
            if not drawn:
                continue
            most -= len(drawn)
            pictures = []
            for picture in shown.get(cell, ()):
                if len(picture) <= room:
                    pictures.append(picture)
                    room -= len(picture)
            groups.append(FiguresOfCell(place(evidence.notebook, cell), tuple(pictures), drawn))
        if groups:
            found[item] = tuple(groups)
    return found


def _layouts(figures: Sequence[Figure]) -> Iterator[Layout]:
    layouts = (lay_out(chart) for figure in figures for chart in _charts(figure))
    yield from (layout for layout in layouts if layout is not None)


def _charts(figure: Figure) -> Iterator[Chart]:
    for axes in figure.axes:
        shown = [line for line in axes.lines if line.drawn is None or line.seen]
        hidden = len(axes.lines) - len(shown)
        yield Chart(
            (axes.title or tr("(no title)"))[:LONGEST_LABEL],
            tuple(Curve(_label(line), line.x, line.y, _kind(line)) for line in shown),
            (axes.xlabel or tr("(no label)"))[:LONGEST_LABEL],
            _y_label(axes),
            axes.xscale == "log",
            axes.yscale == "log",
            tr("{count} more cannot be seen in the figure.", count=hidden) if hidden else "",
        )


def _y_label(axes: Axes) -> str:
    label = (axes.ylabel or tr("(no label)"))[:LONGEST_LABEL]
    return tr("{label} (logarithmic)", label=label) if axes.yscale == "log" else label


def _label(line: Line) -> str:
    name = line.label if line.label and not line.label.startswith("_") else tr("(no label)")
    points = sum(y is not None for y in line.y)
    many = tr("1 point") if points == 1 else tr("{count} points", count=f"{points:,}")
    return f"{name[:LONGEST_LABEL]}: {many}"


def _kind(line: Line) -> str:
    return "points" if line.kind == "scatter" else "line"
