"""Plots that nobody can see, names on the wrong curves, and invented values earn nothing; their neighbours lose nothing."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from grader.assignment import Fail
from grader.checks.plots import curves_cover, curves_labelled, curves_present, find_loss_plot, quality
from grader.evidence.run import Figure, Line
from tests.checks.test_plots import E10, E20, N, ends, every, line, means, plot, smoothed, steps, steps_and_ends, val

pytestmark = pytest.mark.attack
Losses = Sequence[float]


def seen(of: Line, drawn: int = 900, visible: int = 900, hidden: Sequence[tuple[int, int]] = ()) -> Line:
    return replace(of, drawn=drawn, seen=visible, hidden=tuple(hidden))


def present(figure: Figure, last: int = 10) -> Fail | None:
    try:
        curves_present(find_loss_plot([figure], E20 if last == 20 else E10, 1, last))
    except Fail as fail:
        return fail
    return None


def test_curves_that_cannot_be_seen_are_not_plotted() -> None:
    train, validation = steps_and_ends(E10)
    both = present(plot(seen(train, 0, 0), seen(validation, 900, 3)))  # transparent; covered
    assert both is not None
    assert (both.credit, both.seen) == (0, "the losses are plotted, but nothing can be seen of them")
    one = present(plot(seen(train), seen(validation, 0, 0)))
    assert one is not None
    assert one.credit == 0.4
    assert "the validation loss is too, but nothing can be seen of it" in one.seen


def test_nonsense_over_invisible_truth_is_judged() -> None:
    train, validation = steps_and_ends(E10)
    nonsense = line("Validation loss", ends(E10), [3.0 + i for i in N])
    fail = present(plot(seen(train), seen(validation, 900, 0), seen(nonsense)))
    assert fail is not None
    assert fail.credit == 0.4


def test_curves_that_hide_one_another_in_part_or_were_not_looked_at_are_seen() -> None:
    train, validation = steps_and_ends(E10)
    for figure in (plot(train, validation), plot(seen(train, 900, 200), seen(validation, 800, 60))):
        assert quality(find_loss_plot([figure], E10, 1, 10)) == 1


def test_an_invisible_copy_costs_nothing() -> None:
    train, validation = steps_and_ends(E10)
    assert present(plot(seen(train), seen(validation), seen(train, 0, 0), seen(validation, 0, 0))) is None


def shown(hidden_train: tuple[int, int], hidden_val: tuple[int, int], **limits: tuple[float, float]) -> Figure:
    train, validation = steps_and_ends(E10)
    lines = (seen(train, hidden=[hidden_train]), seen(validation, hidden=[hidden_val]))
    return plot(*lines, **limits)


def test_only_the_epochs_within_the_limits_count() -> None:
    half = find_loss_plot([shown((11, 20), (5, 10), xlim=(0, 640), ylim=(0.01, 10))], E10, 1, 10)
    with pytest.raises(Fail, match="of which the plot shows only 11, which cover epochs 1–6") as caught:
        curves_cover(half)
    assert caught.value.credit < 0.4
    covered = find_loss_plot([shown((11, 20), (5, 10), xlim=(0, 1300), ylim=(0.01, 10))], E10, 1, 10)
    with pytest.raises(Fail, match="plot shows only 5, which cover epochs 1–5"):
        curves_cover(covered)


def test_limits_that_cut_few_points_or_the_first_high_losses_cost_nothing() -> None:
    for figure in (
        shown((0, 1), (0, 0), xlim=(64, 1300), ylim=(0.01, 10)),
        shown((0, 6), (0, 3), xlim=(0, 1300), ylim=(0.01, 0.2)),
    ):
        assert "both curves cover" in curves_cover(find_loss_plot([figure], E10, 1, 10))


def test_a_legend_that_cannot_be_read_names_nothing() -> None:
    for flags, words in (((False, False), "the legend cannot be read"), ((True, False), "'Validation loss' cannot be")):
        with pytest.raises(Fail, match=words) as caught:
            curves_labelled(find_loss_plot([plot(*steps_and_ends(E10), legend_seen=flags)], E10, 1, 10))
        assert caught.value.credit == pytest.approx(0.6)
    assert curves_labelled(find_loss_plot([plot(*steps_and_ends(E10), legend_seen=(True, True))], E10, 1, 10))


@pytest.mark.parametrize("names", [("", ""), ("a", "b"), ("Training loss", "Validation loss")])
def test_wanted_names_on_other_curves(names: tuple[str, str]) -> None:
    """The third case: the truth has names that only the code knows, because the legend shows the other lines'."""
    train, validation = (replace(each, label=name) for each, name in zip(steps_and_ends(E10), names, strict=True))
    bogus = [line("train loss", N, [5.0 / i for i in N]), line("val loss", N, [9.0 / i for i in N])]
    (axes,) = plot(train, validation, *bogus).axes
    fail = present(Figure(9, (replace(axes, legend=("train loss", "val loss")),)))
    assert fail is not None
    assert fail.credit == 0
    assert "the curve called 'val loss' holds no losses of this training" in fail.seen


