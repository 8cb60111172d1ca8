"""Read a matplotlib figure as plain data for `grader.evidence.run`: axes, lines, scatters and legends."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any

from grader.in_kernel.recorder.figure_visibility import Seen, look
from grader.in_kernel.weak_map import Attached

MAX_POINTS = 20_000  # per line
MAX_FIGURE_POINTS = 60_000  # per figure, so that it fits into an event
MAX_DRAWN_POINTS = 400_000  # of a figure that is drawn to see what is visible
MAX_AXES = 64
MAX_LINES = 200
MAX_TEXT = 500
FAINT = 0.04  # from 0 to 1: a smaller difference of colours cannot be seen
SMALL_LETTERS = 2.5  # points
MARGIN = 0.15  # of the figure's size: where the labels of its axes stand

Colour = tuple[float, ...]
Contents = list[dict[str, object]]

# By legend: its entries as given to its constructor, each an artist, the artist's colour and the label.
_legends: Attached[list[tuple[weakref.ref[Any], Colour | None, str]]] = Attached()


def remember_legend(legend: Any, handles: list[Any], labels: list[str]) -> None:
    """Remember which artist each label of a new legend belongs to; the legend itself draws other artists."""
    entries = [(_artist(handle), str(label)) for handle, label in zip(handles, labels, strict=False)]
    _legends.put(legend, [(weakref.ref(artist), _colour(artist), label) for artist, label in entries])


def _artist(handle: Any) -> Any:
    """Return the line in an errorbar's container; any other handle is returned unchanged."""
    return handle[0] if isinstance(handle, tuple) and handle and handle[0] is not None else handle


