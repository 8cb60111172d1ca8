"""Checks on printed times: the times that a notebook reports agree with those that the recorder measured."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.assignment import Fail
from grader.checks.printed_times import Known, PrintedTime, printed_times
from grader.evidence.run import CellRun
from grader.evidence.trainings import Epoch

__all__ = ["epoch_times", "known_values", "reported", "span", "total_time"]

SLACK_SECONDS = 0.05  # per epoch: the difference between a student's clock and the recorder's
SLACK_SHARE = 0.1
_PATH = re.compile(r"(?<!\S)(?:/[A-Za-z_.][\w.-]*){2,}\S*")  # of a file in a warning: python3.11 is not a time
ENOUGH = 0.8  # of the epochs: a few lost lines cost nothing


@dataclass(frozen=True)
class _Span:
    """The seconds that a right clock may show: from `low` (passes alone) to `high` (with everything around them)."""

    low: float
    high: float
    epochs: int = 1

    @property
    def slack(self) -> float:
        slack = max(SLACK_SECONDS * self.epochs, SLACK_SHARE * self.high)
        return slack if self.epochs == 1 else min(slack, self.high / 2)  # one epoch's time must not pass for many

    def fits(self, time: PrintedTime) -> bool:
        return time.agrees(self.low, self.high, self.slack)


def _spans(epochs: Sequence[Epoch]) -> list[_Span]:
    """Return a span for each epoch: from training alone to training, testing and whatever else the loop does."""
    spans = []
    for index, epoch in enumerate(epochs):
        high = epoch.end - epoch.start
        # A clock in the loop stays between the neighbours in the same cell, so other work in the loop is allowed.
        if index and epochs[index - 1].cell == epoch.cell:
            high = max(high, epoch.end - epochs[index - 1].end)
        if index + 1 < len(epochs) and epochs[index + 1].cell == epoch.cell:
            high = max(high, epochs[index + 1].start - epoch.start)
        spans.append(_Span(epoch.train.seconds, high))
    return spans


def span(epoch: Epoch) -> float:
    """Return the seconds that an epoch took: training, and testing if it was tested.

    >>> from grader.evidence.run import LoaderSeen, Pass
    >>> loader = LoaderSeen("loader-1", "MNIST", "train", 60_000, 64, True)
    >>> span(Epoch(Pass(4, loader, start=3.0, seconds=12.0, batches=938, samples=60_000, complete=True)))
    12.0
    """
    return epoch.train.seconds + (epoch.test.seconds if epoch.test else 0.0)


def _training_span(window: Sequence[Epoch]) -> _Span:
    seconds = sum(epoch.train.seconds for epoch in window)
    return _Span(seconds, seconds, len(window))


def _whole_span(window: Sequence[Epoch]) -> _Span:
    """Return the span of several epochs with testing: their sum, or the time from the first start to the last end."""
    both = sum(map(span, window))
    return _Span(both, max(both, window[-1].end - window[0].start), len(window))


def _windows(epochs: Sequence[Epoch], count: int) -> Iterator[Sequence[Epoch]]:
    for start in range(len(epochs) - count + 1):
        yield epochs[start : start + count]


def known_values(epochs: Sequence[Epoch]) -> Known:
    """Return the epochs' losses and accuracies: numbers that a student prints and that are not times.

    >>> known_values([])
    Known(summaries=(), picked=(), losses=frozenset())
    """
    passes = [seen for epoch in epochs for seen in (epoch.train, epoch.test) if seen is not None]
    summaries = [v for seen in passes for v in (seen.mean_loss, seen.sample_loss, seen.accuracy) if v is not None]
    losses = [loss for seen in passes for loss in seen.losses if loss is not None]
    picked = [v for seen in passes for v in (*seen.losses[-1:], *seen.losses[::100]) if v is not None]
    return Known(tuple(summaries), tuple(picked), frozenset(f"{loss:.5g}" for loss in losses))


def reported(cells: Sequence[CellRun], epochs: Sequence[Epoch]) -> tuple[PrintedTime, ...]:
    """Return the times that the cells printed, in order.

    >>> [time.text for time in reported([CellRun(4, "ok", text="Epoch 1 took 12.3 s")], epochs=[])]
    ['12.3 s']
    """
    known = known_values(epochs)
    texts = [(_PATH.sub("", cell.text), cell.seconds) for cell in cells]
    return tuple(time for text, seconds in texts for time in printed_times(text, seconds, known))


# --- each epoch ---------------------------------------------------------------------------------------------------


def epoch_times(cells: Sequence[CellRun], epochs: Sequence[Epoch], count: int, mean_counts: bool = True) -> str:
    """Check that the time of each epoch is printed, in any wording and unit, and is the time that it took.

    `cells` are those whose output may hold the times, in order; `epochs` the recorded epochs of one training; `count`
    the number that must be reported. An epoch's time may include testing or not. With `mean_counts` an average per
    epoch counts too. Return the number of times and the measured range. Raise Fail: with half the credit for times that
    count from the start of the training, with 0.6 of the share for too few times, else without.

    >>> from grader.evidence.run import LoaderSeen, Pass
    >>> loader = LoaderSeen("loader-1", "MNIST", "train", 60_000, 64, True)
    >>> epochs = [Epoch(Pass(4, loader, start, 12.0, 938, 60_000, complete=True)) for start in (3.0, 15.0)]
    >>> epoch_times([CellRun(4, "ok", text="Epoch 1 took 12.1 s\\nEpoch 2 took 12.0 s")], epochs, count=2)
    '2 times printed for epochs that took 12.0 s'
    """
    if not epochs:
        raise Fail("no epoch was run, so no time could be measured", f"the time of each of {count} epochs")
    count = min(count, len(epochs))
    times, spans = reported(cells, epochs), _spans(epochs)
    matched = _matched(times, spans)
    if len(matched) >= math.ceil(ENOUGH * count):
        if invented := _invented([times[t] for t, _ in matched], epochs):
            raise Fail(
                f"{_as_printed(invented)} is printed for every epoch, though they took {_range(epochs)}",
                "each epoch's own time",
                "Take the time before and after each epoch.",
            )
        return f"{len(matched)} times printed for epochs that took {_range(epochs)}"
    if mean_counts and count > 1 and (mean := _mean(times, epochs, count)):
        return f"an average time per epoch is printed ({_as_printed(mean)})"
    raise _epoch_times_missing(times, epochs, matched, count)


def _matched(times: Sequence[PrintedTime], spans: Sequence[_Span]) -> list[tuple[int, int]]:
    """Return the longest series of indices (time, epoch) that agree, both in increasing order."""
    rows, columns = len(times), len(spans)
    fits = [[span.fits(time) for span in spans] for time in times]
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            taken = 1 + best[i + 1][j + 1] if fits[i][j] else 0
            best[i][j] = max(taken, best[i + 1][j], best[i][j + 1])
    pairs, i, j = [], 0, 0
    while i < rows and j < columns:
        if fits[i][j] and best[i][j] == 1 + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _invented(times: Sequence[PrintedTime], epochs: Sequence[Epoch]) -> PrintedTime | None:
    """Return the time if the same one is printed for all epochs although they differ by more than its rounding hides.

    It is not known which epochs of the training the times are for, so any run of as many epochs may be the right one.
    """
    if len(times) < 3 or len({time.text for time in times}) > 1:
        return None
    step = max(reading.step for reading in times[0].readings)
    for window in _windows(epochs, len(times)):
        for seconds in ([epoch.train.seconds for epoch in window], [epoch.end - epoch.start for epoch in window]):
            if max(seconds) - min(seconds) <= 3 * step:
                return None
    return times[0]


def _mean(times: Sequence[PrintedTime], epochs: Sequence[Epoch], count: int) -> PrintedTime | None:
    for size in {count, len(epochs)}:
        for window in _windows(epochs, size):
            low, high = _training_span(window).low / size, _whole_span(window).high / size
            for time in times:
                if time.average and _Span(low, high).fits(time):
                    return time
    return None


def _epoch_times_missing(
    times: Sequence[PrintedTime], epochs: Sequence[Epoch], matched: Sequence[tuple[int, int]], count: int
) -> Fail:
    expected = f"the time of each of {count} epochs" if count > 1 else "the time of the epoch"
    from_start = [_Span(epoch.train.end - epochs[0].start, epoch.end - epochs[0].start) for epoch in epochs]
    if count >= 3 and len(_matched([t for t in times if not t.weak], from_start)) >= math.ceil(ENOUGH * count):
        return Fail(
            "the times printed keep growing: they are counted from the start of the training, not of each epoch",
            expected,
            "When must the clock be started to measure one epoch?",
            credit=0.5,
        )
    if matched:
        found = "1 time is" if len(matched) == 1 else f"{len(matched)} times are"
        credit = round(0.6 * len(matched) / count, 2)
        return Fail(f"{found} printed for {count} epochs", expected, "Is the time printed in every epoch?", credit)
    totals = [time for time in times if _is_total(time, epochs)]
    said = [time for time in times if not time.weak and time not in totals]
    if said and (len(said) >= count or not totals):
        wrong = _typical(said)
        took = sum(epoch.end - epoch.start for epoch in epochs) / len(epochs)
        return Fail(
            f"printed {_as_printed(wrong)} for an epoch that took {_shown(took)}",
            expected,
            "Print what the clock measured, with its unit.",
        )
    hint = "Take the time before and after each epoch, inside the loop, and print it."
    if totals:
        return Fail(
            f"no time per epoch was printed, only {_as_printed(totals[0])} for several together", expected, hint
        )
    return Fail("no time per epoch was printed", expected, hint)


def _typical(times: Sequence[PrintedTime]) -> PrintedTime:
    """Return the first time of the most common wording."""
    kinds = Counter(re.sub(r"[\d.,]+", "#", time.line) for time in times)
    common, _ = kinds.most_common(1)[0]
    return next(time for time in times if re.sub(r"[\d.,]+", "#", time.line) == common)


def _is_total(time: PrintedTime, epochs: Sequence[Epoch]) -> bool:
    for count in range(2, len(epochs) + 1):
        for window in _windows(epochs, count):
            whole = _whole_span(window)
            if _Span(_training_span(window).low, whole.high, count).fits(time):
                return True
    return False


def _as_printed(time: PrintedTime) -> str:
    if re.search(r"[^\W\d]|:", time.text):
        return time.text
    return f"'{time.line if len(time.line) <= 60 else time.line[:59] + '…'}'"


def _shown(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"


def _range(epochs: Sequence[Epoch]) -> str:
    spans = [epoch.end - epoch.start for epoch in epochs]
    low, high = _shown(min(spans)), _shown(max(spans))
    return low if low == high else f"{low[:-2]} to {high}"


# --- the total ----------------------------------------------------------------------------------------------------


def total_time(cells: Sequence[CellRun], epochs: Sequence[Epoch], count: int) -> str:
    """Check that the total time of `count` epochs with testing is printed, in any wording and unit, and is right.

    `cells` are those whose output may hold the time; any `count` consecutive epochs of the training may be meant.
    Return the printed time and the measured one. Raise Fail, with half the credit for a total that leaves out testing,
    if the two can be distinguished, or that is of more epochs.

    Example::

        def total(e: Evidence) -> str:
            return timing.total_time(e.run.cells, epochs, 10)
    """
    expected = f"the total time of {count} epochs with testing"
    if len(epochs) < count:
        ran = "1 epoch was" if len(epochs) == 1 else f"{len(epochs)} epochs were"
        raise Fail(f"{ran} run, not {count}", expected)
    times, windows = reported(cells, epochs), list(_windows(epochs, count))
    tested = [window for window in windows if all(epoch.test is not None for epoch in window)]
    for window in tested:
        whole, training = _whole_span(window), _training_span(window)
        testing = whole.low - training.low
        slack = min(whole.slack, testing / 2) if testing > whole.slack else whole.slack
        for time in times:
            # %%time measures the whole cell, whatever else it does.
            high = max(whole.high, time.cell_seconds) if time.wall else whole.high
            if time.agrees(whole.low, whole.low, slack) or time.agrees(
                whole.low, high, whole.slack if time.wall else slack
            ):
                return f"printed {_as_printed(time)}; {count} epochs with testing took {_shown(whole.high)}"
    for window in windows:
        whole, training = _whole_span(window), _training_span(window)
        for time in times:
            if training.fits(time):
                seen = (
                    f"the total leaves out testing: {_as_printed(time)}, and training alone took {_shown(training.low)}"
                )
                if window not in tested:
                    seen = f"{_as_printed(time)} is printed for {count} epochs, but they were not tested"
                else:
                    seen += f", with testing {_shown(whole.high)}"
                raise Fail(seen, expected, "The clock must run while the model is tested, too.", credit=0.5)
    raise _total_missing(times, epochs, windows, count, expected)


def _total_missing(
    times: Sequence[PrintedTime],
    epochs: Sequence[Epoch],
    windows: Sequence[Sequence[Epoch]],
    count: int,
    expected: str,
) -> Fail:
    took = sum(_whole_span(window).high for window in windows) / len(windows)
    said = [time for time in times if not time.weak]
    for other in range(len(epochs), 1, -1):
        for window in _windows(epochs, other) if other != count else ():
            whole = _whole_span(window)
            if abs(whole.high - took) <= whole.slack + SLACK_SHARE * took:
                continue
            for time in said:
                if other > count and whole.fits(time):
                    return Fail(
                        f"the total printed, {_as_printed(time)}, is that of {other} epochs", expected, credit=0.5
                    )
    hint = "Start the clock before the first epoch and stop it after the last test."
    spans = _spans(epochs)
    rest = [time for time in said if not any(span.fits(time) for span in spans)]
    if rest:
        largest = max(rest, key=lambda time: time.readings[0].value)
        return Fail(
            f"printed {_as_printed(largest)}, while {count} epochs with testing took {_shown(took)}", expected, hint
        )
    return Fail(f"no total time of {count} epochs was printed", expected, hint)
