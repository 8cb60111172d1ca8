"""Curves of what functions recorded instead of losses: by the number of the points, and how they run."""

from __future__ import annotations

import random

import pytest

from grader.checks.plot_lines import Curve, Measured
from grader.checks.plot_reading import loss_plots
from grader.checks.plot_recorded import training_as_recorded
from grader.evidence.run import Axes, Figure, Line, LoaderSeen, Pass
from grader.evidence.trainings import Epoch

LOADER = LoaderSeen("loader-1", "MNIST", "train", 938 * 64, 64, True)
DRAWN = random.Random(3)
LOSSES = [[2.3 * 0.5**epoch + DRAWN.uniform(0, 0.4) for _ in range(938)] for epoch in range(4)]
EPOCHS = [Epoch(Pass(4, LOADER, i, i + 1, 938, 60_032, complete=True, losses=tuple(x))) for i, x in enumerate(LOSSES)]
KEPT = [loss for losses in LOSSES for loss in losses[::100]]


def read(values: list[float], label: str = "train loss", intervals: tuple[int, ...] = (100,)) -> Curve | None:
    line = Line(label, x=tuple(map(float, range(len(values)))), y=tuple(values))
    return training_as_recorded(line, Measured.of(EPOCHS), intervals)


@pytest.mark.parametrize("wrong", [lambda loss: 64 * loss, lambda loss: loss**2 - 3, lambda loss: loss + 0.01])
def test_values_that_run_like_the_losses_are_the_curve(wrong) -> None:
    curve = read([wrong(loss) for loss in KEPT])
    assert curve is not None
    assert (curve.role, curve.epochs, curve.exact) == ("train", (1, 2, 3, 4), False)
    assert curve.places[10] == (10.0, 1 + 1 / 938)


def test_a_part_of_the_epochs_is_told_as_that() -> None:
    curve = read([64 * loss for loss in KEPT[:20]])
    assert curve is not None
    assert curve.epochs == (1, 2)


def test_the_interval_may_be_another() -> None:
    every_tenth = [64 * loss for losses in LOSSES for loss in losses[9::10]]
    assert read(every_tenth) is None
    assert read(every_tenth, intervals=(100, 10)) is not None


def test_other_values_are_no_curve() -> None:
    assert read(KEPT[::-1]) is None
    assert read([1.0] * 40) is None
    assert read([64 * loss for loss in KEPT[:17]]) is None
    assert read([64 * loss for loss in KEPT], intervals=()) is None
    assert read([]) is None


def test_only_the_curve_with_the_training_s_name_is_read_so() -> None:
    def plotted(label: str, intervals: tuple[int, ...]) -> Curve | None:
        line = Line(label, x=tuple(map(float, range(40))), y=tuple(loss**2 - 3 for loss in KEPT))
        (plot,) = loss_plots(
            [Figure(5, (Axes("", "step", "loss", "linear", "log", (label,), (line,)),))],
            EPOCHS,
            1,
            4,
            intervals=intervals,
        )
        return plot.train

    assert plotted("training loss", (100,)) is not None
    assert plotted("training loss", ()) is None
    assert plotted("test loss", (100,)) is None
