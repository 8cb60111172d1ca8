"""Check on a printed total: it is the time that several epochs took, with testing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from grader.assignment import Fail
from grader.checks.clocks import SLACK_SHARE, Clocks, Span
from grader.checks.epoch_spans import (
    MAX_WINDOWS,
    all_clocks,
    epoch_spans,
    possible,
    sums,
    training_span,
    whole_span,
    windows,
)
from grader.checks.printed_times import PrintedTime
from grader.checks.reported_times import Times, as_printed, read, shown
from grader.checks.time_series import Reported, Series, few
from grader.evidence.trainings import Epoch

__all__ = ["total_time"]

TOTALS = (4, 3, 2)  # numbers that may be wrong beside a right total
MAX_TIMES = 200


def total_time(cells: Times, epochs: Sequence[Epoch], count: int, others: Sequence[Sequence[Epoch]] = ()) -> str:
    """Check that the total time of `count` epochs with testing is printed, in any wording and unit, and is right.

    `cells` are those whose output may hold the time, or what `reported` returned for them; any `count` consecutive
    epochs of the training may be meant. `others` are the epochs of other trainings, whose times may be printed too.
    Return the printed time and the measured one. Raise Fail, with half the credit for a total that leaves out testing,
    if the two can be distinguished, or that is of more epochs.

    Example::

        def total(e: Evidence) -> str:
            return total_time(e.run.cells, epochs, 10)
    """
    expected = f"the total time of {count} epochs with testing"
    if len(epochs) < count:
        ran = "1 epoch was" if len(epochs) == 1 else f"{len(epochs)} epochs were"
        raise Fail(f"{ran} run, not {count}", expected, "How often does the loop over the epochs run?")
    printed, clocks = read(cells, epochs), all_clocks(epochs, others, count)
    times, runs = _alone(printed, clocks), list(windows(epochs, count))
    found = _right_total(times, runs, count) or _half_total(times, runs, epochs, count)
    if found is None:
        raise _total_missing(printed.negative, times, epochs, runs, count, expected)
    time, seen, hint = found
    others_said = _wrong_totals(times, epochs, clocks, time)
    if len(others_said) > TOTALS[_strength(time)]:
        wrong = ", ".join(as_printed(other) for other in others_said[:3])
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
    epoch, strength, several = max(s.high for s in epoch_spans(epochs)), _strength(right), Clocks(sums(epochs))
    growing = {s.times[0].place for s in Reported(times).series if s.grows(several) or s.grows(clocks)}
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


def _right_total(times: Sequence[PrintedTime], ran: Sequence[Sequence[Epoch]], count: int) -> Found | None:
    tested = [window for window in ran if all(epoch.test is not None for epoch in window)]
    for time in _among(times, map(whole_span, tested)):
        for window in possible(time.cell, tested):
            whole = whole_span(window)
            # %%time measures the whole cell, whatever else it does.
            if whole.fits(time) or (time.wall and time.agrees(whole.low, time.cell_seconds, whole.slack)):
                said = f"printed {as_printed(time)}; {count} epochs with testing took {shown(whole.high)}"
                return time, said, None
    return None


def _half_total(
    times: Sequence[PrintedTime], ran: Sequence[Sequence[Epoch]], epochs: Sequence[Epoch], count: int
) -> Found | None:
    """Return a total that leaves testing out, or that is of more epochs."""
    for time in _among(times, map(training_span, ran)):
        for window in possible(time.cell, ran):
            whole, training = whole_span(window), training_span(window)
            if not training.fits(time):
                continue
            hint = "The clock must run while the model is tested, too."
            seen = f"the total leaves out testing: {as_printed(time)}, and training alone took {shown(training.low)}"
            if any(epoch.test is None for epoch in window):
                seen = f"{as_printed(time)} is printed for {count} epochs, but they were not tested"
            elif (fewer := _fewer(time, training.low, window)) is not None:
                seen = f"the total leaves out testing, or is that of {fewer} epochs: {as_printed(time)}"
                seen += f", and training alone took {shown(training.low)}, with testing {shown(whole.high)}"
                hint = "The clock must run in all epochs, and while the model is tested, too."
            else:
                seen += f", with testing {shown(whole.high)}"
            return time, seen, hint
    took = _took(ran)
    for other in range(len(epochs), count, -1) if len(epochs) <= MAX_WINDOWS else (len(epochs),):
        spans = [whole_span(window) for window in windows(epochs, other)]
        spans = [whole for whole in spans if abs(whole.high - took) > whole.slack + SLACK_SHARE * took]
        near = [time for time in _among(times, spans) if not time.weak]
        longer = next((time for time in near if any(whole.fits(time) for whole in spans)), None)
        if longer is not None:
            return longer, f"the total printed, {as_printed(longer)}, is that of {other} epochs", ""
    return None


def _fewer(time: PrintedTime, alone: float, window: Sequence[Epoch]) -> int | None:
    """Return how many of the epochs, with testing, took the printed time, if it is nearer to theirs than to `alone`.

    `alone` are the seconds of training in all epochs, without testing.
    """
    seconds, step = time.readings[0].value, time.readings[0].step
    for count in range(len(window) - 1, len(window) // 2, -1):
        spans = [whole_span(some) for some in windows(window, count)]
        off = min(max(0.0, span.low - seconds, seconds - span.high) for span in spans)
        if off + step / 2 < abs(seconds - alone):
            return count
    return None


def _took(ran: Sequence[Sequence[Epoch]]) -> float:
    return sum(whole_span(window).high for window in ran) / len(ran)


def _total_missing(
    negative: str,
    times: Sequence[PrintedTime],
    epochs: Sequence[Epoch],
    ran: Sequence[Sequence[Epoch]],
    count: int,
    expected: str,
) -> Fail:
    hint = "Start the clock before the first epoch and stop it after the last test."
    single = Clocks(epoch_spans(epochs))
    rest = [time for time in times if not time.weak and not single.explain(time)]
    if rest:
        largest = max(rest, key=lambda time: time.readings[0].value)
        seen = f"printed {as_printed(largest)}, while {count} epochs with testing took {shown(_took(ran))}"
        return Fail(f"{seen}{_instead(largest, ran)}", expected, hint)
    if negative:
        later = "Which of the two readings of the clock is the later one, and which is subtracted?"
        return Fail(f"a time below 0 is printed: {negative}", expected, later)
    return Fail(f"no total time of {count} epochs was printed", expected, hint)


def _instead(time: PrintedTime, ran: Sequence[Sequence[Epoch]]) -> str:
    """Return, to append to a sentence, what a wrong total measured; '' if nothing explains it."""
    for window in possible(time.cell, ran):
        tests = [epoch.test.seconds for epoch in window if epoch.test is not None]
        if len(tests) == len(window) and time.miss(sum(tests), 1.2 * sum(tests)) == 0:
            return f"; their tests alone took {shown(sum(tests))}"
    seconds = time.cell_seconds
    if time.miss(0.95 * seconds, seconds) == 0:
        return f"; the whole cell, with what follows them, such as a plot, took {shown(seconds)}"
    return ""
