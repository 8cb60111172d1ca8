"""Checks on printed times: the times that a notebook reports agree with those that the recorder measured.

As many times as asked for must be printed, in the order of the epochs. Numbers that fit nothing count against: see
`grader.checks.time_series`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from grader.assignment import Fail
from grader.checks.clocks import Clocks, Span
from grader.checks.epoch_spans import (
    MAX_TRAININGS,
    all_clocks,
    epoch_spans,
    from_start,
    mean_span,
    possible,
    sums,
    windows,
)
from grader.checks.measured import measured, wrong_part
from grader.checks.printed_times import PrintedTime
from grader.checks.reported_times import Times, as_printed, read, seconds_of, shown
from grader.checks.time_series import Reported, Series, few, in_order, strange
from grader.evidence.trainings import Epoch

__all__ = ["epoch_times"]

ENOUGH = 0.8  # of the epochs: a few lost lines cost nothing
GUESSES = (3, 2, 1)  # series that may be wrong beside a right one, by strength: what looks like a time may be none
MAX_RUNS = 40  # of the times of one wording that are tried where the first ones are wrong
MEANS = 2  # different averages that may be wrong beside a right one


def epoch_times(
    cells: Times,
    epochs: Sequence[Epoch],
    count: int,
    mean_counts: bool = True,
    others: Sequence[Sequence[Epoch]] = (),
    tested: bool = False,
) -> str:
    """Check that the time of each epoch is printed, in any wording and unit, and is the time that it took.

    `cells` are those whose output may hold the times, in order, or what `reported` returned for them; `epochs` the
    recorded epochs of one training; `count` the number that must be reported; `others` the epochs of other trainings,
    whose times may be printed too. An epoch's time may include testing or not; with `tested` it must, unless the time
    of each test is printed too. With `mean_counts` an average per epoch counts too. Return the number of times and the
    measured range. Raise Fail: with half the credit for times that leave out testing, or count from the start of the
    training, with 0.6 of the share for too few times, else without.

    >>> from grader.evidence.run import CellRun, LoaderSeen, Pass
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
    printed, clocks = read(cells, epochs), all_clocks(epochs, others, count)
    enough, expected = math.ceil(ENOUGH * count), _expected(count, tested)
    failures: list[Fail] = []
    for series, times, guesses in _series(printed, epoch_spans(epochs), enough, clocks):
        if guesses:
            failures.append(_guessed(times, guesses))
        elif invented := _invented(times, epochs):
            failures.append(
                Fail(
                    f"{as_printed(invented)} is printed for every epoch, though they took {seconds_of(epochs)}",
                    "each epoch's own time",
                    "Take the time before and after each epoch.",
                )
            )
        elif wrong := wrong_part(times, epochs, others, tested, expected):
            if wrong.credit and _tests_printed(printed, epochs, enough):
                return f"{len(times)} times of training printed, and those of the tests beside them"
            runs = _runs(series.times, len(times), epoch_spans(epochs))
            if all(wrong_part(run, epochs, others, tested, expected) for run in runs):
                failures.append(wrong)
                continue
            return f"{len(times)} times printed for epochs that took {seconds_of(epochs)}, among others"
        else:
            return f"{len(times)} times printed for epochs that took {seconds_of(epochs)}"
    if mean_counts and count > 1:
        mean = _mean(printed, epochs, count, others, tested)
        if mean is not None:
            return f"an average time per epoch is printed ({as_printed(mean)})"
        if tested and (mean := _mean(printed, epochs, count, others, tested=False)):
            failures.append(_untested_mean(mean, epochs, expected))
    if failures:
        raise max(failures, key=lambda fail: fail.credit)
    raise _epoch_times_missing(printed, epochs, count, clocks, tested)


def _expected(count: int, tested: bool) -> str:
    together = ", training and testing together" if tested else ""
    return (f"the time of each of {count} epochs" if count > 1 else "the time of the epoch") + together


def _runs(times: Sequence[PrintedTime], count: int, spans: Sequence[Span]) -> Iterator[Sequence[PrintedTime]]:
    """Yield the runs of `count` times in which each may be that of an epoch, if there are more times than that."""
    for first in range(min(MAX_RUNS, len(times) - count + 1) if len(times) > count else 0):
        run = times[first : first + count]
        if len(in_order(run, spans)) == count:
            yield run


def _tests_printed(printed: Reported, epochs: Sequence[Epoch], enough: int) -> bool:
    """Return whether the time of each test is printed."""
    spans = [Span(epoch.test.seconds, epoch.test.seconds) for epoch in epochs if epoch.test is not None]
    for series in printed.candidates(enough, enough, Clocks(spans)):
        pairs = in_order(series.times, spans)
        found = measured([series.times[at] for at, _ in pairs], epochs)
        if series.strength and len(pairs) >= enough and min(found.values(), key=lambda at: at.miss).part == "testing":
            return True
    return False


def _untested_mean(mean: PrintedTime, epochs: Sequence[Epoch], expected: str) -> Fail:
    alone = sum(epoch.train.seconds for epoch in epochs) / len(epochs)
    return Fail(
        f"the average time per epoch leaves out testing: {as_printed(mean)}, and training alone took {shown(alone)}",
        expected,
        "The clock must run while the model is tested, too.",
        credit=0.5,
    )


