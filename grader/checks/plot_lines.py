"""Recognise the lines of a plot by their values among the losses and accuracies that the recorder measured.

Values decide what a line is, labels do not; so the line itself tells which epochs it covers.
"""

from __future__ import annotations

import itertools
import math
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from grader.checks.plot_smoothing import smoothed_from
from grader.evidence.run import Line, Pass
from grader.evidence.trainings import Epoch

__all__ = ["Curve", "Measured", "correlation", "read_line"]

Role = Literal["train", "validation", "train accuracy", "validation accuracy"]

CLOSE = 1e-3  # relative, for curves with one point per epoch, which have few values
EXACT = 1e-5  # relative, for single batches' losses, of which there are thousands
STRIDE = 2e-3  # relative, for a whole regular series of batches' losses, which may have been rounded
HALF = 0.5  # the share of a line's points that must be found for the line to be recognised
MAX_PAIRS = 500_000
MAX_EPOCHS = 200
MAX_LOADERS = 8
WORK = 100_000_000  # comparisons: half a minute; the 20 lines of an honest notebook on all of MNIST need a quarter
STRIDES = (1, 5, 10, 20, 25, 50, 64, 100, 128, 200, 250, 300, 400, 469, 500)

Series = Sequence[tuple[float, float]]  # (value, position in epochs: 1.0 is the end of the first)


@dataclass(frozen=True)
class Curve:
    """A line that was recognised.

    `places` are (x, position) of the points that were found; position 1.0 is the end of epoch 1. `exact` says that the
    values are measured ones or averages of these, not smoothed ones. `alike` says that they are neither: the line only
    has the shape of the losses. `stray` counts the points that are not of this training; `logged` says that the values
    are logarithms of losses; `unseen` counts points that were found and left out because the plot does not show them.

    >>> line = Line("train loss", x=(0.0, 1.0), y=(0.9, 0.5))
    >>> Curve("train", line, places=((0.0, 1.0), (1.0, 2.0))).epochs
    (1, 2)
    """

    role: Role
    line: Line
    places: tuple[tuple[float | None, float], ...]
    exact: bool = True
    stray: int = 0
    logged: bool = False
    alike: bool = False
    unseen: int = 0

    @property
    def points(self) -> int:
        """The number of points of the line."""
        return len(self.line.y)

    @cached_property
    def epochs(self) -> tuple[int, ...]:
        """The epochs, counted from 1, that it has points of."""
        return tuple(sorted({max(1, math.ceil(position - 1e-9)) for _, position in self.places}))


@dataclass(frozen=True)
class _Range:
    low: float
    high: float
    mean: float


