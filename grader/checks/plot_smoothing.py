"""Tell whether a curve is a smoothed series of measured losses, point by point.

The usual ways are recomputed: moving means, medians and weighted windows, and exponential averages with and without
correction of their bias. A curve that merely falls as the losses do is none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["smoothed_from"]

TOLERANCE = 2e-3  # relative: values may have been rounded
INTERIOR = 0.6  # share of the points that must be recomputed; at its ends each library continues a series differently
MIN_POINTS = 5
MANY = 16  # points from which on weights are fitted
DETAIL = 0.99  # correlation of the steps from point to point, for losses that are changed in a way that is not known
RESTLESS = 0.05  # relative: how much neighbouring losses must differ for their steps to identify them
MAX_WINDOW = 1000
SIGMAS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 10.0)
MEDIANS = (3, 5, 7, 9, 11, 15, 21)


def smoothed_from(values: Sequence[float], losses: Sequence[float], slack: float = 0.0) -> bool:
    """Return whether `values` are the `losses`, smoothed: as many, or fewer by a window that was not filled up.

    `slack` is added to the tolerance, for rounded values.

    >>> losses = [2.3, 1.9, 2.0, 1.4, 1.5, 1.1, 1.2, 0.9]
    >>> means = [sum(losses[i : i + 3]) / 3 for i in range(6)]
    >>> smoothed_from(means, losses), smoothed_from([2.2 * 0.88**i for i in range(8)], losses)
    (True, False)
    """
    y, s = np.asarray(values, dtype=float), np.asarray(losses, dtype=float)
    n, m = len(y), len(s)
    if n < MIN_POINTS or not n <= m < 2 * n or not np.isfinite(y).all() or not np.isfinite(s).all():
        return False
    if max(y) - min(y) <= 1e-9 * abs(y).max():  # a flat line is a mean of anything flat
        return False
    fits: Callable[..., bool] = lambda found, at: _close(found, y[at], slack)  # noqa: E731
    if m > n:
        return fits(_means(s, m - n + 1), slice(None))
    ways = (_exponential, _moving, _clipped, _gaussian, _median, _weighted, _in_detail)
    return any(way(y, s, fits) for way in ways)


def _close(found: NDArray[Any], wanted: NDArray[Any], slack: float) -> bool:
    return bool((abs(found - wanted) <= TOLERANCE * abs(wanted) + slack).all())


def _means(s: NDArray[Any], k: int) -> NDArray[Any]:
    """Return the means of all windows of k values."""
    sums = np.concatenate([[0.0], np.cumsum(s)])
    return np.asarray((sums[k:] - sums[:-k]) / k)


def _exponential(y: NDArray[Any], s: NDArray[Any], fits: Callable[..., bool]) -> bool:
    """y[t] = a y[t-1] + (1-a) s[t]; also with the correction y[t] / (1 - a**t), as pandas' ewm has it."""
    step, pull = y[1:] - s[1:], y[:-1] - s[1:]
    candidates = [float(step @ pull / max(1e-300, pull @ pull))]
    if abs(y[0] - s[0]) > 1e-2 * abs(s[0]):  # begun at zero or elsewhere
        candidates.append(float(1 - y[0] / s[0]) if s[0] else 0.0)
    for a in candidates:
        if 0.01 < a < 0.999 and _steps_explained(y, s, a):
            return True
    if abs(y[0] - s[0]) < 1e-2 * abs(s[0]) and y[1] != s[0]:
        a = float((s[1] - y[1]) / (y[1] - s[0]))
        if 0.01 < a < 0.999:
            total, weight, found = 0.0, 0.0, []
            for value in s:
                total, weight = a * total + value, a * weight + 1
                found.append(total / weight)
            return fits(np.array(found), slice(None))
    return False


def _steps_explained(y: NDArray[Any], s: NDArray[Any], a: float) -> bool:
    """Return whether almost all of each step of y comes from the losses, not only from y's own slowness."""
    steps, pull = y[1:] - y[:-1], (1 - a) * (s[1:] - y[:-1])
    rest = abs(steps - pull)
    return bool((rest <= 0.02 * np.sqrt(np.mean(steps**2)) + 1e-7).mean() >= 0.95)