def test_further_lines_under_other_names_cost_nothing() -> None:
    train, validation = (replace(each, label="") for each in steps_and_ends(E10, 1))
    for extra in (
        line("train loss (smoothed)", range(1280), smoothed(every(E10, 1))),
        line("training loss, trend", N, [2 / i for i in N]),
        line("train accuracy", N, [0.9 + i / 200 for i in N]),
    ):
        assert present(plot(train, validation, extra)) is None


def invented(wobble: float) -> Callable[[Losses], list[float]]:
    draw = random.Random(7)
    return lambda values: [value * draw.uniform(1 - wobble, 1 + wobble) for value in values]


def fitted(values: Losses) -> list[float]:
    return [values[0] * (values[-1] / values[0]) ** (i / (len(values) - 1)) for i in range(len(values))]


def test_invented_values_that_run_like_the_losses() -> None:
    for change in (invented(0.05), invented(0.02), fitted):
        figure = plot(line("train loss", N, change(means(E10))), line("validation loss", N, change(val(E10))))
        fail = present(figure)
        assert fail is not None
        assert fail.credit == 0
        assert quality(find_loss_plot([figure], E10, 1, 10)) == 0


def test_one_invented_curve_and_one_of_batches() -> None:
    train, validation = steps_and_ends(E10)
    y = [v for v in train.y if v is not None]
    for figure in (
        plot(replace(train, y=tuple(fitted(means(E10))[i // 2] for i in range(len(y)))), validation),
        plot(train, replace(validation, y=tuple(invented(0.05)(val(E10))))),
    ):
        fail = present(figure)
        assert fail is not None
        assert fail.credit == 0.4
        assert "holds no losses of this training" in fail.seen


def window(values: Losses, k: int, before: int = -1) -> list[float]:
    before = k - 1 if before < 0 else before
    return [statistics.fmean(values[max(0, i - before) : i + k - before]) for i in range(len(values))]


HONEST: dict[str, Callable[[], Sequence[float]]] = {
    "rounded to two digits": lambda: [round(v, 2) for v in means(E10)],
    "float16": lambda: [v * (1 + 4e-4 * (-1) ** i) for i, v in enumerate(means(E10))],
    "last ten batches": lambda: [statistics.fmean([v for v in e.train.losses[-10:] if v]) for e in E10],
    "median": lambda: [statistics.median([v for v in e.train.losses if v]) for e in E10],
    "mean so far": lambda: [statistics.fmean(every(E10[: i + 1], 1)) for i in range(10)],
    "rolling mean": lambda: window(every(E10, 100), 5),
    "centred mean": lambda: window(every(E10, 100), 9, 4),
    "rolling over batches": lambda: window(every(E10, 1), 50),
    "exponential": lambda: smoothed(every(E10, 10), 0.7),
    "with a penalty": lambda: [v + 0.02 for v in every(E10, 10)],
    "sums over the batch": lambda: [64 * v for v in every(E10, 100)],
}


@pytest.mark.parametrize("way", HONEST)
def test_aggregates_of_the_record_are_losses(way: str) -> None:
    values = HONEST[way]()
    x = [(i + 1) * 10 / len(values) for i in range(len(values))]
    assert present(plot(line("train loss", x, values), line("validation loss", N, val(E10)))) is None


def test_losses_of_an_evaluation_on_the_training_data_are_losses() -> None:
    epochs = [replace(e, train=replace(e.train, model="model-1")) for e in E10]
    evaluated = [
        replace(
            e.train, start=e.train.end + 0.1, steps=0, losses=(), mean_loss=0.9 * (e.train.mean_loss or 0) + 0.01 * i
        )
        for i, e in enumerate(epochs)
    ]
    values = [p.mean_loss or math.nan for p in evaluated]
    figure = plot(line("train loss", N, values), line("val loss", N, val(E10)))
    assert curves_present(find_loss_plot([figure], epochs, 1, 10, passes=evaluated))
    with pytest.raises(Fail):
        curves_present(find_loss_plot([figure], epochs, 1, 10))


def test_smoothed_validation_and_truth_by_step() -> None:
    figure = plot(line("train", steps(E10, 10), every(E10, 10)), line("val", ends(E10), smoothed(val(E10), 0.6)))
    assert present(figure) is None
