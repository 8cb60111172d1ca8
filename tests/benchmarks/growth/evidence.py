"""Evidence that grows in one way each: `EVIDENCE[name](n)` judges one with `n` of its parts, without a kernel."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console

from grader.assignment import Fail
from grader.checks import plots
from grader.checks.flops import Cost, counts_printed
from grader.checks.printed_times import printed_times
from grader.checks.reported_times import reported
from grader.checks.stored_times import StoredCell, stored_times
from grader.evidence.run import Axes, CellRun, Figure, Line, LoaderSeen, ModelSeen, Pass, Profile, RunEvidence
from grader.evidence.trainings import Epoch, assemble
from grader.reports.html import html
from grader.reports.terminal import print_report
from grader.result import CheckResult, CheckStatus, ItemResult, Result, Submitted

_LOADER = LoaderSeen("loader-1", "MNIST", "train", 256, 64, True)
_WORDS = ("after", "before", "while", "until", "during", "since", "then", "next", "later", "again")


def _pass(start: int, model: str | None = None) -> Pass:
    losses = tuple(2.3 / (1 + 4 * start + j) for j in range(4))
    return Pass(4, _LOADER, float(start), 1.0, 4, 256, complete=True, steps=4, losses=losses, model=model)


def _epochs(n: int) -> list[Epoch]:
    return [Epoch(_pass(i)) for i in range(n)]


def _line(label: str, at: int, points: int = 40) -> Line:
    return Line(label, tuple(map(float, range(points))), tuple(1.0 + (7 * x + at) % 13 for x in range(points)))


def _plot(figures: Sequence[Figure], epochs: Sequence[Epoch]) -> None:
    with contextlib.suppress(Fail):
        plots.quality(plots.find_loss_plot(figures, epochs, 1, min(10, len(epochs))))


def _figure(lines: Sequence[Line], legend: Sequence[str] = ()) -> Figure:
    return Figure(5, (Axes("", "epoch", "loss", "linear", "log", legend=tuple(legend), lines=tuple(lines)),))


def _counted(text: str) -> None:
    profile = Profile(46, "MLP", None, "cpu", ((1, 1, 28, 28),), macs=109_184, parameters=109_386)
    with contextlib.suppress(Fail):
        counts_printed([CellRun(46, "ok", text=text)], [profile], [Cost("MLP", 109_184, 109_386)])


def _assembled(models: int, passes: int) -> None:
    seen = {f"m{i}": ModelSeen(f"m{i}", "MLP", ((10, 784), (10,)), ("Linear",), 7850) for i in range(models)}
    assemble(RunEvidence(models=seen, passes=tuple(_pass(i, f"m{i % models}") for i in range(passes))))


def _reported(n: int) -> None:
    kinds: tuple[CheckStatus, ...] = ("fail", "skipped", "pass", "partial")
    checks = tuple(CheckResult(f"q2.{i}", kinds[i % 4], 0.0, 1.0, f"the loss {i} is wrong") for i in range(n))
    item = ItemResult("q2", "Training", 0.0, float(n), "fail", checks)
    result = Result("reference", Submitted("a.ipynb", ""), 0.0, float(n), "graded", (item,))
    print_report(result, Console(file=io.StringIO()))
    html(result)


EVIDENCE: Mapping[str, Callable[[int], object]] = {
    "printed times": lambda n: printed_times("\n".join(f"Epoch {i} took {i % 7 + 1}.5 s" for i in range(n))),
    "printed times in one line": lambda n: printed_times(" ".join(f"{i % 7}.25 s" for i in range(n))),
    "printed progress bars": lambda n: printed_times(
        "\n".join(f"Epoch {i}: 100%|####| 12/12 [00:12<00:00, 10it/s, loss={i}]" for i in range(n))
    ),
    "printed lines of other words": lambda n: printed_times(
        "\n".join(f"{_WORDS[i % 10]} {_WORDS[i // 10 % 10]} {i}: {i % 7}.5 s" for i in range(n))
    ),
    "cells with times": lambda n: reported([CellRun(i, "ok", text=f"Epoch {i} took {i}.5 s") for i in range(n)], []),
    "stored times": lambda n: stored_times(
        [StoredCell(1, "\n".join(f"Model {'abcd'[i % 4] * (i // 4 % 50)} took {i}.5 s" for i in range(n)))], (), n
    ),
    "stored cells": lambda n: stored_times([StoredCell(i, f"Epoch 1 took {i} s") for i in range(n)], (), n),
    "counts in lines": lambda n: _counted(
        "\n".join(f"{_WORDS[i % 10]} MACs {109_184 if i % 2 else i} params {i}" for i in range(n))
    ),
    "counts in one line": lambda n: _counted("MACs (M): " + " ".join(f"{i}.5" for i in range(n))),
    "lines of a plot": lambda n: _plot([_figure([_line(f"l{i}", i) for i in range(n // 32)])], _epochs(10)),
    "lines with a legend": lambda n: _plot(
        [_figure([_line("", i) for i in range(n // 32)], [f"l{i}" for i in range(n // 32)])], _epochs(10)
    ),
    "figures": lambda n: _plot(
        [_figure([_line("train", i), _line("test", i + 1)]) for i in range(n // 64)], _epochs(10)
    ),
    "points of a line": lambda n: _plot([_figure([_line("train", 0, n), _line("test", 1, n)])], _epochs(10)),
    "epochs": lambda n: _plot([_figure([_line("train", 0), _line("test", 1)])], _epochs(n)),
    "models": lambda n: _assembled(n, n),
    "checks in a report": _reported,
    "passes": lambda n: _assembled(2, n),
}