@dataclass(frozen=True)
class Measured:
    """The epochs of one training, indexed for looking up values; made by `Measured.of`.

    >>> Measured.of([]).single
    []
    """

    epochs: tuple[Epoch, ...]
    losses: tuple[tuple[float, ...], ...] = field(default=())  # per epoch, the finite ones
    others: tuple[Pass, ...] = ()  # passes over data that trained nothing
    work: list[int] = field(default_factory=lambda: [WORK])  # comparisons left for all lines together

    @classmethod
    def of(cls, epochs: Sequence[Epoch], passes: Iterable[Pass] = ()) -> Measured:
        """Index the epochs of one training, the first MAX_EPOCHS of them.

        Of `passes`, those of the run, the ones that only evaluate the same model are used too.
        """
        epochs = tuple(epochs)[:MAX_EPOCHS]
        model = {epoch.train.model for epoch in epochs if epoch.train.model is not None}
        others = tuple(p for p in passes if p.model in model and not p.trains and p.mean_loss is not None)
        return cls(epochs, tuple(tuple(_finite(epoch.train.losses)) for epoch in epochs), others)

    @cached_property
    def tested(self) -> bool:
        """Whether the validation loss of any epoch was measured."""
        return any(epoch.test is not None and epoch.test.mean_loss is not None for epoch in self.epochs)

    def affords(self, points: int) -> bool:
        """Subtract the work for a line of so many points from the budget; return whether some is left.

        The notebook decides how many lines and epochs there are; without a bound it could keep the grader busy for
        days.
        """
        longest = self.longest(points) if self.spans else 0
        # every k-th loss for k up to the longest interval: their numbers add up to a logarithm
        series = round(8 * self.spans[-1].stop * (1 + math.log(longest))) if longest else 0
        self.work[0] -= series + 2 * longest * len(self.spans)
        self.work[0] -= len(self.per_epoch) * points * len(self.epochs)
        return self.work[0] > 0

    def affords_smoothing(self, points: int) -> bool:
        """Subtract the work for comparing a line of so many points with one smoothed series; see `affords`."""
        self.work[0] -= max(4000, 40 * points)
        return self.work[0] > 0

    @cached_property
    def spans(self) -> Sequence[range]:
        """The indices of each epoch's batches in `single`."""
        starts = itertools.accumulate(map(len, self.losses), initial=0)
        return [range(start, end) for start, end in itertools.pairwise(starts)]

    @cached_property
    def batches(self) -> int:
        """The number of batches of the longest epoch."""
        return max(map(len, self.losses), default=0)

    def longest(self, points: int) -> int:
        """Return the widest interval, in batches, at which a line of so many points may have been recorded."""
        if points <= len(self.epochs):
            return self.batches
        return min(self.batches, self.spans[-1].stop // points + 1)

    @cached_property
    def single(self) -> Series:
        """The loss of each batch, in order."""
        return [(v, e + (b + 1) / len(losses)) for e, losses in enumerate(self.losses) for b, v in enumerate(losses)]

    @cached_property
    def ranges(self) -> Sequence[_Range]:
        """The lowest, highest and mean loss of each epoch's batches, up to the first epoch without losses."""
        known = itertools.takewhile(bool, self.losses)
        return [_Range(min(losses), max(losses), statistics.fmean(losses)) for losses in known]

    @cached_property
    def running(self) -> Series:
        """The mean loss of the epoch so far, after each batch."""
        result = []
        for e, losses in enumerate(self.losses):
            total = 0.0
            for b, value in enumerate(losses):
                total += value
                result.append((total / (b + 1), e + (b + 1) / len(losses)))
        return result

    @cached_property
    def single_index(self) -> _Index:
        """The batches' losses by value."""
        return _Index(self.single)

    @cached_property
    def running_index(self) -> _Index:
        """The running means by value."""
        return _Index(self.running)

    @cached_property
    def per_epoch(self) -> Sequence[tuple[Role, Series]]:
        """All series with one value per epoch, the likeliest first."""
        tests = [epoch.test for epoch in self.epochs]
        trains = [epoch.train for epoch in self.epochs]
        found: list[tuple[Role, list[float | None]]] = [
            ("validation", [test.mean_loss if test else None for test in tests]),
            ("validation", [test.sample_loss if test else None for test in tests]),
            ("train", [statistics.fmean(losses) if losses else None for losses in self.losses]),
            ("train", [train.mean_loss for train in trains]),
            ("train", [train.sample_loss for train in trains]),
            ("validation accuracy", [test.accuracy if test else None for test in tests]),
            ("train accuracy", [train.accuracy for train in trains]),
        ]
        for role in ("validation accuracy", "train accuracy"):
            values = next(values for r, values in found if r == role)
            found.append((role, [None if v is None else 100 * v for v in values]))
        for stride in STRIDES[1:]:
            for phase in {0, stride - 1}:
                means = [statistics.fmean(part) if (part := losses[phase::stride]) else None for losses in self.losses]
                found.append(("train", means))
        found += [*self._evaluated(), *(("train", values) for values in self._summaries())]
        return [(role, _at_ends(values)) for role, values in found]

    def _evaluated(self) -> Iterator[tuple[Role, list[float | None]]]:
        """Yield the losses of further evaluations after each epoch: of the training data, or of a validation set."""
        starts = [epoch.start for epoch in self.epochs]
        tests = {id(epoch.test) for epoch in self.epochs}
        by_loader: dict[str, dict[int, Pass]] = {}
        for seen in self.others:
            epoch = bisect_right(starts, seen.start) - 1
            if epoch >= 0 and id(seen) not in tests:
                by_loader.setdefault(seen.loader.key, {})[epoch] = seen
        for passes in list(by_loader.values())[:MAX_LOADERS]:
            loader = next(iter(passes.values())).loader
            trained = [epoch.train.loader for epoch in self.epochs]
            same = any((loader.split, loader.images) == (other.split, other.images) for other in trained)
            role: Role = "train" if same else "validation"
            known = [passes.get(e) for e in range(len(self.epochs))]
            yield role, [seen.mean_loss if seen else None for seen in known]
            yield role, [seen.sample_loss if seen else None for seen in known]

    def _summaries(self) -> Iterator[list[float | None]]:
        """Yield other figures for an epoch's training losses: of the last ones, of those so far, medians, extremes."""
        for last in STRIDES[1:]:
            yield [statistics.fmean(losses[-last:]) if losses else None for losses in self.losses]
        for pick in (statistics.median, min, max):
            yield [pick(losses) if losses else None for losses in self.losses]
        for stride in (1, 10, 50, 100):
            for phase in {0, stride - 1}:
                parts = [losses[phase::stride] for losses in self.losses]
                totals = list(itertools.accumulate(map(sum, parts)))
                counts = list(itertools.accumulate(map(len, parts)))
                yield [total / count if count else None for total, count in zip(totals, counts, strict=True)]
                if stride > 1:  # counted over all epochs, and cut into as many parts
                    kept = [value for value, _ in self.single[phase::stride]]
                    size = len(kept) // max(1, len(self.epochs))
                    if size and size * len(self.epochs) == len(kept):
                        yield [statistics.fmean(kept[i : i + size]) for i in range(0, len(kept), size)]


def _finite(values: Iterable[float | None]) -> Iterator[float]:
    return (value for value in values if value is not None and math.isfinite(value))


def _at_ends(values: Sequence[float | None]) -> Series:
    return [(math.nan if value is None else value, e + 1.0) for e, value in enumerate(values)]


class _Index:
    """An index that finds values of a series, compared to five digits."""

    def __init__(self, series: Series) -> None:
        self._series = series
        self._places: dict[int, list[int]] = {}
        for place, (value, _) in enumerate(series):
            self._places.setdefault(_key(value), []).append(place)

    def in_order(self, values: Sequence[float]) -> list[float | None]:
        """Find the longest subsequence of `values` that the series holds in this order.

        Return the position of each of its values, None for the other values.
        """
        if sum(self._count(value) for value in values) > MAX_PAIRS:  # a loss that hardly moves: any order fits
            return self._greedily(values)
        tops: list[int] = []  # for each length, the smallest last place of a subsequence
        chain: list[tuple[int, int, int]] = []  # (index of the value, place, entry before it)
        heads: list[int] = []
        for index, value in enumerate(values):
            key = _key(value)
            for place in sorted((p for k in (key - 1, key, key + 1) for p in self._places.get(k, ())), reverse=True):
                length = bisect_left(tops, place)
                chain.append((index, place, heads[length - 1] if length else -1))
                if length == len(tops):
                    tops.append(place)
                    heads.append(len(chain) - 1)
                elif place < tops[length]:
                    tops[length] = place
                    heads[length] = len(chain) - 1
        found: list[float | None] = [None] * len(values)
        entry = heads[-1] if heads else -1
        while entry >= 0:
            index, place, entry = chain[entry]
            found[index] = self._series[place][1]
        return found

    def _count(self, value: float) -> int:
        key = _key(value)
        return sum(len(self._places.get(k, ())) for k in (key - 1, key, key + 1))

    def _greedily(self, values: Sequence[float]) -> list[float | None]:
        found: list[float | None] = []
        last = -1
        for value in values:
            key = _key(value)
            near = [self._places.get(k, []) for k in (key - 1, key, key + 1)]
            later = [places[i] for places in near if (i := bisect_right(places, last)) < len(places)]
            if later:
                last = min(later)
            found.append(self._series[last][1] if later else None)
        return found


def _key(value: float) -> int:
    return round(math.log(value) / EXACT) if value > 0 else -(10**9)


def read_line(line: Line, measured: Measured, claims: str = "") -> Curve | None:
    """Recognise a line by its values; return None if it shows nothing of this training.

    `claims` is the curve that the label names ('train', 'validation' or ''). It only decides for lines that merely have
    the shape of the measured losses: invented ones, and validation losses that the student averaged in another way.

    >>> from grader.evidence.run import LoaderSeen, Pass
    >>> loader = LoaderSeen("loader-1", "MNIST", "train", 256, 64, True)
    >>> epoch = Epoch(Pass(4, loader, 0.0, 1.0, 4, 256, complete=True, steps=4, losses=(2.3, 1.9, 1.4, 1.1)))
    >>> curve = read_line(Line("", x=(0.0, 1.0, 2.0, 3.0), y=(2.3, 1.9, 1.4, 1.1)), Measured.of([epoch]))
    >>> curve.role, curve.epochs
    ('train', (1,))
    """
    points = [(x, y) for x, y in zip(line.x, line.y, strict=False) if y is not None]
    if not points or not measured.epochs or not measured.affords(len(points)):
        return None
    values = [y for _, y in points]
    best = _exactly(values, measured)
    if (best is None or None in best[1]) and 2 <= len(corners := _corners(points)) < len(points):
        found = _exactly([y for _, y in corners], measured)
        if found is not None and (best is None or found[1].count(None) < best[1].count(None)):
            best, points, values = found, corners, [y for _, y in corners]
    logged = False
    if best is None and min(values) <= 0 and max(values) < 20:  # losses are positive; their logarithms soon are not
        for undo in (lambda v: 10.0**v, math.exp, lambda v: 2.0**v):
            best = _exactly([undo(value) for value in values], measured)
            if best is not None:
                logged = True
                break
    exact = best is not None
    if best is None or best[1].count(None) > 0.1 * len(values):  # a moving median holds some of the losses themselves
        smoothed = _smoothed(values, measured)
        exact, best = (False, smoothed) if smoothed else (exact, best)
    alike = best is None
    best = best or _alike(values, measured, claims)
    if best is None:
        return None
    role, positions = best
    places = tuple((x, position) for (x, _), position in zip(points, positions, strict=True) if position is not None)
    return Curve(role, line, places, exact, positions.count(None), logged, alike)


def _corners(points: Sequence[tuple[float | None, float]]) -> list[tuple[float | None, float]]:
    """Return the points without those on a straight line between their neighbours by index, as pandas fills gaps."""
    inner = zip(points, points[1:], points[2:], strict=False)
    kept = [b for (_, a), b, (_, c) in inner if not math.isclose(b[1] - a, c - b[1], rel_tol=1e-6, abs_tol=1e-12)]
    return [points[0], *kept, points[-1]]


Found = tuple[Role, list[float | None]]


def _exactly(values: Sequence[float], measured: Measured) -> Found | None:
    """Return the series that holds most of the values if it holds at least half of them, else None."""
    best: Found | None = None
    most = 0
    for found in _candidates(values, measured):
        known = len(values) - found[1].count(None)
        if known > most:
            best, most = found, known
        if most == len(values):
            break
    return best if most >= max(HALF * len(values), min(2, len(measured.epochs))) else None


def _rounding(values: Sequence[float]) -> float:
    """Return half a unit of the last digit of values that were rounded to two to five digits, else 0."""
    for digits in range(2, 6):
        if len(values) >= 4 and all(abs(value - round(value, digits)) < 1e-9 for value in values):
            return 0.5001 * 10.0**-digits
    return 0.0


def _candidates(values: Sequence[float], measured: Measured) -> Iterator[Found]:
    slack = _rounding(values)
    few = len(values) <= 5 * len(measured.epochs) + 60
    plain = measured.per_epoch
    if few:
        for role, series in plain[:9]:
            yield role, _run(values, series, slack)
    for every in _every(measured, len(values)):  # before the index, which finds losses that hardly move anywhere
        yield "train", _prefix(values, every, EXACT)
    if min(values) > 0:
        yield "train", measured.single_index.in_order(values)
        yield "train", measured.running_index.in_order(values)
    if few:
        for role, series in plain[9:]:
            yield role, _run(values, series, slack)
        yield from _repeated(values, plain)
        for role, series in plain[:7]:
            yield role, _scaled(values, series)
    for series in _regular(measured, len(values)):
        yield "train", _prefix(values, series, slack=slack)


def _close(a: float, b: float, tolerance: float = CLOSE, slack: float = 0.0) -> bool:
    return abs(a - b) <= tolerance * max(abs(a), abs(b)) + slack + 1e-12


def _run(values: Sequence[float], series: Series, slack: float = 0.0) -> list[float | None]:
    """Return the positions of the longest stretch of values that the series holds without gaps; None for the others."""
    best, begin, at = 0, 0, 0
    for shift in range(-len(values) + 1, len(series)):
        length, first, last = 0, max(0, -shift), min(len(values), len(series) - shift)
        if last - first <= best:  # too short to be longer
            continue
        for j in range(first, last):
            length = length + 1 if _close(values[j], series[j + shift][0], slack=slack) else 0
            if length > best:
                best, begin, at = length, j - length + 1, j - length + 1 + shift
    found: list[float | None] = [None] * len(values)
    for i in range(best):
        found[begin + i] = series[at + i][1]
    return found


def _repeated(values: Sequence[float], plain: Sequence[tuple[Role, Series]]) -> Iterator[Found]:
    """Yield the series for one value per epoch that was repeated to the length of another curve."""
    groups = [len(list(group)) for _, group in itertools.groupby(values)]
    if len(groups) * 2 > len(values):
        return
    for role, series in plain[:7]:
        run = _run([value for value, _ in itertools.groupby(values)], series)
        # The last repetition is at the end of the epoch, the others before it.
        yield (
            role,
            [
                None if position is None else position - 1 + (i + 1) / size
                for position, size in zip(run, groups, strict=True)
                for i in range(size)
            ],
        )


def _scaled(values: Sequence[float], series: Series) -> list[float | None]:
    """Return the positions if the values are a constant multiple of the series: sums, or sums divided otherwise."""
    found: list[float | None] = [None] * len(values)
    if not 4 <= len(values) <= len(series):
        return found
    for shift in range(len(series) - len(values) + 1):
        part = series[shift : shift + len(values)]
        ratios = [value / known for value, (known, _) in zip(values, part, strict=True) if known > 0 and value > 0]
        falls = max(values) > 1.2 * min(values)  # flat curves are all alike
        if falls and len(ratios) == len(values) and max(ratios) <= min(ratios) * (1 + 2 * CLOSE):
            return [position for _, position in part]
    return found


def _prefix(
    values: Sequence[float], series: Iterable[tuple[float, float]], tolerance: float = STRIDE, slack: float = 0.0
) -> list[float | None]:
    """Return the positions if the values are the beginning of the series, else None for each."""
    found: list[float | None] = []
    for value, (known, position) in zip(values, series, strict=False):
        if not _close(value, known, tolerance, slack):
            break
        found.append(position)
    return found if len(found) == len(values) else [None] * len(values)


def _every(measured: Measured, points: int) -> Iterator[Iterator[tuple[float, float]]]:
    """Yield the losses of every k-th batch of each epoch, from the first or the k-th on, if there are enough of them.

    The widest interval comes first: if losses are alike, a curve shows as many epochs as it can.
    """
    for k in range(measured.batches, 0, -1):
        for phase in {0, k - 1}:
            spans = [span[phase::k] for span in measured.spans]
            if sum(map(len, spans)) >= points:
                yield (measured.single[i] for span in spans for i in span)


def _regular(measured: Measured, points: int) -> Iterator[Series]:
    """Yield regular series of batches' losses: every k-th, maybe rounded, and means over k, per epoch and overall."""
    if points < 3 or measured.batches < 2:
        return
    sums = [0.0]
    for value, _ in measured.single:
        sums.append(sums[-1] + value)
    for k in range(1, measured.longest(points) + 1):
        for phase in {0, k - 1}:
            yield [measured.single[i] for span in measured.spans for i in span[phase::k]]
        if k == 1:
            continue
        for phase in {0, k - 1}:
            yield measured.single[phase::k]
        for spans in (
            [(i, min(i + k, span.stop)) for span in measured.spans for i in span[::k]],
            [(i, i + k) for span in measured.spans for i in span[::k] if i + k <= span.stop],
            [(i, i + k) for i in range(0, len(measured.single) - k + 1, k)],
        ):
            yield [((sums[end] - sums[begin]) / (end - begin), measured.single[end - 1][1]) for begin, end in spans]


# --- smoothed lines -----------------------------------------------------------------------------------------------


def _smoothed(values: Sequence[float], measured: Measured) -> Found | None:
    """Recognise smoothed losses: of batches at a usual interval, or of epochs."""
    n, slack = len(values), _rounding(values)
    for role, series in measured.per_epoch[:5]:
        for end in range(n, min(len(series), 2 * n) + 1):
            if measured.affords_smoothing(n) and smoothed_from(values, [value for value, _ in series[:end]], slack):
                return role, [position for _, position in series[end - n : end]]
    for kept in _recorded(measured, n):
        if not measured.affords_smoothing(n):
            return None
        if smoothed_from(values, [measured.single[i][0] for i in kept], slack):
            return "train", [measured.single[i][1] for i in kept[len(kept) - n :]]
    return None


def _recorded(measured: Measured, points: int) -> Iterator[Sequence[int]]:
    """Yield the indices of batches' losses as a loop may have recorded them by the end of an epoch.

    They are at least as many as the points, and less than twice as many.
    """
    batches, seen = measured.batches, set[tuple[int, int, int]]()
    usual = {*STRIDES, *range(1, 130), *(batches // k for k in range(1, 21)), batches - 1, batches}
    for k in sorted(k for k in usual if 1 <= k <= batches):
        for phase in {0, k - 1}:
            each = [i for span in measured.spans for i in span[phase::k]]
            for indices in (each, range(phase, len(measured.single), k)):
                for span in measured.spans:
                    count = bisect_left(indices, span.stop)
                    if points <= count < 2 * points and (key := (count, indices[0], indices[count - 1])) not in seen:
                        seen.add(key)
                        yield indices[:count]


# --- lines that only have the shape of the losses -----------------------------------------------------------------


def _alike(values: Sequence[float], measured: Measured, claims: str) -> Found | None:
    """Recognise a curve called validation with plausible values, one per epoch, or one within the batches' losses."""
    count = len(measured.epochs)
    if claims == "validation":
        if not 2 <= len(values) <= count or min(values) <= 0:
            return None
        known = [test.mean_loss if (test := epoch.test) else None for epoch in measured.epochs]
        alike = all(k is None or k / 5 <= value <= 5 * k for value, k in zip(values, known, strict=False))
        return ("validation", [e + 1.0 for e in range(len(values))]) if alike else None
    fits = []
    for epochs in range(len(measured.ranges), 1, -1):
        size = len(values) / epochs
        if size < 1 or (size != int(size) and size < 10):
            continue
        groups = [values[round(e * size) : round((e + 1) * size)] for e in range(epochs)]
        off = _off(groups, measured.ranges)
        if off is not None:
            fits.append((off, epochs, size))
    if not fits:
        return None
    _, epochs, size = min(fits)
    return "train", [min(float(epochs), (i + 1) / size) for i in range(len(values))]


def _off(groups: Sequence[Sequence[float]], ranges: Sequence[_Range]) -> float | None:
    """Return the mean relative distance of groups of values from the epochs' means; None if their shape differs."""
    known = ranges[: len(groups)]
    inside = sum(r.low <= v <= r.high for group, r in zip(groups, known, strict=True) for v in group)
    means = [statistics.fmean(group) for group in groups]
    if len(groups) < 3 or inside < 0.9 * sum(map(len, groups)):
        return None
    if correlation(means, [r.mean for r in known]) < 0.8:
        return None
    return statistics.fmean(abs(mean / r.mean - 1) for mean, r in zip(means, known, strict=True))


def correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the correlation coefficient (Pearson's) of two series of the same length; 0 if one does not vary.

    >>> correlation([1, 2, 3], [2, 4, 6])
    1.0
    """
    if min(a) == max(a) or min(b) == max(b):
        return 0.0
    return statistics.correlation(a, b)
