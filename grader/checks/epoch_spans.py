"""The seconds that right clocks may show of a training: of its epochs, with testing or without, and of several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from grader.checks.clocks import Clocks, Span
from grader.evidence.trainings import Epoch

__all__ = ["possible", "span"]

MAX_WINDOWS = 60
MAX_TRAININGS = 20
TOO_SHORT = 0.02  # testing that takes a smaller share of the time cannot be told from a clock's inaccuracy


def epoch_spans(epochs: Sequence[Epoch]) -> list[Span]:
    """Return a span for each epoch: from training alone to training, testing and whatever else the loop does."""
    return [Span(epoch.train.seconds, high) for epoch, high in zip(epochs, _highs(epochs), strict=True)]


def _highs(epochs: Sequence[Epoch]) -> Iterator[float]:
    for index, epoch in enumerate(epochs):
        high = epoch.end - epoch.start
        # A clock in the loop stays between the neighbours in the same cell, so other work in the loop is allowed.
        if index and epochs[index - 1].cell == epoch.cell:
            high = max(high, epoch.end - epochs[index - 1].end)
        if index + 1 < len(epochs) and epochs[index + 1].cell == epoch.cell:
            high = max(high, epochs[index + 1].start - epoch.start)
        yield high


def span(epoch: Epoch) -> float:
    """Return the seconds that an epoch took: training, and testing if it was tested.

    >>> from grader.evidence.run import LoaderSeen, Pass
    >>> loader = LoaderSeen("loader-1", "MNIST", "train", 60_000, 64, True)
    >>> span(Epoch(Pass(4, loader, start=3.0, seconds=12.0, batches=938, samples=60_000, complete=True)))
    12.0
    """
    return epoch.train.seconds + (epoch.test.seconds if epoch.test else 0.0)


def training_span(window: Sequence[Epoch]) -> Span:
    """Return the span of the training alone of several epochs."""
    seconds = sum(epoch.train.seconds for epoch in window)
    return Span(seconds, seconds, len(window))


def testing_share(window: Sequence[Epoch]) -> float:
    """Return how large a share of the time of some epochs their tests took; 0 if it is too small to be told."""
    both = sum(map(span, window))
    share = 1 - training_span(window).low / both if both else 0.0
    return share if share >= TOO_SHORT else 0.0


def whole_span(window: Sequence[Epoch]) -> Span:
    """Return the span of several epochs with testing: their sum, or the time from the first start to the last end.

    A time nearer to the training alone does not fit it, if the two can be told apart.
    """
    both, share = sum(map(span, window)), testing_share(window)
    high = max(both, window[-1].end - window[0].start)
    return Span(both, high, len(window), shorter=both * share / 2 if share else None)


def mean_span(window: Sequence[Epoch], tested: bool = False) -> Span:
    """Return the span of the average of some epochs: from training alone, or with `tested` from both, to all."""
    whole, count = whole_span(window), len(window)
    if not tested:
        return Span(training_span(window).low / count, whole.high / count)
    return Span(whole.low / count, whole.high / count, shorter=None if whole.shorter is None else whole.shorter / count)


def windows(epochs: Sequence[Epoch], count: int) -> Iterator[Sequence[Epoch]]:
    """Yield the runs of `count` epochs; of a long training those that begin with it or a cell, or end with it."""
    last = len(epochs) - count
    starts: Iterable[int] = range(last + 1)
    if last >= MAX_WINDOWS:
        begins = [0, *(i for i in range(1, last) if epochs[i].cell != epochs[i - 1].cell), last]
        starts = [*begins[: MAX_WINDOWS - 1], last]
    for start in starts:
        yield epochs[start : start + count]


def possible(cell: int | None, runs: Sequence[Sequence[Epoch]]) -> Sequence[Sequence[Epoch]]:
    """Return the runs of epochs that a time printed in `cell` may be of: those in that cell if there are any, or all.

    >>> possible(4, [])
    []
    """
    return [run for run in runs if run[0].cell == run[-1].cell == cell] or runs


def _clocks(trainings: Iterable[Sequence[Epoch]], count: int) -> Clocks:
    """Return the times that right clocks may show of trainings: of epochs, of tests, and of `count` or all epochs."""
    spans: list[Span] = []
    for epochs in trainings:
        spans += epoch_spans(epochs)
        tests = [epoch.test.seconds for epoch in epochs if epoch.test is not None]
        spans += [Span(seconds, seconds) for seconds in tests]
        spans += [Span(sum(tests), sum(tests), len(tests))] if len(tests) > 1 else []
        for size in {count, len(epochs)} - {1}:
            for window in (epochs[:size], epochs[-size:]) if size <= len(epochs) else ():
                spans.append(Span(training_span(window).low, whole_span(window).high, size))
    return Clocks(spans)


def all_clocks(epochs: Sequence[Epoch], others: Iterable[Sequence[Epoch]], count: int) -> Clocks:
    """Return the times that right clocks may show of a training and of the longest of the others."""
    longest = sorted((other for other in others if other), key=len, reverse=True)[:MAX_TRAININGS]
    return _clocks([epochs, *longest], count)


def from_start(epochs: Sequence[Epoch]) -> Iterator[list[Span]]:
    """Yield the spans that a clock shows which was started once: before the training, or in each cell of it."""
    yield [Span(epoch.train.end - epochs[0].start, epoch.end - epochs[0].start) for epoch in epochs]
    starts: dict[int, float] = {}
    for epoch in epochs:
        starts.setdefault(epoch.cell, epoch.start)
    if len(starts) > 1:
        yield [Span(epoch.train.end - starts[epoch.cell], epoch.end - starts[epoch.cell]) for epoch in epochs]


def sums(epochs: Sequence[Epoch]) -> list[Span]:
    """Return the spans of two epochs and more, from the first."""
    found, training, both = [], epochs[0].train.seconds, span(epochs[0])
    for count, epoch in enumerate(epochs[1:], 2):
        training, both = training + epoch.train.seconds, both + span(epoch)
        found.append(Span(training, max(both, epoch.end - epochs[0].start), count))
    return found
