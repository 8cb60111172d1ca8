"""Lay out line charts: from values to ticks and SVG paths, which `templates/chart.html` draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 480, 270  # units of the picture's own system; the page scales it
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 12, 46
MOST_CURVES = 8
MOST_POINTS = 200  # of a curve: more than a screen shows
TICKS = 6
LEAST = 1e-290  # on a logarithmic axis
GREATEST = 1e200  # of drawn values; an axis reaches beyond them, and its powers of ten must be numbers
STYLES = 6  # kinds of lines, told apart by dashes as well as by colour


@dataclass(frozen=True)
class Curve:
    """A curve of a chart. `kind` is 'line', 'thin' for a noisy line behind others, or 'points' for single markers."""

    label: str
    x: Sequence[float | None]
    y: Sequence[float | None]
    kind: str = "line"


@dataclass(frozen=True)
class Band:
    """An area between `low` and `high`, behind the curves."""

    label: str
    x: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True)
class Chart:
    """A chart: what it shows, in a sentence, its curves and its bands. `note` says what the picture does not."""

    title: str
    curves: tuple[Curve, ...]
    xlabel: str = ""
    ylabel: str = ""
    log_x: bool = False
    log_y: bool = False
    note: str = ""
    bands: tuple[Band, ...] = ()


@dataclass(frozen=True)
class Tick:
    """A tick at `place`, in the picture's units."""

    place: float
    label: str


@dataclass(frozen=True)
class Drawn:
    """A curve or band as it is drawn: the path's data, markers as (x, y), the number of its style, its kind."""

    label: str
    path: str
    markers: tuple[tuple[float, float], ...] = ()
    style: int = 0
    kind: str = "line"


@dataclass(frozen=True)
class Layout:
    """A chart as it is drawn. `left_out` is the number of curves for which there was no room."""

    chart: Chart
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    curves: tuple[Drawn, ...]
    bands: tuple[Drawn, ...] = ()
    left_out: int = 0
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def lay_out(chart: Chart) -> Layout | None:
    """Return the chart's layout; None if no point can be drawn.

    Points whose coordinates are unknown, not finite, beyond GREATEST, or not positive on a logarithmic axis are left
    out.
    """
    shown = [(curve, _points(curve, chart)) for curve in chart.curves]
    shown = [(curve, points) for curve, points in shown if points]
    left_out, shown = max(0, len(shown) - MOST_CURVES), shown[:MOST_CURVES]
    if not shown:
        return None
    bands = [(band, edge) for band in chart.bands if (edge := _edge(band, chart))]
    every = [points for _, points in shown] + [edge for _, edge in bands]
    across = _Axis([x for points in every for x, _ in points], chart.log_x, LEFT, WIDTH - RIGHT)
    up = _Axis([y for points in every for _, y in points], chart.log_y, HEIGHT - BOTTOM, TOP)
    areas = tuple(Drawn(band.label, _path(_placed(edge, across, up)) + "Z") for band, edge in bands)
    drawn = []
    for number, (curve, points) in enumerate(shown):
        placed = _placed(points, across, up)
        line = len(placed) > 1 and curve.kind != "points"
        path = _path(placed) if line else ""
        marked = tuple(placed) if not line or (len(placed) <= 25 and curve.kind == "line") else ()
        drawn.append(Drawn(curve.label, path, marked, number % STYLES, curve.kind))
    return Layout(chart, across.ticks(), up.ticks(), tuple(drawn), areas, left_out)


def _placed(points: Sequence[tuple[float, float]], across: _Axis, up: _Axis) -> list[tuple[float, float]]:
    return [(round(across.place(x), 1), round(up.place(y), 1)) for x, y in points]


def _path(placed: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in placed)


def _edge(band: Band, chart: Chart) -> list[tuple[float, float]]:
    """Return the corners around a band; one that is a single point wide becomes a little wider."""
    x = [band.x[0] - 0.1, band.x[0] + 0.1] if len(band.x) == 1 else band.x
    low, high = (values if len(x) == len(values) else [*values, *values] for values in (band.low, band.high))
    return _points(Curve("", [*x, *reversed(x)], [*high, *reversed(low)]), chart)


def _points(curve: Curve, chart: Chart) -> list[tuple[float, float]]:
    points = [
        (x, y)
        for x, y in zip(curve.x, curve.y, strict=False)
        if x is not None and y is not None and math.isfinite(x) and math.isfinite(y) and max(abs(x), abs(y)) < GREATEST
        if (x > LEAST or not chart.log_x) and (y > LEAST or not chart.log_y)
    ]
    every = -(-len(points) // MOST_POINTS)
    return points if every <= 1 else [*points[:-1:every], points[-1]]


class _Axis:
    """An axis on which values are drawn from place `start` to place `end`."""

    def __init__(self, values: Sequence[float], log: bool, start: float, end: float) -> None:
        self._log, self._start, self._end = log, start, end
        low, high = min(values), max(values)
        low, high = (math.log10(low), math.log10(high)) if log else (low, high)
        if high - low <= 1e-9 * max(abs(low), abs(high), 1e-300):
            margin = 0.5 if log else abs(low) / 2 or 1.0
            low, high = low - margin, high + margin
        room = (high - low) * 0.03
        self._low, self._high = low - room, high + room

    def place(self, value: float) -> float:
        """Return the place of a value."""
        value = math.log10(value) if self._log else value
        return self._start + (value - self._low) / (self._high - self._low) * (self._end - self._start)

    def ticks(self) -> tuple[Tick, ...]:
        """Return ticks at round values."""
        found = self._decades() if self._log else ticks_between(self._low, self._high)
        return tuple(Tick(round(self.place(value), 1), label) for value, label in found)

    def _decades(self) -> list[tuple[float, str]]:
        """Return powers of ten, or with few of them also 2 and 5 times, or even round values between."""
        low, high = math.floor(self._low), math.ceil(self._high)
        every = max(1, (high - low) // (2 * TICKS))
        powers = [10.0**n for n in range(low, high + 1, every)]
        for finer in (powers, [m * 10.0**n for n in range(low, high + 1) for m in (1, 2, 5)]):
            inside = [value for value in finer if value > 0 and self._low <= math.log10(value) <= self._high]
            if len(inside) > 2:
                return [(value, short(value)) for value in inside]
        return ticks_between(10.0**self._low, 10.0**self._high)


def ticks_between(low: float, high: float) -> list[tuple[float, str]]:
    """Return some round values from `low` to `high`, which is larger, each with its label.

    >>> ticks_between(0, 41)
    [(0, '0'), (10.0, '10'), (20.0, '20'), (30.0, '30'), (40.0, '40')]
    """
    step = _round_step((high - low) / TICKS)
    values = [n * step for n in range(math.ceil(low / step), math.floor(high / step) + 1)][: 4 * TICKS]
    return [(value, short(value)) for value in values]


def _round_step(least: float) -> float:
    """Return the least of 1, 2 and 5 times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= least * (1 - 1e-9))


def short(value: float) -> str:
    """Return a number for a tick or a table.

    >>> [short(value) for value in (0.30000000000000004, 12000.0, 0.0, 2.5e-7)]
    ['0.3', '12,000', '0', '2.5e-07']
    """
    if value and not 1e-4 <= abs(value) < 1e7:
        return f"{value:.3g}"
    return f"{round(value, 6):,.10g}"
