"""Read a matplotlib figure as plain data for `grader.evidence.run`: axes, lines, scatters and legends."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

from grader.in_kernel.weak_map import Attached

MAX_POINTS = 20_000  # per line
MAX_FIGURE_POINTS = 60_000  # per figure, so that it fits into an event
MAX_AXES = 64
MAX_LINES = 200
MAX_TEXT = 500

Colour = tuple[float, ...]

# By legend: its entries as given to its constructor, each an artist, the artist's colour and the label.
_legends: Attached[list[tuple[weakref.ref[Any], Colour | None, str]]] = Attached()


def remember_legend(legend: Any, handles: list[Any], labels: list[str]) -> None:
    """Remember which artist each label of a new legend belongs to; the legend itself draws other artists."""
    entries = [(_artist(handle), str(label)) for handle, label in zip(handles, labels, strict=False)]
    _legends.put(legend, [(weakref.ref(artist), _colour(artist), label) for artist, label in entries])


def _artist(handle: Any) -> Any:
    """Return the line in an errorbar's container; any other handle is returned unchanged."""
    return handle[0] if isinstance(handle, tuple) and handle and handle[0] is not None else handle


def read_axes(figure: Any) -> list[dict[str, object]]:
    """Return an Axes of `grader.evidence.run` for each visible axes of a figure."""
    shown = [axes for axes in figure.axes[:MAX_AXES] if axes.get_visible()]
    drawings = [_drawings(axes) for axes in shown]
    limit = min(MAX_POINTS, max(100, MAX_FIGURE_POINTS // max(1, sum(map(len, drawings)))))
    result: list[dict[str, object]] = []
    for index, axes in enumerate(shown):
        twins = [other for other in shown if other is not axes and _lie_together(axes, other)]
        legends = _legends_for(axes, twins, figure)
        labels = _labels(drawings[index], legends)
        result.append(
            {
                "title": _text(_title(axes) or _figure_text(figure, "_suptitle")),
                "xlabel": _text(axes.get_xlabel() or _figure_text(figure, "_supxlabel")),
                "ylabel": _text(axes.get_ylabel() or _figure_text(figure, "_supylabel")),
                "xscale": str(axes.get_xscale()),
                "yscale": _scale(axes.yaxis),
                "legend": [_text(text.get_text()) for legend in legends for text in legend.get_texts()][:MAX_LINES],
                "lines": [_line(artist, label, limit) for artist, label in zip(drawings[index], labels, strict=True)],
                "twin": shown.index(twins[0]) if twins else None,
            }
        )
    return result


def _scale(axis: Any) -> str:
    """Return the scale of an axis: 'log', 'linear', 'symlog, linear below 2'."""
    name = str(axis.get_scale())
    linear = getattr(axis.get_transform(), "linthresh", None)
    return f"{name}, linear below {linear:g}" if isinstance(linear, (int, float)) else name


def _title(axes: Any) -> str:
    return " ".join(text for text in (axes.get_title(loc) for loc in ("left", "center", "right")) if text)


def _figure_text(figure: Any, name: str) -> str:
    text = getattr(figure, name, None)
    return str(text.get_text()) if text is not None else ""


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


def _line(artist: Any, label: str, limit: int) -> dict[str, object]:
    import numpy as np

    x, y = artist_points(artist)
    if len(x) > limit:
        kept = np.linspace(0, len(x) - 1, limit).round().astype(int)
        x, y = x[kept], y[kept]
    return {
        "label": label,
        "x": list(_finite(x.tolist())),
        "y": list(_finite(y.tolist())),
        "kind": "line" if hasattr(artist, "get_xdata") else "scatter",
    }


def _finite(values: list[float]) -> Iterator[float | None]:
    return (value if value - value == 0 else None for value in values)
