"""Tell what can be seen of a figure's lines and legends, by drawing the figure with and without each of them.

Ticks and their labels are left out, which are most of the work of drawing. The figure is left as it was, and nothing of
the drawing reaches its own canvas.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

MAX_PIXELS = 250_000  # of the figure; a larger one is drawn at a lower resolution
MAX_LINES = 40  # of a figure; nothing is told about one with more
MAX_WORK = 3_000_000  # points to draw in all pictures of a figure, about a second
NEAR = 0.3  # in sizes of the figure: axes and legends this far outside are in the picture that a notebook shows
MARGIN = 0.1  # in sizes of the figure: drawn around it
NOTICEABLE = 10  # of 255: a smaller difference of colours cannot be seen
READABLE = 25  # of 255: the same for letters
SMALL = 16  # pixels: a curve that is smaller in both directions is a dot
WINDOW = 0.03  # of the width of the axes: a point with a piece of the curve this near can be seen
MAX_RANGES = 100


@dataclass
class Seen:
    """The visible parts of a figure.

    `lines` holds, by a line's id, its pixels alone, its pixels in the whole picture, and the ranges of hidden points;
    `legends`, by a legend's id, whether each entry can be read.
    """

    lines: dict[int, tuple[int, int, list[list[int]]]] = field(default_factory=dict)
    legends: dict[int, list[bool]] = field(default_factory=dict)


def look(figure: Any, axes: Sequence[Any], drawings: Sequence[list[Any]], points: dict[int, tuple[Any, Any]]) -> Seen:
    """Return what can be seen of the `drawings` of each of the `axes`, and of all legends.

    `points` are x and y of each drawing, by its id, of which the hidden ones are told. Raises whatever drawing raises.
    """
    found = Seen()
    lines = [(owner, line) for owner, own in zip(axes, drawings, strict=True) for line in own]
    work = sum(len(x) for x, _ in points.values()) * (2 * len(lines) + 3)
    if not lines or len(lines) > MAX_LINES or work > MAX_WORK:
        return found
    legends = [legend for legend in (*(a.get_legend() for a in axes), *figure.legends) if legend is not None]
    with _prepared(figure, axes, legends) as picture:
        texts = [text for legend in legends for text in legend.get_texts()]
        whole = picture.draw()
        boxes = {id(text): text.get_window_extent(picture.renderer) for text in texts}
        with _hidden(texts):
            silent = picture.draw()
            for legend in legends:
                found.legends[id(legend)] = [
                    _readable(whole, silent, text, boxes[id(text)]) for text in legend.get_texts()
                ]
            all_lines = [line for _, line in lines]
            with _hidden((*all_lines, *legends)):
                ground = picture.draw()
            for owner, line in lines:
                with _hidden([*(other for other in all_lines if other is not line), *legends]):
                    alone = picture.changed(picture.draw(), ground, NOTICEABLE)
                if _is_dot(alone, points[id(line)]):
                    alone[:] = False
                drawn = int(alone.sum())
                same = [o for a, o in lines if a is owner and _is_again(o, line, points)]
                seen = drawn
                if drawn and len(all_lines) + len(legends) > 1:
                    with _hidden(same):
                        seen = int((picture.changed(picture.draw(), silent, NOTICEABLE) & alone).sum())
                hidden = _hidden_points(owner, points[id(line)], alone)
                found.lines[id(line)] = (drawn, seen, hidden)
    return found


# --- drawing -----------------------------------------------------------------------------------------------------


class _Picture:
    """A figure and the renderer that it is drawn with."""

    def __init__(self, figure: Any, width: int, height: int) -> None:
        from matplotlib.backends.backend_agg import RendererAgg

        self._figure = figure
        self.renderer = RendererAgg(width, height, figure.dpi)

    def draw(self) -> Any:
        """Return the picture as an array of height, width and four channels."""
        import numpy as np

        self.renderer.clear()
        self._figure.draw(self.renderer)
        return np.array(self.renderer.buffer_rgba())

    @staticmethod
    def changed(one: Any, other: Any, least: int) -> Any:
        """Return for each pixel whether a channel differs by `least` or more, on white paper or on black."""
        import numpy as np

        mask = (one != other).any(axis=2)
        a, b = one[mask].astype(float), other[mask].astype(float)
        on_white = [v[:, :3] * v[:, 3:] / 255 + (255 - v[:, 3:]) for v in (a, b)]
        on_black = [v[:, :3] * v[:, 3:] / 255 for v in (a, b)]
        differ = np.maximum(abs(on_white[0] - on_white[1]), abs(on_black[0] - on_black[1])).max(axis=1, initial=0)
        mask[mask] = differ >= least
        return mask


@contextmanager
def _prepared(figure: Any, axes: Sequence[Any], legends: Sequence[Any]) -> Iterator[_Picture]:
    """Yield a picture of the figure, small, with what lies beside it, without ticks; restore the figure afterwards."""
    import numpy as np

    names = ("stale_callback", "_layout_engine", "_stale")
    kept = {name: getattr(figure, name) for name in names if hasattr(figure, name)}
    dpi, corners = figure.dpi, figure.bbox_inches.get_points().copy()
    width, height = figure.get_size_inches()
    disabled = logging.root.manager.disable
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)  # missing fonts are logged
        stack.callback(logging.disable, disabled)
        try:
            figure.stale_callback = None  # pyplot's would draw the figure again
            figure._layout_engine = None  # it would move the axes
            scale = min(1.0, (MAX_PIXELS / max(1.0, width * height * dpi * dpi)) ** 0.5)
            figure._set_dpi(dpi * scale, forward=False)
            stack.enter_context(figure.canvas.callbacks.blocked(signal="draw_event"))
            stack.enter_context(_hidden(axis for one in axes for axis in (one.xaxis, one.yaxis)))
            left, bottom, right, top = _frame(figure, axes, legends)
            moved = np.array([left * width, bottom * height])
            figure.bbox_inches.set_points(corners + moved)
            size = ((1 + left + right) * width * figure.dpi, (1 + bottom + top) * height * figure.dpi)
            yield _Picture(figure, max(1, round(size[0])), max(1, round(size[1])))
        finally:
            figure._set_dpi(dpi, forward=False)
            figure.bbox_inches.set_points(corners)
            for name, value in kept.items():
                setattr(figure, name, value)


def _frame(figure: Any, axes: Sequence[Any], legends: Sequence[Any]) -> tuple[float, float, float, float]:
    """Return how far to draw left of, below, right of and above the figure, in sizes of the figure."""
    width, height = max(1.0, figure.bbox.width), max(1.0, figure.bbox.height)
    from matplotlib.backends.backend_agg import RendererAgg

    beside = [MARGIN] * 4
    ruler = RendererAgg(1, 1, figure.dpi)
    for box in (*(one.bbox for one in axes), *(legend.get_window_extent(ruler) for legend in legends)):
        x0, x1, y0, y1 = box.x0 / width, box.x1 / width, box.y0 / height, box.y1 / height
        if all(-2 < v < 3 for v in (x0, x1, y0, y1)) and max(-x1, x0 - 1, -y1, y0 - 1) <= NEAR:
            beside = [max(a, b) for a, b in zip(beside, (-x0, -y0, x1 - 1, y1 - 1), strict=True)]
    return beside[0], beside[1], beside[2], beside[3]


@contextmanager
def _hidden(artists: Iterable[Any]) -> Iterator[None]:
    """Hide artists without telling anybody, as `set_visible` would."""
    artists = list(artists)
    before = [artist._visible for artist in artists]
    try:
        for artist in artists:
            artist._visible = False
        yield
    finally:
        for artist, visible in zip(artists, before, strict=True):
            artist._visible = visible


# --- judging -----------------------------------------------------------------------------------------------------


def _readable(whole: Any, silent: Any, text: Any, box: Any) -> bool:
    """Return whether a text is in the picture `whole`, of which `silent` lacks it."""
    if not text.get_text().strip():
        return True
    height = whole.shape[0]
    rows = slice(max(0, int(height - box.y1) - 1), max(0, int(height - box.y0) + 2))
    columns = slice(max(0, int(box.x0) - 1), max(0, int(box.x1) + 2))
    if min(box.width, box.height) < 2:  # letters without size
        return False
    return int(_Picture.changed(whole[rows, columns], silent[rows, columns], READABLE).sum()) >= 3


def _is_dot(alone: Any, points: tuple[Any, Any]) -> bool:
    """Return whether a curve of several points takes no more room than a dot."""
    if len(points[0]) < 2:
        return False
    rows, columns = alone.any(axis=1).nonzero()[0], alone.any(axis=0).nonzero()[0]
    return bool(len(rows) and max(rows[-1] - rows[0], columns[-1] - columns[0]) < SMALL)


def _is_again(one: Any, other: Any, points: dict[int, tuple[Any, Any]]) -> bool:
    """Return whether one line is the other or its beginning, about as wide, as a loop draws it again and again."""
    import numpy as np

    widths = sorted(float(getattr(line, "get_linewidth", lambda: 1.0)()) for line in (one, other))
    pairs = list(zip(points[id(one)], points[id(other)], strict=True))
    n = min(len(a) for pair in pairs for a in pair)
    alike = all(np.array_equal(a[:n], b[:n], equal_nan=True) for a, b in pairs)
    return one is other or bool(n and alike and widths[1] <= 4 * widths[0])


def _hidden_points(axes: Any, points: tuple[Any, Any], alone: Any) -> list[list[int]]:
    """Return the ranges of points near which no piece of the curve can be seen."""
    import numpy as np

    x, y = points
    if not len(x):
        return []
    with np.errstate(all="ignore"):
        place = axes.transData.transform(np.column_stack([x, np.full(len(x), axes.get_ylim()[1])]))[:, 0]
    known = np.isfinite(place) & np.isfinite(y)
    width = alone.shape[1]
    near = max(4.0, WINDOW * axes.bbox.width)
    columns = np.concatenate([[0], np.cumsum(alone.any(axis=0))])
    begin = np.clip(np.where(known, place, 0) - near, 0, width).astype(int)
    end = np.clip(np.where(known, place, 0) + near + 1, 0, width).astype(int)
    flags = np.concatenate([[False], known & (columns[end] <= columns[begin]), [False]])
    edges = np.flatnonzero(flags[1:] != flags[:-1]).tolist()
    return [list(pair) for pair in zip(edges[::2], edges[1::2], strict=True)][:MAX_RANGES]
