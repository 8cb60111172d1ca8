"""Show the results of a class as one self-contained HTML page: no scripts, no network, bounded in size."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from grader.formatting import one_line, render_html
from grader.language import tr
from grader.reports.charts import Tick, short, ticks_between
from grader.reports.class_summary import BINS, KINDS, ClassSummary, Member, Success
from grader.reports.terminal import MARKS

if TYPE_CHECKING:
    from grader.reports.class_summary import Fault, Waiting

MOST_LISTED = 20  # submissions behind a fault, or that wait for a person in one item
MOST_ROWS = 600  # of the table of all submissions
LIST_BYTES, TABLE_BYTES = 6_000, 300_000  # of the links in a list, which long names fill
NAME_CHARS, TEXT_CHARS = 60, 300
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 236, 44, 22, 22, 56  # of a histogram
TIME_BINS = 12

_UNSAFE = re.compile(r"[^\w./()@+-]")


@dataclass(frozen=True)
class Bar:
    """A bar of a histogram, in the picture's units; `label` says what it stands for, `count` how many."""

    x: float
    y: float
    width: float
    height: float
    count: int
    label: str


@dataclass(frozen=True)
class Histogram:
    """A histogram as it is drawn, and what it shows in words for those who cannot see it."""

    title: str
    xlabel: str
    words: str
    bars: tuple[Bar, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


@dataclass(frozen=True)
class Part:
    """A part of a bar that is 100 wide: how many submissions are of this kind."""

    kind: str
    x: float
    width: float
    count: int


@dataclass(frozen=True)
class Listed:
    """Some members of a list, and the number of those for which there is no room."""

    members: tuple[Member, ...]
    more: int


def class_html(summary: ClassSummary, *, assignment: str, as_of: str = "", some: bool = False) -> str:
    """Return the page of a class. All text that came from a submission is escaped.

    `as_of` is the time of the latest result, `some` says that `summary` holds only a selection of the class.
    """
    late = sum(one.late for one in summary.members)
    return render_html(
        "class.html",
        assignment=assignment,
        as_of=as_of,
        some=some,
        summary=summary,
        late=late,
        table=listed(summary.members, MOST_ROWS, TABLE_BYTES),
        listed=_in_list,
        scores=scores_histogram(summary) if any(summary.bins) else None,
        times=times_histogram(summary.times.seconds) if len(summary.times.seconds) > 1 else None,
        parts=parts,
        counts=count_words,
        kinds=KINDS,
        words=kind_words(),
        marks={status: mark for status, (mark, _) in MARKS.items()},
        duration=duration,
        name=_name,
        cut=_cut,
    )


def kind_words() -> dict[str, str]:
    """Return each kind of verdict in a word."""
    return {
        "pass": tr("right"),
        "partial": tr("partly right"),
        "fail": tr("wrong"),
        "review": tr("waiting"),
        "not_graded": tr("not graded"),
    }


def address(folder: str, submission: str) -> str:
    """Return the address of a submission's report for a page; `folder` is the class's, relative to the page.

    >>> address("", "Jane Doe/hw: 1")
    './Jane%20Doe/hw%3A%201/report.html'
    """
    path = f"{folder}/{submission}" if folder else f"./{submission}"
    return _UNSAFE.sub(lambda found: quote(found[0].encode("utf-8", "replace"), safe=""), f"{path}/report.html")


def listed(members: Sequence[Member], most: int, most_bytes: int) -> Listed:
    """Return the first members, at most `most`, whose names and links take at most `most_bytes`."""
    shown: list[Member] = []
    for one in members[:most]:
        most_bytes -= len(one.link.encode("utf-8", "replace")) + 2 * NAME_CHARS
        if most_bytes < 0 and shown:
            break
        shown.append(one)
    return Listed(tuple(shown), len(members) - len(shown))


def _in_list(group: Fault | Waiting) -> Listed:
    return listed(group.members, MOST_LISTED, LIST_BYTES)


def _name(member: Member) -> str:
    return _cut(member.name, NAME_CHARS)


def _cut(text: str, most: int = TEXT_CHARS) -> str:
    text = one_line(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def duration(seconds: float) -> str:
    """Return a duration in words.

    >>> [duration(seconds) for seconds in (0.44, 75, 200, 8000)]
    ['0.4 s', '75 s', '3 min 20 s', '2 h 13 min']
    """
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


# --- bars --------------------------------------------------------------------------------------------------------


def parts(success: Success) -> tuple[Part, ...]:
    """Return the parts of the bar of an item or a check, without empty ones."""
    found, at = [], 0.0
    for kind in KINDS:
        width = 100 * success.counts[kind] / (success.all or 1)
        if width:
            found.append(Part(kind, round(at, 2), round(width, 2), success.counts[kind]))
        at += width
    return tuple(found)


def count_words(success: Success) -> str:
    """Return the numbers of an item or a check in words.

    >>> count_words(Success("q1", "", {"pass": 3, "partial": 0, "fail": 1, "review": 0, "not_graded": 0}, 75.0))
    '3 right, 1 wrong; 75 % of the points'
    """
    words = kind_words()
    counts = ", ".join(f"{success.counts[kind]} {words[kind]}" for kind in KINDS if success.counts[kind])
    if success.percent is None:
        return counts
    return tr("{counts}; {percent} % of the points", counts=counts, percent=f"{success.percent:.0f}")


# --- histograms --------------------------------------------------------------------------------------------------


def scores_histogram(summary: ClassSummary) -> Histogram:
    """Return the distribution of the points."""
    step = 100 // BINS
    labels = [tr("{low} to {high} %", low=n * step, high=(n + 1) * step) for n in range(BINS)]
    ticks = [(n * step, f"{n * step}") for n in range(BINS + 1)]
    xlabel = tr("percent of the points that are decided")
    return _histogram(tr("Distribution of the points"), xlabel, summary.bins, labels, ticks, 100)


def times_histogram(seconds: Iterable[float]) -> Histogram:
    """Return the distribution of the seconds that gradings took, in bins of a round width."""
    known = [one for one in seconds if math.isfinite(one)]
    longest = max(known, default=0.0) or 1.0
    step = next(
        step
        for step in (factor * 10.0**power for power in range(-3, 12) for factor in (1, 2, 5))
        if step * TIME_BINS >= longest
    )
    bins = [0] * (int(longest / step) + 1)
    for one in known:
        bins[max(0, int(one / step))] += 1
    labels = [tr("{low} to {high} s", low=short(n * step), high=short((n + 1) * step)) for n in range(len(bins))]
    most = len(bins) * step
    ticks = ticks_between(0.0, most)
    return _histogram(tr("Time that the grading of a submission took"), tr("seconds"), bins, labels, ticks, most)


def _histogram(
    title: str,
    xlabel: str,
    bins: Sequence[int],
    labels: Sequence[str],
    ticks: Iterable[tuple[float, str]],
    most: float,
) -> Histogram:
    """Lay out bins that divide the range from 0 to `most` evenly."""
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    width = (right - LEFT) / len(bins)
    highest = max(*bins, 1)
    up = (bottom - TOP) / (highest * 1.05)
    bars = tuple(
        Bar(round(left, 1), round(bottom - count * up, 1), round(width - 4, 1), round(count * up, 1), count, label)
        for left, count, label in zip((LEFT + n * width + 2 for n in range(len(bins))), bins, labels, strict=True)
        if count
    )
    words = "; ".join(f"{label}: {count}" for count, label in zip(bins, labels, strict=True) if count)
    counts = [(value, label) for value, label in ticks_between(0.0, highest) if value == int(value)]
    return Histogram(
        title,
        xlabel,
        f"{title}: {words}",
        bars,
        tuple(Tick(round(LEFT + value / most * (right - LEFT), 1), label) for value, label in ticks),
        tuple(Tick(round(bottom - value * up, 1), label) for value, label in counts),
    )