def _series(
    printed: Reported, spans: Sequence[Span], enough: int, clocks: Clocks
) -> Iterator[tuple[Series, list[PrintedTime], list[Series]]]:
    """Yield the series that report at least `enough` of these spans in order, these times, and too many guesses beside.

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
            yield (
                series,
                [series.times[t] for t, _ in pairs],
                guesses if len(guesses) > GUESSES[series.strength] else [],
            )


def _guessed(times: Sequence[PrintedTime], guesses: Sequence[Series]) -> Fail:
    wrong = ", ".join(as_printed(series.times[0]) for series in guesses[:3])
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
    for window in windows(epochs, len(times)):
        for seconds in ([epoch.train.seconds for epoch in window], [epoch.end - epoch.start for epoch in window]):
            if max(seconds) - min(seconds) <= 3 * step:
                return None
    return times[0]


def _mean(
    printed: Reported, epochs: Sequence[Epoch], count: int, others: Sequence[Sequence[Epoch]], tested: bool
) -> PrintedTime | None:
    """Return a right average per epoch, if no more than a few others are printed that are those of nothing."""
    averages = [time for time in printed.times if time.average]
    runs = [window for size in {count, len(epochs)} for window in windows(epochs, size)]
    clocks = Clocks(mean_span(window, tested) for window in runs)
    right = next(
        (
            time
            for time in averages
            if clocks.explain(time) and any(mean_span(run, tested).fits(time) for run in possible(time.cell, runs))
        ),
        None,
    )
    if right is None:
        return None
    spans = [mean_span(window) for window in (*runs, *(other for other in others[:MAX_TRAININGS] if other))]
    batches = [(each, max(1, epochs[0].train.batches)) for each in spans]
    explained = Clocks([*spans, *(Span(each.low / n, each.high / n) for each, n in batches)])
    wrong = {_magnitude(time) for time in averages if not explained.explain(time)}
    return right if len(wrong) <= MEANS else None


def _magnitude(time: PrintedTime) -> int:
    """Return the same number for times that differ little."""
    return round(5 * math.log2(max(time.readings[0].value, 1e-9)))


def _epoch_times_missing(printed: Reported, epochs: Sequence[Epoch], count: int, clocks: Clocks, tested: bool) -> Fail:
    expected = _expected(count, tested)
    enough = math.ceil(ENOUGH * count)
    if count >= 3 and any(
        not guesses for spans in from_start(epochs) for _, _, guesses in _series(printed, spans, enough, clocks)
    ):
        return Fail(
            "the times printed keep growing: they are counted from the start of the training, not of each epoch",
            expected,
            "When must the clock be started to measure one epoch?",
            credit=0.5,
        )
    if some := _some(printed, epoch_spans(epochs), enough, clocks):
        found = "1 time is" if some == 1 else f"{some} times are"
        credit = round(0.6 * some / count, 2)
        return Fail(f"{found} printed for {count} epochs", expected, "Is the time printed in every epoch?", credit)
    said = [time for time in printed.times if not time.weak]
    several_together = Clocks(sums(epochs))
    totals = [time for time in said if several_together.explain(time)]
    said = [time for time in said if not several_together.explain(time)]
    if said and (len(said) >= count or not totals):
        wrong = _typical(said)
        took = sum(epoch.end - epoch.start for epoch in epochs) / len(epochs)
        several = len(said) > 2 * len(epochs) and any(map(Clocks(epoch_spans(epochs)).explain, said))
        single = f"printed {as_printed(wrong)} for an epoch that took {shown(took)}{_tests(said, epochs)}"
        seen = f"of {len(said)} times printed, most are those of nothing in the run, such as {as_printed(wrong)}"
        return Fail(
            seen if several else single,
            expected,
            "Print what the clock measured, with its unit.",
        )
    if printed.negative:
        return Fail(
            f"a time below 0 is printed: {printed.negative}",
            expected,
            "Which of the two readings of the clock is the later one, and which is subtracted?",
        )
    hint = "Take the time before and after each epoch, inside the loop, and print it."
    if totals:
        return Fail(f"no time per epoch was printed, only {as_printed(totals[0])} for several together", expected, hint)
    return Fail("no time per epoch was printed", expected, hint)


def _tests(times: Sequence[PrintedTime], epochs: Sequence[Epoch]) -> str:
    """Return, to append to a sentence, that times are those of the tests alone; '' if they are not."""
    at = measured(times, epochs).get("testing")
    if at is None or len(times) < 2:
        return ""
    alone = sum(epoch.test.seconds for epoch in at.epochs if epoch.test is not None) / len(at.epochs)
    return f"; its test alone took {shown(alone)}" if at.miss <= alone / 4 else ""


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


def _typical(times: Sequence[PrintedTime]) -> PrintedTime:
    """Return the first time of the most common wording."""
    kinds = Counter(re.sub(r"[\d.,]+", "#", time.line) for time in times)
    common, _ = kinds.most_common(1)[0]
    return next(time for time in times if re.sub(r"[\d.,]+", "#", time.line) == common)
