"""Tell by what the recorder saw of a figure which of its lines, points and legend entries a reader can see."""

from __future__ import annotations

from grader.evidence.run import Axes, Line

__all__ = ["is_visible", "readable_legend", "unseen_points"]

LEAST = 5  # pixels
LEAST_SHARE = 0.02  # of a line's pixels: curves may hide one another in part
CUT = 0.15  # the share of the points that may lie beside the plot or under something
CUT_ABOVE = 0.5  # the share that may lie above or below it: the first losses are high
MAX_RANGES = 100  # of hidden points; the recorder sends no more


def is_visible(line: Line) -> bool:
    """Return whether something of a line can be seen, or nobody looked.

    >>> is_visible(Line("train", (1.0,), (0.5,))), is_visible(Line("train", (1.0,), (0.5,), drawn=900, seen=0))
    (True, False)
    """
    if line.drawn is None or line.seen is None:
        return True
    return line.drawn >= LEAST and line.seen >= max(LEAST, LEAST_SHARE * line.drawn)


def unseen_points(line: Line, axes: Axes) -> frozenset[int]:
    """Return the indices of the points that the plot does not show, if they are too many to be passed over.

    >>> line = Line("train", tuple(map(float, range(10))), (1.0,) * 10, hidden=((6, 10),))
    >>> sorted(unseen_points(line, Axes("", "", "", "linear", "log", (), (line,), xlim=(0.0, 5.0))))
    [6, 7, 8, 9]
    """
    hidden = [i for begin, end in line.hidden[:MAX_RANGES] for i in range(begin, min(end, len(line.x)))]
    above = [i for i in hidden if _outside(line.y[i], axes.ylim) and not _outside(line.x[i], axes.xlim)]
    beside = sorted(set(hidden) - set(above))
    found: list[int] = []
    if len(above) > CUT_ABOVE * len(line.x):
        found += above
    if len(beside) > CUT * len(line.x):
        found += beside
    return frozenset(found)


def _outside(value: float | None, limits: tuple[float, float] | None) -> bool:
    return value is not None and limits is not None and not min(limits) <= value <= max(limits)


def readable_legend(axes: Axes) -> tuple[str, ...]:
    """Return the entries of the legend that can be read.

    >>> readable_legend(Axes("", "", "", "linear", "log", ("train", "val"), (), legend_seen=(True, False)))
    ('train',)
    """
    if axes.legend_seen is None or len(axes.legend_seen) != len(axes.legend):
        return axes.legend
    return tuple(entry for entry, seen in zip(axes.legend, axes.legend_seen, strict=True) if seen)
