"""What was measured, and what follows from it: start-up and marginal cost, ratios, tables."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.benchmarks.peers.cases import Case
from tests.benchmarks.peers.identity import Identity
from tests.benchmarks.peers.tools import Way

COUNTS = (10, 100, 1000)
Pick = Callable[[Sequence[float]], float]


@dataclass
class Row:
    """One way of running one tool on one case: seconds of each repeat by number of notebooks; why it has none."""

    case: int
    way: Way
    seconds: dict[int, list[float]] = field(default_factory=dict)
    cpu: dict[int, list[float]] = field(default_factory=dict)
    problem: str = ""

    @property
    def name(self) -> str:
        """As the tables call it."""
        return f"{self.way.tool}, {self.way.words}"

    def line(self, pick: Pick, of: dict[int, list[float]] | None = None) -> tuple[float | None, float]:
        """Start-up (None where there is one number of notebooks only) and seconds for each further notebook."""
        times = {count: pick(found) for count, found in (of or self.seconds).items()}
        few, many = min(times), max(times)
        if few == many:
            return None, times[few] / few
        slope = (times[many] - times[few]) / (many - few)
        return times[few] - few * slope, slope

    def slopes(self) -> list[float]:
        """Seconds for each further notebook, repeat by repeat."""
        return [
            self.line(lambda found, at=repeat: found[at])[1]  # type: ignore[misc]
            for repeat in range(min(map(len, self.seconds.values())))
        ]

    def each(self, count: int) -> float:
        """Seconds a notebook in a class of so many, from the medians."""
        start, slope = self.line(statistics.median)
        return (start or 0.0) / count + slope


@dataclass
class Memory:
    """Peak memory in MiB of everything that ran, by the number of notebooks at a time."""

    case: int
    tool: str
    peaks: dict[int, float]


@dataclass
class Measured:
    """One run of the benchmark. `shares` are (all - student) / student of each notebook by case; `notes` sentences."""

    about: dict[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    classes: dict[str, float] = field(
        default_factory=dict
    )  # 'case count': measured seconds a notebook, grader --jobs 2
    memory: list[Memory] = field(default_factory=list)
    identities: list[Identity] = field(default_factory=list)
    shares: dict[int, list[float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self)

    def of(self, case: int) -> list[Row]:
        """The rows of a case that have times."""
        return [row for row in self.rows if row.case == case and row.seconds and not row.problem]

    def grader(self, case: int, jobs: int) -> Row | None:
        """The row of grader with so many jobs."""
        return next((row for row in self.of(case) if row.way.tool == "grader" and row.way.workers == jobs), None)

    def best(self, case: int) -> Row | None:
        """The fastest of the peers that run as they come."""
        peers = [row for row in self.of(case) if row.way.tool != "grader" and row.way.counts]
        return min(peers, key=lambda row: row.line(statistics.median)[1], default=None)


def ratios(peer: Row, ours: Row) -> tuple[float, float]:
    """How many times ours is as fast as a peer, by what a further notebook takes: of the least times, and the median."""
    both = zip(peer.slopes(), ours.slopes(), strict=False)
    return _over(peer.line(min)[1], ours.line(min)[1]), statistics.median(_over(a, b) for a, b in both)


def _over(a: float, b: float) -> float:
    return a / b if a > 0 and b > 0 else float("nan")


def tables(measured: Measured, cases: Sequence[Case]) -> str:
    """Everything as markdown."""
    parts = ["| | |\n| --- | --- |\n" + "\n".join(f"| {key} | {value} |" for key, value in measured.about.items())]
    parts += [_case(measured, case) for case in cases]
    parts += [_classes(measured, cases), _memory(measured), _identities(measured)]
    if measured.notes:
        parts.append("\n".join(f"- {note}" for note in measured.notes))
    return "\n\n".join(part for part in parts if part)


def _case(measured: Measured, case: Case) -> str:
    ours = measured.grader(case.number, 2)
    lines = [f"### {case.number}. {case.title}\n\nChecked: {case.checked}.\n"]
    lines.append(
        "| | notebooks | start-up, s | s a notebook: least | median | CPU s of the machine | times as long as grader `--jobs 2` |"
    )
    lines.append("| --- | --- | --- | --- | --- | --- | --- |")
    for row in (row for row in measured.rows if row.case == case.number):
        if row.problem or not row.seconds:
            lines.append(f"| {row.name} | | | not measured: {_cell(row.problem)} | | | |")
            continue
        start, slope = row.line(statistics.median)
        sizes = " and ".join(map(str, sorted(row.seconds)))
        times = ratios(row, ours) if ours is not None and ours is not row else None
        against = f"{_shown(times[0])} (least), {_shown(times[1])} (median)" if times else ""
        begin = "in it" if start is None else f"{start:.1f}"
        cpu = row.line(statistics.median, row.cpu)[1]
        lines.append(
            f"| {row.name} | {sizes} | {begin} | {row.line(min)[1]:.2f} | {slope:.2f} | {cpu:.2f} | {against} |"
        )
    lines.append("")
    best = measured.best(case.number)
    if best is not None and ours is not None:
        least, median = ratios(best, ours)
        lines.append(
            f"Throughput with `--jobs 2`, relative to the best peer ({best.name}): **{_shown(median)}** (least times: {_shown(least)}); target: at least {case.goal:g}."
        )
    one = measured.grader(case.number, 1)
    if one is not None and ours is not None:
        pairs = [("grader", one, ours), *_pairs(measured, case.number)]
        said = (
            f"{tool} {_over(a.line(statistics.median)[1], b.line(statistics.median)[1]):.2f}" for tool, a, b in pairs
        )
        lines.append(f"From 1 to 2 at a time: {', '.join(said)} times as fast.")
    if (found := measured.shares.get(case.number)) and case.long:
        lines.append(
            f"All but the student's own cells: {statistics.median(found):.1%} of their time (median of {len(found)}, "
            "`--jobs 2`, without the first two notebooks of a class, which wait for the fork server)."
        )
    return "\n".join(lines)


def _pairs(measured: Measured, case: int) -> list[tuple[str, Row, Row]]:
    """Each peer one at a time and two at a time, with as many threads of torch if it was measured so."""
    rows = measured.of(case)
    found = []
    for two in (row for row in rows if row.way.tool != "grader" and row.way.workers == 2):
        ones = [row for row in rows if row.way.tool == two.way.tool and row.way.workers == 1 and row.way.each]
        if ones:
            found.append((two.way.tool, max(ones, key=lambda row: row.way.threads), two))
    return found


def _shown(times: float) -> str:
    return "lost in noise" if math.isnan(times) else f"{times:.1f}"


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")


def _classes(measured: Measured, cases: Sequence[Case]) -> str:
    if not any(measured.of(case.number) for case in cases if not case.long):
        return ""
    lines = [
        "### Seconds a notebook, by the size of the class\n",
        f"| | {' | '.join(f'{count:,}' for count in COUNTS)} |",
    ]
    lines.append("| --- |" + " --- |" * len(COUNTS))
    for case in (case for case in cases if not case.long):
        for row in measured.of(case.number):
            shown = []
            for count in COUNTS:
                known = (
                    measured.classes.get(f"{case.number} {count}") if row is measured.grader(case.number, 2) else None
                )
                shown.append(f"{row.each(count):.2f}" if known is None else f"{known:.2f} (measured)")
            lines.append(f"| {case.number}. {row.name} | {' | '.join(shown)} |")
    return "\n".join(
        [*lines, "", "Values not marked as measured are computed from the start-up and marginal costs above."]
    )


def _memory(measured: Measured) -> str:
    if not measured.memory:
        return ""
    lines = ["### Memory\n", "Peak of everything that a command starts, shared pages counted once (PSS).\n"]
    lines += ["| | 1 at a time, MiB | 2 at a time, MiB | for the second |", "| --- | --- | --- | --- |"]
    for one in measured.memory:
        first, second = one.peaks.get(1), one.peaks.get(2)
        more = f"{second - first:.0f}" if first and second else ""
        cells = ("" if found is None else f"{found:.0f}" for found in (first, second))
        lines.append(f"| {one.case}. {one.tool} | {' | '.join(cells)} | {more} |")
    return "\n".join(lines)


def _identities(measured: Measured) -> str:
    if not measured.identities:
        return ""
    lines = [
        "### The same losses\n",
        "Recorded losses under grader against plain nbclient's, same seeds, one thread, in hexadecimal:\n",
    ]
    for one in measured.identities:
        same = "bit-identical" if one.holds else f"not the same: {one.first}"
        lines.append(f"- case {one.case}: {one.equal} of {one.count} {same}")
    return "\n".join(lines)