def _moving(y: NDArray[Any], s: NDArray[Any], fits: Callable[..., bool]) -> bool:
    """Return whether each value, but for the ends, is the mean of k losses, ending there or around it."""
    n = len(y)
    most = min(MAX_WINDOW, int((1 - INTERIOR) * n) + 1)
    for k in _likely(y, s, most):
        means = _means(s, k)
        for before in {k - 1, k // 2, (k - 1) // 2, 0}:
            if fits(means, slice(before, before + len(means))):
                return True
    return False


def _likely(y: NDArray[Any], s: NDArray[Any], most: int) -> Iterator[int]:
    """Yield windows whose mean fits three values in the middle, in any of the usual positions."""
    n = len(y)
    sums = np.concatenate([[0.0], np.cumsum(s)])
    windows = np.arange(2, most + 1)
    places = sorted({n // 2, n // 2 + n // 10, n // 2 - n // 10})
    fitting = np.zeros(len(windows), dtype=bool)
    for before in (windows - 1, windows // 2, (windows - 1) // 2, windows * 0):
        good = np.ones(len(windows), dtype=bool)
        for t in places:
            begin = t - before
            inside = (begin >= 0) & (begin + windows <= n)
            found = (sums[np.clip(begin + windows, 0, n)] - sums[np.clip(begin, 0, n)]) / windows
            good &= ~inside | (abs(found - y[t]) <= 3 * TOLERANCE * abs(y[t]) + 5e-3)
        fitting |= good
    yield from windows[fitting].tolist()


def _clipped(y: NDArray[Any], s: NDArray[Any], fits: Callable[..., bool]) -> bool:
    """Return whether each value is the mean of those of k losses, ending there or around it, that there are."""
    n, sums = len(y), np.concatenate([[0.0], np.cumsum(s)])
    place = np.arange(n)
    for k in {*range(2, min(MAX_WINDOW, n) + 1), n}:
        for before in {k - 1, k // 2, (k - 1) // 2}:
            begin, end = max(0, n - 1 - before), min(n, n + k - 1 - before)
            last = (sums[end] - sums[begin]) / (end - begin), (sums[end] - sums[begin]) / k
            if min(abs(mean - y[-1]) for mean in last) > 3 * TOLERANCE * abs(y[-1]) + 5e-3:
                continue
            begins, ends = np.maximum(0, place - before), np.minimum(n, place + k - before)
            total = sums[ends] - sums[begins]
            if fits(total / (ends - begins), slice(None)) or fits(total / k, slice(None)):
                return True
    return False


def _gaussian(y: NDArray[Any], s: NDArray[Any], fits: Callable[..., bool]) -> bool:
    """Return whether the losses were filtered as SciPy's gaussian_filter1d does it."""
    for sigma in SIGMAS:
        reach = int(4 * sigma + 0.5)
        weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
        if reach < len(s):
            found = np.convolve(np.pad(s, reach, "symmetric"), weights / weights.sum(), "valid")
            if fits(found, slice(None)):
                return True
    return False


def _median(y: NDArray[Any], s: NDArray[Any], fits: Callable[..., bool]) -> bool:
    for k in MEDIANS:
        if k <= (1 - INTERIOR) * len(y) + 1:
            found = np.median(np.lib.stride_tricks.sliding_window_view(s, k), axis=1)
            if any(fits(found, slice(before, before + len(found))) for before in (k - 1, k // 2)):
                return True
    return False


def _weighted(y: NDArray[Any], s: NDArray[Any], fits: Callable[..., bool]) -> bool:
    """Return whether each value, but for the ends, is the same weighted mean of its neighbours on both sides."""
    n = len(y)
    reach = min(24, n // 6)
    if n < MANY or not _restless(s):
        return False
    middle = slice(reach, n - reach)
    pairs = [s[reach - i : n - reach - i] + s[reach + i : n - reach + i] - 2 * s[middle] for i in range(1, reach + 1)]
    columns = np.column_stack(pairs)
    weights, *_ = np.linalg.lstsq(columns, y[middle] - s[middle], rcond=None)
    return fits(s[middle] + columns @ weights, middle)


def _in_detail(y: NDArray[Any], s: NDArray[Any], fits: Callable[..., bool]) -> bool:
    """Return whether the curve rises and falls with the single losses: a multiple, or with a penalty added."""
    if len(y) < MANY or min(y) <= 0 or not _restless(s):
        return False
    return _correlation(np.diff(np.log(y)), np.diff(np.log(s))) >= DETAIL


def _restless(s: NDArray[Any]) -> bool:
    """Return whether neighbouring losses differ at random, so that nobody can guess them."""
    if min(s) <= 0:
        return False
    second = np.diff(np.log(s), 2)
    return bool(np.sqrt(np.mean(second**2)) > RESTLESS and (second[1:] * second[:-1] < 0).mean() > 0.4)


def _correlation(a: NDArray[Any], b: NDArray[Any]) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else 0.0