def read_axes(figure: Any, watch: Callable[[Callable[[], Seen]], Seen | None] | None = None) -> Contents:
    """Return an Axes of `grader.evidence.run` for each visible axes of a figure.

    `watch` calls the function that draws the figure to tell what can be seen of it, or does not: then nothing is known.
    """
    shown = [axes for axes in figure.axes[:MAX_AXES] if axes.get_visible()]
    drawings = [_drawings(axes) for axes in shown]
    limit = min(MAX_POINTS, max(100, MAX_FIGURE_POINTS // max(1, sum(map(len, drawings)))))
    whole = {id(artist): artist_points(artist) for own in drawings for artist in own}
    points = {key: _some(every, limit) for key, every in whole.items()}
    cheap = sum(len(x) for x, _ in whole.values()) <= MAX_DRAWN_POINTS
    seen = watch(lambda: look(figure, shown, drawings, points)) if watch is not None and cheap else None
    below, left = _common_labels(figure)
    result: Contents = []
    for index, axes in enumerate(shown):
        twins = [other for other in shown if other is not axes and _lie_together(axes, other)]
        legends = _legends_for(axes, twins, figure)
        labels = _labels(drawings[index], legends)
        found: dict[str, object] = {
            "title": _text(_title(axes, figure) or _figure_text(figure, "_suptitle")),
            "xlabel": _text(_axis_text(axes, axes.xaxis, figure) or below or _figure_text(figure, "_supxlabel")),
            "ylabel": _text(_axis_text(axes, axes.yaxis, figure) or left or _figure_text(figure, "_supylabel")),
            "xscale": str(axes.get_xscale()),
            "yscale": _scale(axes.yaxis),
            "legend": [_text(text.get_text()) for legend in legends for text in legend.get_texts()][:MAX_LINES],
            "lines": [
                _line(artist, label, points[id(artist)], seen)
                for artist, label in zip(drawings[index], labels, strict=True)
            ],
            "twin": shown.index(twins[0]) if twins else None,
            "xlim": _limits(axes.get_xlim()),
            "ylim": _limits(axes.get_ylim()),
        }
        if seen is not None and all(id(legend) in seen.legends for legend in legends):
            found["legend_seen"] = [flag for legend in legends for flag in seen.legends[id(legend)]][:MAX_LINES]
        result.append(found)
    return result


def style(figure: Any) -> str:
    """Return how a figure looks, as far as `read_axes` does not tell without drawing it; for comparison only."""
    parts: list[object] = []
    for axes in figure.axes[:MAX_AXES]:
        parts += [axes.get_position(original=True).bounds, axes.get_zorder(), axes.get_facecolor()]
        parts += [len(axes._children), len(figure.artists), len(figure.patches)]
        for artist in _drawings(axes):
            width = getattr(artist, "get_linewidth", lambda: 0)()
            parts += [artist.get_alpha(), _colour(artist), width, artist.get_zorder(), artist.get_clip_on()]
        for text in (t for legend in [axes.get_legend()] if legend is not None for t in legend.get_texts()):
            parts += [text.get_alpha(), text.get_color(), text.get_fontsize()]
    return repr(parts)


def _limits(limits: tuple[Any, Any]) -> list[float] | None:
    low, high = (float(limit) for limit in limits)
    return [low, high] if low - low == 0 == high - high else None


def _scale(axis: Any) -> str:
    """Return the scale of an axis: 'log', 'linear', 'symlog, linear below 2'."""
    name = str(axis.get_scale())
    linear = getattr(axis.get_transform(), "linthresh", None)
    return f"{name}, linear below {linear:g}" if isinstance(linear, (int, float)) else name


def _title(axes: Any, figure: Any) -> str:
    texts = (getattr(axes, name, None) for name in ("_left_title", "title", "_right_title"))
    return " ".join(words for text in texts if (words := _visible_text(text, figure)))


def _axis_text(axes: Any, axis: Any, figure: Any) -> str:
    """Return the label of an axis, '' if it cannot be seen."""
    drawn = axes.axison and axis.get_visible()
    return _visible_text(axis.label, figure) if drawn else ""


def _figure_text(figure: Any, name: str) -> str:
    return _visible_text(getattr(figure, name, None), figure)


def _common_labels(figure: Any) -> tuple[str, str]:
    """Return texts of the figure that stand where common labels of the x and y axes do: below, and upright at the left.

    Notebooks place them there by `figure.text`.
    """
    below = left = ""
    for text in figure.texts[:MAX_LINES]:
        x, y = text.get_position()
        upright = text.get_rotation() in (90.0, 270.0)
        below = below or (_visible_text(text, figure) if y < MARGIN and not upright else "")
        left = left or (_visible_text(text, figure) if x < MARGIN and upright else "")
    return below, left


def _visible_text(text: Any, figure: Any) -> str:
    """Return what a text beside the axes says; '' if it is hidden, transparent, tiny or has the figure's colour."""
    from matplotlib.colors import to_rgba

    if text is None:
        return ""
    ink, paper = to_rgba(text.get_color()), to_rgba(figure.get_facecolor())
    alpha = text.get_alpha()
    strength = ink[3] if alpha is None else float(alpha)
    same = paper[3] == 1 and strength * max(abs(a - b) for a, b in zip(ink[:3], paper[:3], strict=True)) < FAINT
    seen = text.get_visible() and strength >= FAINT and text.get_fontsize() >= SMALL_LETTERS and not same
    return str(text.get_text()) if seen else ""


def _text(text: object) -> str:
    return str(text)[:MAX_TEXT]


def _lie_together(one: Any, other: Any) -> bool:
    """Return whether twinx or twiny made one from the other: they share an axis and a position."""
    shared = one.get_shared_x_axes().joined(one, other) or one.get_shared_y_axes().joined(one, other)
    return bool(shared and one.get_position(original=True).bounds == other.get_position(original=True).bounds)


# --- legends -----------------------------------------------------------------------------------------------------


def _legends_for(axes: Any, twins: list[Any], figure: Any) -> list[Any]:
    """Return the visible legends of an axes and of the figure; those of its twins if it has none."""
    own = axes.get_legend()
    near = [twin.get_legend() for twin in twins] if own is None else [own]
    return [legend for legend in [*near, *figure.legends] if legend is not None and legend.get_visible()]


def _labels(artists: list[Any], legends: list[Any]) -> list[str]:
    """Return the label of each artist: its legend's, found by identity or else by colour; else its own; '' for none."""
    labels: dict[int, str] = {}
    strangers: list[tuple[Colour, str]] = []  # entries for artists that only the legend has, as seaborn makes them
    for legend in legends:
        for reference, colour, label in _legends.get(legend) or ():
            artist = reference()
            if any(artist is drawn for drawn in artists):
                labels.setdefault(id(artist), label)
            elif colour is not None:
                strangers.append((colour, label))
    for colour, label in strangers:
        for artist in artists:
            if id(artist) not in labels and not _own_label(artist) and _colour(artist) == colour:
                labels[id(artist)] = label
                break
    return [_text(labels.get(id(artist), _own_label(artist))) for artist in artists]


def _own_label(artist: Any) -> str:
    label = str(artist.get_label() or "")
    return "" if label.startswith("_") else label


def _colour(artist: Any) -> Colour | None:
    """Return the red, green and blue of an artist in a single colour; None for any other."""
    from matplotlib.colors import to_rgb

    try:
        colour = artist.get_color() if hasattr(artist, "get_color") else artist.get_facecolor()[0]
        return tuple(round(part, 3) for part in to_rgb(colour))
    except Exception:  # artists are of many kinds
        return None


# --- lines -------------------------------------------------------------------------------------------------------


def _drawings(axes: Any) -> list[Any]:
    """Return an axes' visible lines and scatters, in drawing order, without empty ones that only serve a legend."""
    from matplotlib.collections import PathCollection

    lines = [line for line in axes.get_lines() if line.get_visible()]
    filled = {_colour(line) for line in lines if len(artist_points(line)[0])}
    lines = [line for line in lines if len(artist_points(line)[0]) or _colour(line) not in filled]
    scatters = [c for c in axes.collections if isinstance(c, PathCollection) and c.get_visible()]
    return (lines + [c for c in scatters if len(artist_points(c)[0])])[:MAX_LINES]


def artist_points(artist: Any) -> tuple[Any, Any]:
    """Return x and y of a line or scatter as float arrays of one length; dates and categories as matplotlib's numbers.

    Both are empty for an artist whose points cannot be read.
    """
    import numpy as np

    try:
        if hasattr(artist, "get_xdata"):
            x, y = artist.get_xdata(orig=False), artist.get_ydata(orig=False)
        else:
            x, y = np.ma.asarray(artist.get_offsets()).reshape(-1, 2).T
        x, y = (np.ma.filled(np.ma.asarray(v, dtype=float), np.nan).ravel() for v in (x, y))
        return x[: len(y)], y[: len(x)]
    except Exception:  # the data may be of any type
        return np.empty(0), np.empty(0)


def _some(points: tuple[Any, Any], limit: int) -> tuple[Any, Any]:
    """Return at most `limit` of the points, evenly."""
    import numpy as np

    if len(points[0]) <= limit:
        return points
    kept = np.linspace(0, len(points[0]) - 1, limit).round().astype(int)
    return points[0][kept], points[1][kept]


def _line(artist: Any, label: str, points: tuple[Any, Any], seen: Seen | None) -> dict[str, object]:
    x, y = points
    found: dict[str, object] = {
        "label": label,
        "x": list(_finite(x.tolist())),
        "y": list(_finite(y.tolist())),
        "kind": "line" if hasattr(artist, "get_xdata") else "scatter",
    }
    if seen is not None and id(artist) in seen.lines and not artist.get_animated():
        found["drawn"], found["seen"], found["hidden"] = seen.lines[id(artist)]
    return found


def _finite(values: list[float]) -> Iterator[float | None]:
    return (value if value - value == 0 else None for value in values)
