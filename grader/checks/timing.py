"""Checks on printed times: the times that a notebook reports agree with those that the recorder measured.

As many times as asked for must be printed, in the order of the epochs. Numbers that fit nothing count against: see
`grader.checks.time_series`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from grader.assignment import Fail
from grader.checks.printed_times import Known, PrintedTime, printed_times
from grader.checks.time_series import SLACK_SHARE, Clocks, Reported, Series, Span, few, in_order, strange
from grader.evidence.run import CellRun
from grader.evidence.trainings import Epoch

__all__ = ["epoch_times", "known_values", "reported", "span", "total_time"]

Times: TypeAlias = Sequence[CellRun] | Reported
"""The cells whose output may hold the times, in order, or what `reported` returned for them."""


_PATH = re.compile(r"(?<!\S)(?:/[A-Za-z_.][\w.-]*){2,}\S*")  # of a file in a warning: python3.11 is not a time
ENOUGH = 0.8  # of the epochs: a few lost lines cost nothing
GUESSES = (3, 2, 1)  # series that may be wrong beside a right one, by strength: what looks like a time may be none
MEANS = 2  # different averages that may be wrong beside a right one
TOTALS = (4, 3, 2)  # numbers that may be wrong beside a right total
MAX_TEXT = 1_000_000  # characters of all cells together
MAX_WINDOWS = 60
MAX_TIMES = 200
MAX_TRAININGS = 20


def _spans(epochs: Sequence[Epoch]) -> list[Span]:
    """Return a span for each epoch: from training alone to training, testing and whatever else the loop does."""
    spans = []
    for index, epoch in enumerate(epochs):
        high = epoch.end - epoch.start
        # A clock in the loop stays between the neighbours in the same cell, so other work in the loop is allowed.
        if index and epochs[index - 1].cell == epoch.cell:
            high = max(high, epoch.end - epochs[index - 1].end)
        if index + 1 < len(epochs) and epochs[index + 1].cell == epoch.cell:
            high = max(high, epochs[index + 1].start - epoch.start)
        spans.append(Span(epoch.train.seconds, high))
    return spans


def span(epoch: Epoch) -> float:
    """Return the seconds that an epoch took: training, and testing if it was tested.

    >>> from grader.evidence.run import LoaderSeen, Pass
    >>> loader = LoaderSeen("loader-1", "MNIST", "train", 60_000, 64, True)
    >>> span(Epoch(Pass(4, loader, start=3.0, seconds=12.0, batches=938, samples=60_000, complete=True)))
    12.0
    """
    return epoch.train.seconds + (epoch.test.seconds if epoch.test else 0.0)


def _training_span(window: Sequence[Epoch]) -> Span:
    seconds = sum(epoch.train.seconds for epoch in window)
    return Span(seconds, seconds, len(window))


def _whole_span(window: Sequence[Epoch]) -> Span:
    """Return the span of several epochs with testing: their sum, or the time from the first start to the last end."""
    both = sum(map(span, window))
    return Span(both, max(both, window[-1].end - window[0].start), len(window))


def _windows(epochs: Sequence[Epoch], count: int) -> Iterator[Sequence[Epoch]]:
    """Yield the runs of `count` epochs; of a long training those that begin with it or a cell, or end with it."""
    last = len(epochs) - count
    starts: Iterable[int] = range(last + 1)
    if last >= MAX_WINDOWS:
        begins = [0, *(i for i in range(1, last) if epochs[i].cell != epochs[i - 1].cell), last]
        starts = [*begins[: MAX_WINDOWS - 1], last]
    for start in starts:
        yield epochs[start : start + count]


def _clocks(trainings: Iterable[Sequence[Epoch]], count: int) -> Clocks:
    """Return the times that right clocks may show of trainings: of epochs, of tests, and of `count` or all epochs."""
    spans = []
    for epochs in trainings:
        spans += _spans(epochs)
        tests = [epoch.test.seconds for epoch in epochs if epoch.test is not None]
        spans += [Span(seconds, seconds) for seconds in tests]
        spans += [Span(sum(tests), sum(tests), len(tests))] if len(tests) > 1 else []
        for size in {count, len(epochs)} - {1}:
            for window in (epochs[:size], epochs[-size:]) if size <= len(epochs) else ():
                spans.append(Span(_training_span(window).low, _whole_span(window).high, size))
    return Clocks(spans)


def _all_clocks(epochs: Sequence[Epoch], others: Iterable[Sequence[Epoch]], count: int) -> Clocks:
    longest = sorted((other for other in others if other), key=len, reverse=True)[:MAX_TRAININGS]
    return _clocks([epochs, *longest], count)


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


def reported(cells: Sequence[CellRun], epochs: Sequence[Epoch]) -> Reported:
    """Return the times that the cells printed, in order, and the series that they form.

    `epochs` are those whose losses and accuracies may be printed too. If a check looks at several trainings, it reads
    the cells once.

    >>> [time.text for time in reported([CellRun(4, "ok", text="Epoch 1 took 12.3 s")], epochs=[]).times]
    ['12.3 s']
    """
    known, left = known_values(epochs), MAX_TEXT
    found: list[PrintedTime] = []
    for cell in cells:
        found += printed_times(_PATH.sub("", cell.text), cell.seconds, known) if left > 0 else ()
        left -= len(cell.text)
    return Reported(found)


def _read(times: Times, epochs: Sequence[Epoch]) -> Reported:
    return times if isinstance(times, Reported) else reported(times, epochs)


# --- each epoch ---------------------------------------------------------------------------------------------------


def epoch_times(
    cells: Times,
    epochs: Sequence[Epoch],
    count: int,
    mean_counts: bool = True,
    others: Sequence[Sequence[Epoch]] = (),
) -> str:
    """Check that the time of each epoch is printed, in any wording and unit, and is the time that it took.

    `cells` are those whose output may hold the times, in order, or what `reported` returned for them; `epochs` the
    recorded epochs of one training; `count` the number that must be reported; `others` the epochs of other trainings,
    whose times may be printed too. An epoch's time may include testing or not. With `mean_counts` an average per epoch
    counts too. Return the number of times and the measured range. Raise Fail: with half the credit for times that count
    from the start of the training, with 0.6 of the share for too few times, else without.

    >>> from grader.evidence.run import LoaderSeen, Pass
    >>> loader = LoaderSeen("loader-1", "MNIST", "train", 60_000, 64, True)
    >>> epochs = [Epoch(Pass(4, loader, start, 12.0, 938, 60_000, complete=True)) for start in (3.0, 15.0)]
    >>> epoch_times([CellRun(4, "ok", text="Epoch 1 took 12.1 s\\nEpoch 2 took 12.0 s")], epochs, count=2)
    '2 times printed for epochs that took 12.0 s'
    """
    if not epochs:
        raise Fail(
            "no epoch was run, so no time could be measured",
            f"the time of each of {count} epochs",
            "Does the loop over the epochs run?",
        )
    count = min(count, len(epochs))
    printed, clocks = _read(cells, epochs), _all_clocks(epochs, others, count)
    wrong: Fail | None = None
    for times, guesses in _series(printed, _spans(epochs), math.ceil(ENOUGH * count), clocks):
        invented = _invented(times, epochs)
        if guesses:
            wrong = wrong or _guessed(times, guesses)
        elif invented:
            wrong = Fail(
                f"{_as_printed(invented)} is printed for every epoch, though they took {_range(epochs)}",
                "each epoch's own time",
                "Take the time before and after each epoch.",
            )
        else:
            return f"{len(times)} times printed for epochs that took {_range(epochs)}"
    if mean_counts and count > 1 and (mean := _mean(printed, epochs, count, others)):
        return f"an average time per epoch is printed ({_as_printed(mean)})"
    raise wrong or _epoch_times_missing(printed, epochs, count, clocks)


def _series(
    printed: Reported, spans: Sequence[Span], enough: int, clocks: Clocks
) -> Iterator[tuple[list[PrintedTime], list[Series]]]:
    """Yield the series that report at least `enough` of these spans in order: their times, and too many guesses beside.

    Nearly all times of such a series fit, or are on a clock. The guesses are () if they are too few to matter.
    """
    mine = Clocks(spans)
    for series in printed.candidates(enough, enough, mine):
        if not few(sum(not (mine.explain(t) or clocks.explain(t)) for t in series.times), len(spans)):
            continue
        pairs = in_order(series.times, spans)
        if len(pairs) >= enough and few(strange(series, pairs, clocks), len(pairs)):
            size = max(2, math.ceil(ENOUGH * min(enough, len(pairs))))
            guesses = printed.guesses(series, min(size, enough), len(spans), clocks)
            yield [series.times[t] for t, _ in pairs], guesses if len(guesses) > GUESSES[series.strength] else []


def _guessed(times: Sequence[PrintedTime], guesses: Sequence[Series]) -> Fail:
    wrong = ", ".join(_as_printed(series.times[0]) for series in guesses[:3])
    return Fail(
        f"{len(guesses)} other times are printed for each epoch that nothing in the run took, such as {wrong}",
        "one time for each epoch, as the clock measured it",
        "Print the times that were measured, and no others.",
    )


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


def _mean_span(epochs: Sequence[Epoch]) -> Span:
    return Span(_training_span(epochs).low / len(epochs), _whole_span(epochs).high / len(epochs))


def _mean(
    printed: Reported, epochs: Sequence[Epoch], count: int, others: Sequence[Sequence[Epoch]]
) -> PrintedTime | None:
    """Return a right average per epoch, if no more than a few others are printed that are those of nothing."""
    averages = [time for time in printed.times if time.average]
    spans = [_mean_span(window) for size in {count, len(epochs)} for window in _windows(epochs, size)]
    clocks = Clocks(spans)
    right = next((time for time in averages if clocks.explain(time) and any(s.fits(time) for s in spans)), None)
    if right is None:
        return None
    spans += [_mean_span(other) for other in others[:MAX_TRAININGS] if other]
    batches = [(each, max(1, epochs[0].train.batches)) for each in spans]
    explained = Clocks([*spans, *(Span(each.low / n, each.high / n) for each, n in batches)])
    wrong = {_magnitude(time) for time in averages if not explained.explain(time)}
    return right if len(wrong) <= MEANS else None


def _magnitude(time: PrintedTime) -> int:
    """Return the same number for times that differ little."""
    return round(5 * math.log2(max(time.readings[0].value, 1e-9)))


def _epoch_times_missing(printed: Reported, epochs: Sequence[Epoch], count: int, clocks: Clocks) -> Fail:
    expected = f"the time of each of {count} epochs" if count > 1 else "the time of the epoch"
    enough = math.ceil(ENOUGH * count)
    if count >= 3 and any(
        not guesses for spans in _from_start(epochs) for _, guesses in _series(printed, spans, enough, clocks)
    ):
        return Fail(
            "the times printed keep growing: they are counted from the start of the training, not of each epoch",
            expected,
            "When must the clock be started to measure one epoch?",
            credit=0.5,
        )
    if some := _some(printed, _spans(epochs), enough, clocks):
        found = "1 time is" if some == 1 else f"{some} times are"
        credit = round(0.6 * some / count, 2)
        return Fail(f"{found} printed for {count} epochs", expected, "Is the time printed in every epoch?", credit)
    said = [time for time in printed.times if not time.weak]
    sums = Clocks(_sums(epochs))
    totals = [time for time in said if sums.explain(time)]
    said = [time for time in said if not sums.explain(time)]
    if said and (len(said) >= count or not totals):
        wrong = _typical(said)
        took = sum(epoch.end - epoch.start for epoch in epochs) / len(epochs)
        several = len(said) > 2 * len(epochs) and any(map(Clocks(_spans(epochs)).explain, said))
        seen = f"of {len(said)} times printed, most are those of nothing in the run, such as {_as_printed(wrong)}"
        return Fail(
            seen if several else f"printed {_as_printed(wrong)} for an epoch that took {_shown(took)}",
            expected,
            "Print what the clock measured, with its unit.",
        )
    hint = "Take the time before and after each epoch, inside the loop, and print it."
    if totals:
        return Fail(
            f"no time per epoch was printed, only {_as_printed(totals[0])} for several together", expected, hint
        )
    return Fail("no time per epoch was printed", expected, hint)


def _from_start(epochs: Sequence[Epoch]) -> Iterator[list[Span]]:
    """Yield the spans that a clock shows which was started once: before the training, or in each cell of it."""
    yield [Span(epoch.train.end - epochs[0].start, epoch.end - epochs[0].start) for epoch in epochs]
    starts: dict[int, float] = {}
    for epoch in epochs:
        starts.setdefault(epoch.cell, epoch.start)
    if len(starts) > 1:
        yield [Span(epoch.train.end - starts[epoch.cell], epoch.end - starts[epoch.cell]) for epoch in epochs]


def _some(printed: Reported, spans: Sequence[Span], enough: int, clocks: Clocks) -> int:
    """Return how many of the spans are reported, by a series in which at most as many times fit nothing."""
    best = 0
    for series in printed.candidates(1, enough, Clocks(spans)):
        pairs = in_order(series.times, spans)
        size = max(1, math.ceil(ENOUGH * len(pairs)))
        if len(pairs) > best and not series.strength and len(pairs) < 2:
            continue  # any number may look like one time
        if len(pairs) > best and strange(series, pairs, clocks) <= len(pairs):
            guesses = printed.guesses(series, size, len(spans), clocks)
            best = len(pairs) if len(guesses) <= GUESSES[series.strength] else best
    return min(best, enough)


def _sums(epochs: Sequence[Epoch]) -> list[Span]:
    """Return the spans of two epochs and more, from the first."""
    found, training, both = [], epochs[0].train.seconds, span(epochs[0])
    for count, epoch in enumerate(epochs[1:], 2):
        training, both = training + epoch.train.seconds, both + span(epoch)
        found.append(Span(training, max(both, epoch.end - epochs[0].start), count))
    return found


def _typical(times: Sequence[PrintedTime]) -> PrintedTime:
    """Return the first time of the most common wording."""
    kinds = Counter(re.sub(r"[\d.,]+", "#", time.line) for time in times)
    common, _ = kinds.most_common(1)[0]
    return next(time for time in times if re.sub(r"[\d.,]+", "#", time.line) == common)


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


def total_time(cells: Times, epochs: Sequence[Epoch], count: int, others: Sequence[Sequence[Epoch]] = ()) -> str:
    """Check that the total time of `count` epochs with testing is printed, in any wording and unit, and is right.

    `cells` are those whose output may hold the time, or what `reported` returned for them; any `count` consecutive
    epochs of the training may be meant. `others` are the epochs of other trainings, whose times may be printed too.
    Return the printed time and the measured one. Raise Fail, with half the credit for a total that leaves out testing,
    if the two can be distinguished, or that is of more epochs.

    Example::

        def total(e: Evidence) -> str:
            return timing.total_time(e.run.cells, epochs, 10)
    """
    expected = f"the total time of {count} epochs with testing"
    if len(epochs) < count:
        ran = "1 epoch was" if len(epochs) == 1 else f"{len(epochs)} epochs were"
        raise Fail(f"{ran} run, not {count}", expected, "How often does the loop over the epochs run?")
    printed, clocks = _read(cells, epochs), _all_clocks(epochs, others, count)
    times, windows = _alone(printed, clocks), list(_windows(epochs, count))
    found = _right_total(times, windows, count) or _half_total(times, windows, epochs, count)
    if found is None:
        raise _total_missing(times, epochs, windows, count, expected)
    time, seen, hint = found
    others_said = _wrong_totals(times, epochs, clocks, time)
    if len(others_said) > TOTALS[_strength(time)]:
        wrong = ", ".join(_as_printed(other) for other in others_said[:3])
        raise Fail(
            f"{len(others_said)} other times are printed that nothing in the run took, such as {wrong}",
            expected,
            "Print the total that was measured, and no others.",
        )
    if hint is None:
        return seen
    raise Fail(seen, expected, hint, credit=0.5)


Found: TypeAlias = tuple[PrintedTime, str, str | None]
"""A total, what to say of it, and a hint if it is not quite right."""


def _strength(time: PrintedTime) -> int:
    return Series((time,), (0,)).strength


def _alone(printed: Reported, clocks: Clocks) -> list[PrintedTime]:
    """Return the times that may be a total: none of a series of more than three that no clock explains."""
    alone = set(range(len(printed.times)))
    for series in printed.series:
        if len(series.at) > 3:
            off = sum(not clocks.explain(time) for time in series.times)
            if not few(off, len(series.at) - off) and not series.grows(clocks):
                alone.difference_update(series.at)
    return [printed.times[number] for number in sorted(alone)]


def _wrong_totals(
    times: Sequence[PrintedTime], epochs: Sequence[Epoch], clocks: Clocks, right: PrintedTime
) -> list[PrintedTime]:
    """Return the times of different wording that are longer than an epoch and those of nothing."""
    epoch, strength, sums = max(s.high for s in _spans(epochs)), _strength(right), Clocks(_sums(epochs))
    growing = {series.times[0].place for series in Reported(times).series if series.grows(sums) or series.grows(clocks)}
    found: dict[tuple[int, str], PrintedTime] = {}
    for time in times:
        off = time.place not in growing and time.place != right.place and not time.wall and not clocks.explain(time)
        if off and _strength(time) >= strength and time.readings[0].value > epoch:
            found.setdefault(time.place, time)
    return list(found.values())


def _among(times: Sequence[PrintedTime], spans: Iterable[Span]) -> list[PrintedTime]:
    """Return the times that may fit one of the spans, and those of %%time."""
    clocks = Clocks(spans)
    return [time for time in times if time.wall or clocks.explain(time)][:MAX_TIMES]


def _right_total(times: Sequence[PrintedTime], windows: Sequence[Sequence[Epoch]], count: int) -> Found | None:
    tested = [window for window in windows if all(epoch.test is not None for epoch in window)]
    near = _among(times, map(_whole_span, tested))
    for window in tested:
        whole, training = _whole_span(window), _training_span(window)
        testing = whole.low - training.low
        slack = min(whole.slack, testing / 2) if testing > whole.slack else whole.slack
        for time in near:
            # %%time measures the whole cell, whatever else it does.
            high = max(whole.high, time.cell_seconds) if time.wall else whole.high
            if time.agrees(whole.low, whole.low, slack) or time.agrees(
                whole.low, high, whole.slack if time.wall else slack
            ):
                said = f"printed {_as_printed(time)}; {count} epochs with testing took {_shown(whole.high)}"
                return time, said, None
    return None


def _half_total(
    times: Sequence[PrintedTime], windows: Sequence[Sequence[Epoch]], epochs: Sequence[Epoch], count: int
) -> Found | None:
    """Return a total that leaves testing out, or that is of more epochs."""
    near = _among(times, map(_training_span, windows))
    for window in windows:
        whole, training = _whole_span(window), _training_span(window)
        time = next((time for time in near if training.fits(time)), None)
        if time is not None:
            seen = f"the total leaves out testing: {_as_printed(time)}, and training alone took {_shown(training.low)}"
            if any(epoch.test is None for epoch in window):
                seen = f"{_as_printed(time)} is printed for {count} epochs, but they were not tested"
            else:
                seen += f", with testing {_shown(whole.high)}"
            return time, seen, "The clock must run while the model is tested, too."
    took = _took(windows)
    for other in range(len(epochs), count, -1) if len(epochs) <= MAX_WINDOWS else (len(epochs),):
        spans = [_whole_span(window) for window in _windows(epochs, other)]
        spans = [whole for whole in spans if abs(whole.high - took) > whole.slack + SLACK_SHARE * took]
        near = [time for time in _among(times, spans) if not time.weak]
        time = next((time for time in near if any(whole.fits(time) for whole in spans)), None)
        if time is not None:
            return time, f"the total printed, {_as_printed(time)}, is that of {other} epochs", ""
    return None


def _took(windows: Sequence[Sequence[Epoch]]) -> float:
    return sum(_whole_span(window).high for window in windows) / len(windows)


def _total_missing(
    times: Sequence[PrintedTime],
    epochs: Sequence[Epoch],
    windows: Sequence[Sequence[Epoch]],
    count: int,
    expected: str,
) -> Fail:
    hint = "Start the clock before the first epoch and stop it after the last test."
    single = Clocks(_spans(epochs))
    rest = [time for time in times if not time.weak and not single.explain(time)]
    if rest:
        largest = max(rest, key=lambda time: time.readings[0].value)
        seen = f"printed {_as_printed(largest)}, while {count} epochs with testing took {_shown(_took(windows))}"
        return Fail(seen, expected, hint)
    return Fail(f"no total time of {count} epochs was printed", expected, hint)
