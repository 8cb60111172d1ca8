"""Plots of made-up trainings: right ones in many styles, and each fault with its own message."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import pytest

from grader.assignment import Fail
from grader.checks.plot_lines import Measured, read_line
from grader.checks.plots import (
    PARTS,
    LossPlot,
    curves_cover,
    curves_labelled,
    curves_log,
    curves_present,
    curves_share_x,
    find_loss_plot,
    quality,
)
from grader.evidence.run import Axes, Figure, Line, LoaderSeen, Pass
from grader.evidence.trainings import Epoch

TRAIN = LoaderSeen("train", "MNIST", "train", 8192, 64, True)
TEST = LoaderSeen("test", "MNIST", "test", 1024, 64, False)


def check_loss_curves(
    figures: Sequence[Figure], epochs: Sequence[Epoch], first: int, last: int, prefer_cells: Collection[int] = ()
) -> str:
    """All five checks in one: present 30 %, epochs 30 %, labels 15 %, log y 10 %, shared x 15 %. Raises Fail."""
    plot = find_loss_plot(figures, epochs, first, last, prefer_cells)
    seen, problems = [], []
    for check, _ in PARTS:
        if check is curves_share_x and (plot.train is None or plot.validation is None):
            continue
        try:
            seen.append(check(plot))
        except Fail as fail:
            problems.append(fail)
    if problems:
        message = "; ".join(problem.seen for problem in problems)
        raise Fail(message, problems[0].expected, problems[0].hint, credit=round(quality(plot), 2))
    return "; ".join(seen)


def make_epochs(count: int, batches: int = 128, seed: int = 0) -> list[Epoch]:
    draw, epochs = random.Random(seed), []
    for e in range(count):
        losses = tuple(
            (0.08 + 2.2 / (1 + 1.1 * (e + b / batches) * 3)) * math.exp(draw.gauss(0, 0.25)) for b in range(batches)
        )
        mean = statistics.fmean(losses)
        train = Pass(5, TRAIN, 10.0 * e, 5, batches, 8192, True, e, losses=losses, steps=batches, mean_loss=mean)
        loss = (0.1 + 1.4 / (1 + 2 * (e + 0.7))) * math.exp(draw.gauss(0, 0.03))
        test = Pass(
            5,
            TEST,
            10.0 * e + 6,
            1,
            16,
            1024,
            True,
            mean_loss=loss,
            sample_loss=loss * 1.003,
            accuracy=0.97 - 0.3 / (e + 1.3),
        )
        epochs.append(Epoch(replace(train, sample_loss=mean * 1.001, accuracy=0.96 - 0.4 / (e + 1.2)), test))
    return epochs


E10, E20 = make_epochs(10), make_epochs(20)


def val(epochs: Sequence[Epoch]) -> list[float]:
    return [e.test.mean_loss for e in epochs if e.test and e.test.mean_loss]


def every(epochs: Sequence[Epoch], k: int, phase: int = 0) -> list[float]:
    return [v for e in epochs for v in e.train.losses[phase::k] if v is not None]


def steps(epochs: Sequence[Epoch], k: int, phase: int = 0) -> list[float]:
    return [float(i * e.train.batches + b + 1) for i, e in enumerate(epochs) for b in range(phase, e.train.batches, k)]


def means(epochs: Sequence[Epoch]) -> list[float]:
    return [statistics.fmean([v for v in e.train.losses if v is not None]) for e in epochs]


def ends(epochs: Sequence[Epoch]) -> list[float]:
    return [float((i + 1) * e.train.batches) for i, e in enumerate(epochs)]


def line(label: str, x: Sequence[float], y: Sequence[float]) -> Line:
    return Line(label, tuple(x), tuple(y))


def plot(
    *lines: Line, yscale: str = "log", legend: bool = True, labels: bool = True, cell: int = 9, **changes: object
) -> Figure:
    entries = tuple(each.label for each in lines) if legend else ()
    axes = Axes(
        "Loss" if labels else "", "step" if labels else "", "loss" if labels else "", "linear", yscale, entries, lines
    )
    return Figure(cell, (replace(axes, **changes),))  # type: ignore[arg-type]


def steps_and_ends(epochs: Sequence[Epoch], k: int = 100) -> tuple[Line, Line]:
    return line("Training loss", steps(epochs, k), every(epochs, k)), line("Validation loss", ends(epochs), val(epochs))


def smoothed(values: Sequence[float], share: float = 0.9) -> list[float]:
    result, current = [], values[0]
    for value in values:
        current = share * current + (1 - share) * value
        result.append(current)
    return result


def windows(epochs: Sequence[Epoch], k: int) -> list[float]:
    return [
        statistics.fmean([v for v in e.train.losses[i : i + k] if v is not None])
        for e in epochs
        for i in range(0, len(e.train.losses) - k + 1, k)
    ]


def running(epochs: Sequence[Epoch], k: int) -> list[float]:
    return [
        statistics.fmean([v for v in e.train.losses[: b + 1] if v])
        for e in epochs
        for b in range(0, len(e.train.losses), k)
    ]


N = range(1, 11)
RIGHT: dict[str, Callable[[list[Epoch]], Figure]] = {
    "steps": lambda es: plot(*steps_and_ends(es)),
    "last of hundred": lambda es: plot(
        line("train", steps(es, 100, 99), every(es, 100, 99)), line("test", ends(es), val(es))
    ),
    "every batch": lambda es: plot(
        line("train", range(1280), every(es, 1)), line("val", range(128, 1281, 128), val(es))
    ),
    "every ten": lambda es: plot(line("train", steps(es, 10), every(es, 10)), line("val", ends(es), val(es))),
    "epoch means": lambda es: plot(line("train loss", N, means(es)), line("val loss", N, val(es))),
    "epochs from 0": lambda es: plot(line("train loss", range(10), means(es)), line("val loss", range(10), val(es))),
    "last batch": lambda es: plot(line("train", N, [e.train.losses[-1] or 0 for e in es]), line("test", N, val(es))),
    "means of the recorded": lambda es: plot(
        line("train", N, [statistics.fmean([e.train.losses[0] or 0, e.train.losses[100] or 0]) for e in es]),
        line("test", N, val(es)),
    ),
    "sample means": lambda es: plot(
        line("train", N, [e.train.sample_loss or 0 for e in es]),
        line("test", N, [e.test.sample_loss or 0 for e in es if e.test]),
    ),
    "smoothed": lambda es: plot(
        line("train", range(1280), smoothed(every(es, 1))), line("val", range(128, 1281, 128), val(es))
    ),
    "windows": lambda es: plot(line("train", range(40), windows(es, 32)), line("val", range(4, 41, 4), val(es))),
    "running means": lambda es: plot(line("train", steps(es, 50), running(es, 50)), line("val", ends(es), val(es))),
    "fractions of epochs": lambda es: plot(
        line("train", [s / 128 for s in steps(es, 10)], every(es, 10)), line("val", N, val(es))
    ),
    "list index": lambda es: plot(line("train", range(20), every(es, 100)), line("val", range(2, 21, 2), val(es))),
    "linspace": lambda es: plot(
        line("train", range(20), every(es, 100)), line("val", [i * 19 / 9 for i in range(10)], val(es))
    ),
    "start of epochs": lambda es: plot(
        line("train", steps(es, 10), every(es, 10)), line("val", range(0, 1280, 128), val(es))
    ),
    "rounded": lambda es: plot(
        line("train", steps(es, 100), [round(v, 4) for v in every(es, 100)]),
        line("val", ends(es), [round(v, 4) for v in val(es)]),
    ),
    "symlog": lambda es: plot(*steps_and_ends(es), yscale="symlog, linear below 0.01"),
    "log10 of values": lambda es: plot(
        line("log10 train loss", N, [math.log10(v) for v in means(es)]),
        line("log10 val loss", N, [math.log10(v) for v in val(es)]),
        yscale="linear",
    ),
    "ln of values": lambda es: plot(
        line("train", steps(es, 100), [math.log(v) for v in every(es, 100)]),
        line("val", ends(es), [math.log(v) for v in val(es)]),
        yscale="linear",
        ylabel="log loss",
    ),
    "with accuracy": lambda es: plot(
        *steps_and_ends(es), line("accuracy", ends(es), [e.test.accuracy or 0 for e in es if e.test])
    ),
    "raw and smoothed": lambda es: plot(*steps_and_ends(es, 1), line("smoothed", range(1280), smoothed(every(es, 1)))),
    "german": lambda es: plot(line("Trainingsverlust", N, means(es)), line("Validierungsverlust", N, val(es))),
    "chinese": lambda es: plot(line("训练损失", N, means(es)), line("验证损失", N, val(es))),
    "unknown names": lambda es: plot(line("aaa", N, means(es)), line("bbb", N, val(es))),
    "a common x label below": lambda es: Figure(
        9,
        (
            plot(*steps_and_ends(es), xlabel="", xlim=(0.0, 1300.0)).axes[0],
            Axes("", "step", "accuracy", "linear", "linear", (), (line("acc", N, [0.9] * 10),), xlim=(0.0, 1300.0)),
        ),
    ),
    "a common y label beside": lambda es: Figure(
        9,
        (
            Axes("", "step", "loss", "linear", "log", (), (line("smooth", N, [0.9] * 10),), ylim=(0.05, 3.0)),
            plot(*steps_and_ends(es), ylabel="", ylim=(0.05, 3.0)).axes[0],
        ),
    ),
    "only axes labels": lambda es: plot(*steps_and_ends(es), title=""),
    "legend by position": lambda es: Figure(
        9,
        (
            Axes(
                "Loss",
                "epoch",
                "loss",
                "linear",
                "log",
                ("train", "validation"),
                (line("", N, means(es)), line("", N, val(es))),
            ),
        ),
    ),
    "colours in the title": lambda es: plot(
        *(line("", N, v) for v in (means(es), val(es))),
        legend=False,
        title="training (blue) and validation (orange) loss",
    ),
    "untrained test first": lambda es: plot(
        line("train", steps(es, 100), every(es, 100)), line("val", [0.0, *ends(es)], [2.31, *val(es)])
    ),
    "validation drawn out": lambda es: plot(
        line("train", range(20), every(es, 100)), line("val", range(20), [v for v in val(es) for _ in range(2)])
    ),
    "scatter": lambda es: plot(*(replace(each, kind="scatter") for each in steps_and_ends(es))),
    "divided by images": lambda es: plot(
        line("train", N, [m / 64 for m in means(es)]), line("val", N, [v / 64 for v in val(es)])
    ),
    "twin axes": lambda es: Figure(
        9,
        (
            Axes(
                "Loss", "epoch", "train loss", "linear", "log", ("train", "val"), (line("train", N, means(es)),), twin=1
            ),
            Axes("", "", "val loss", "linear", "log", ("train", "val"), (line("val", N, val(es)),), twin=0),
        ),
    ),
    "twin with accuracy": lambda es: Figure(
        9,
        (
            Axes(
                "Loss",
                "epoch",
                "loss",
                "linear",
                "log",
                ("train", "val"),
                (line("train", N, means(es)), line("val", N, val(es))),
                twin=1,
            ),
            Axes("", "", "accuracy", "linear", "linear", (), (line("acc", N, [0.9] * 10),), twin=0),
        ),
    ),
    "second of two axes": lambda es: Figure(
        9,
        (
            Axes(
                "Accuracy",
                "epoch",
                "acc",
                "linear",
                "linear",
                (),
                (line("acc", N, [e.test.accuracy or 0 for e in es if e.test]),),
            ),
            plot(*steps_and_ends(es)).axes[0],
        ),
    ),
}


@pytest.mark.parametrize("style", RIGHT.values(), ids=RIGHT.keys())
def test_accepts(style: Callable[[list[Epoch]], Figure]) -> None:
    check_loss_curves([style(E10)], E10, 1, 10)
    # The same figure when the training went on afterwards.
    check_loss_curves([style(E20[:10])], E20, 1, 10)


def test_full_data_with_many_points() -> None:
    epochs = make_epochs(20, batches=938)
    check_loss_curves([plot(*steps_and_ends(epochs))], epochs, 1, 20)
    check_loss_curves([plot(*steps_and_ends(epochs, 1))], epochs, 1, 20)


def test_step_counted_over_epochs() -> None:
    epochs = make_epochs(10, batches=938)
    all_losses = every(epochs, 1)
    x = range(0, len(all_losses), 100)
    train = line("train", x, [all_losses[i] for i in x])
    check_loss_curves([plot(train, line("val", ends(epochs), val(epochs)))], epochs, 1, 10)


def fault(figures: Sequence[Figure], epochs: Sequence[Epoch] = E10, first: int = 1, last: int = 10) -> Fail:
    with pytest.raises(Fail) as caught:
        check_loss_curves(figures, epochs, first, last)
    assert 0 <= caught.value.credit < 1
    return caught.value


def test_no_training_and_no_plot() -> None:
    assert "no training was recorded" in fault([plot(*steps_and_ends(E10))], []).seen
    assert "no curve was plotted" in fault([]).seen
    assert "no curve was plotted" in fault([plot(line("train", [], []))]).seen


def test_invented_values() -> None:
    figure = plot(line("train", N, [2 / i for i in N]), line("val", N, [20 + i for i in N]))
    assert fault([figure]).credit <= 0.5
    random_walk = plot(line("a", N, [5.0 - i / 10 for i in N]), line("b", N, [6.0 - i / 10 for i in N]))
    assert fault([random_walk]).credit == 0
    assert "none of the curves" in fault([random_walk]).seen


def test_losses_that_are_not_numbers_are_called_so() -> None:
    train = replace(line("train", N, [2.0] * len(N)), y=(2.0, *[None] * (len(N) - 1)))
    validation = replace(line("val", N, [2.0] * len(N)), y=(None,) * len(N))
    assert "are nan or infinity" in fault([plot(train, validation)]).seen
    assert "none of the curves" in fault([plot(line("a", N, [6.0 - i / 10 for i in N]), validation)]).seen


def test_curves_cut_to_the_number_of_epochs() -> None:
    train, validation = steps_and_ends(E20)
    cut = replace(train, x=train.x[:20], y=train.y[:20])
    fail = fault([plot(cut, validation)], E20, 1, 20)
    assert (
        fail.seen
        == "the training curve holds 20 points, which cover epochs 1–10, while the validation curve holds 20 points, which cover epochs 1–20"
    )
    assert 0.7 < fail.credit < 0.95


def test_only_the_new_epochs() -> None:
    late = E20[10:]
    figure = plot(line("train", N, means(late)), line("val", N, val(late)))
    assert "cover epochs 11–20" in fault([figure], E20, 1, 20).seen


def test_more_epochs_than_asked() -> None:
    plotted = find_loss_plot([plot(*steps_and_ends(E20))], E20, 1, 10)
    with pytest.raises(Fail, match="the training curve covers epochs 1–20") as caught:
        curves_cover(plotted)
    assert caught.value.credit == 0.7


def test_points_of_an_earlier_training() -> None:
    other = make_epochs(10, seed=5)
    train = line("train", range(40), [*every(other, 100), *every(E10, 100)])
    validation = line("val", range(2, 41, 2), [*val(other), *val(E10)])
    assert "are not of this training" in fault([plot(train, validation)]).seen


@pytest.mark.parametrize("change", [0.0, 1e-7, 1e-5], ids=["not", "hardly", "little"])
def test_losses_that_hardly_move_are_of_the_epochs_that_they_were_recorded_in(change: float) -> None:
    draw, still = random.Random(1), []
    for n, epoch in enumerate(E20):
        losses = tuple(2.302 * (1 - change * (n + draw.random())) for _ in range(16))
        still.append(replace(epoch, train=replace(epoch.train, losses=losses, batches=16)))
    for epochs in (still, still[:10]):
        curve = read_line(line("Training loss", ends(epochs), every(epochs, 16)), Measured.of(still))
        assert curve is not None
        assert curve.epochs == tuple(range(1, len(epochs) + 1))


def test_one_curve_only() -> None:
    train, validation = steps_and_ends(E10)
    assert "the validation loss is not plotted" in fault([plot(train)]).seen
    assert "the training loss is not plotted" in fault([plot(validation)]).seen


def test_two_figures_or_axes() -> None:
    train, validation = steps_and_ends(E10)
    assert "in another figure" in fault([plot(train, cell=9), plot(validation, cell=11)]).seen
    axes = (plot(train).axes[0], plot(validation).axes[0])
    assert "on other axes" in fault([Figure(9, axes)]).seen
    with pytest.raises(Fail) as caught:
        curves_present(find_loss_plot([Figure(9, axes)], E10, 1, 10))
    assert caught.value.credit == 0.5


def test_accuracy_called_loss() -> None:
    train, _ = steps_and_ends(E10)
    accuracy = line("Validation loss", ends(E10), [e.test.accuracy or 0 for e in E10 if e.test])
    assert "'Validation loss' holds the validation accuracy" in fault([plot(train, accuracy)]).seen
    percent = line("test loss", ends(E10), [100 * (e.test.accuracy or 0) for e in E10 if e.test])
    assert "holds the validation accuracy" in fault([plot(train, percent)]).seen


def test_swapped_names() -> None:
    train, validation = steps_and_ends(E10)
    swapped = plot(replace(train, label="Validation"), replace(validation, label="Training"))
    assert "the names are swapped" in fault([swapped]).seen


def test_one_list_under_both_names_costs_nothing_for_the_names() -> None:
    train, validation = steps_and_ends(E10)
    for twice, called, holds in (
        (plot(replace(validation, label="training loss"), validation), "training loss", "validation"),
        (plot(train, replace(train, label="val")), "val", "training"),
        (plot(replace(validation, label="train")), "train", "validation"),
    ):
        assert fault([twice]).seen.startswith(f"the curve '{called}' holds the {holds} losses")
        assert curves_labelled(find_loss_plot([twice], E10, 1, 10))


def test_missing_labels() -> None:
    lines = steps_and_ends(E10)
    for figure, message in (
        (plot(*lines, legend=False), "there is no legend to show"),
        (plot(*(replace(each, label="") for each in lines), legend=False), "there is no legend"),
        (plot(*lines, labels=False), "neither axis has a label"),
        (plot(*lines, xlabel="", ylabel=""), "neither axis has a label, only a title"),
        (plot(*lines, xlabel=""), "the x axis has no label"),
        (plot(*lines, ylabel=" "), "the y axis has no label"),
        (plot(*lines, xlabel="", ylabel="", title="Loss over steps"), "neither axis has a label, only a title"),
        (plot(*(replace(each, label="loss") for each in lines)), "both called 'loss'"),
    ):
        assert message in fault([figure]).seen
        with pytest.raises(Fail) as caught:
            curves_labelled(find_loss_plot([figure], E10, 1, 10))
        assert 0.4 < caught.value.credit <= 0.75


def test_linear_axis() -> None:
    assert "the y axis is linear" in fault([plot(*steps_and_ends(E10), yscale="linear")]).seen
    mixed = plot(*steps_and_ends(E10), yscale="symlog, linear below 5")
    assert "symlog, linear below 5" in fault([mixed]).seen
    fail = fault([plot(*steps_and_ends(E10), yscale="linear", xscale="log")])
    assert "x axis is logarithmic" in fail.hint
    silent = plot(
        line("train", N, [math.log(v) for v in means(E10)]),
        line("val", N, [math.log(v) for v in val(E10)]),
        yscale="linear",
    )
    assert "nothing says so" in fault([silent]).seen


def test_one_of_two_twins_is_linear() -> None:
    figure = RIGHT["twin axes"](E10)
    broken = Figure(9, (figure.axes[0], replace(figure.axes[1], yscale="linear")))
    with pytest.raises(Fail, match="linear"):
        curves_log(find_loss_plot([broken], E10, 1, 10))


@pytest.mark.parametrize(
    ("x_train", "x_val"),
    [
        (range(20), range(10)),
        (steps(E10, 100), N),
        ([i % 128 for i in range(20)], range(0, 1280, 128)),
        ([0.0, 100.0] * 10, ends(E10)),
        ([x + 1280 for x in steps(E10, 100)], ends(E10)),
    ],
)
def test_different_x(x_train: Sequence[float], x_val: Sequence[float]) -> None:
    figure = plot(line("train", x_train, every(E10, 100)), line("val", x_val, val(E10)))
    assert "do not share an x axis" in fault([figure]).seen
    with pytest.raises(Fail):
        curves_share_x(find_loss_plot([figure], E10, 1, 10))


def test_wrongly_averaged_validation_is_one_fault_not_all() -> None:
    train, validation = steps_and_ends(E10)
    draw = random.Random(3)
    odd = replace(validation, y=tuple(y * draw.uniform(0.6, 1.5) for y in validation.y if y))
    plotted = find_loss_plot([plot(train, odd)], E10, 1, 10, other_averages=True)
    with pytest.raises(Fail, match="does not hold the validation losses") as caught:
        curves_present(plotted)
    assert caught.value.credit == 0.6
    assert quality(plotted) == pytest.approx(0.88)
    fail = fault([plot(train, odd)])  # of a test function that is known to record the average
    assert "'Validation loss' holds no losses of this training; it only runs like them" in fail.seen
    assert fail.credit < 0.7


def test_the_best_figure_counts_then_the_questions_cell() -> None:
    good, poor = plot(*steps_and_ends(E10), cell=4), plot(*steps_and_ends(E10), cell=9, yscale="linear")
    assert find_loss_plot([good, poor], E10, 1, 10, {9}).cell == 4
    assert find_loss_plot([good, replace(good, cell=9), replace(good, cell=12)], E10, 1, 10, {9}).cell == 9


def test_gaps_in_a_line() -> None:
    train, validation = steps_and_ends(E10)
    holes = replace(validation, y=(None, *validation.y), x=(0.0, *validation.x))
    check_loss_curves([plot(train, holes)], E10, 1, 10)


def test_untested_training() -> None:
    untested = [replace(epoch, test=None) for epoch in E10]
    train, validation = steps_and_ends(E10)
    assert "validation loss is not plotted" in fault([plot(train)], untested).seen
    assert fault([plot(train, validation)], untested).credit > 0.8


def filled(of: Line, xs: Sequence[float]) -> Line:
    """The line with a point at each of `xs` from its first on, as pandas' interpolate() does it: by the row's number."""
    known = {x: y for x, y in zip(of.x, of.y, strict=True) if x is not None and y is not None}
    rows = [x for x in sorted({*xs, *known}) if min(known) <= x <= max(known)]
    values: list[float] = []
    for x in rows:
        before, after = max(k for k in known if k <= x), min(k for k in known if k >= x)
        a, b = rows.index(before), rows.index(after)
        share = (rows.index(x) - a) / (b - a) if b > a else 0.0
        values.append(known[before] + share * (known[after] - known[before]))
    return line(of.label, rows, values)


@pytest.mark.parametrize("every_batches", [100, 128])
def test_lines_with_their_gaps_filled_in(every_batches: int) -> None:
    train, validation = steps_and_ends(E10, every_batches)
    xs = [x for x in (*train.x, *validation.x) if x is not None]
    assert check_loss_curves([plot(filled(train, xs), filled(validation, xs))], E10, 1, 10)
    wrong = filled(validation, xs)
    wrong = replace(wrong, y=tuple((y or 0) * (1 + 0.1 * (i % 3)) for i, y in enumerate(wrong.y)))
    assert "holds no losses" in fault([plot(train, wrong)]).seen


def test_a_line_of_another_training_is_unknown() -> None:
    other = make_epochs(10, seed=8)
    assert read_line(line("", N, val(other)), Measured.of(E10), "validation") is not None  # plausible, not exact
    found = read_line(line("", steps(other, 100), every(other, 100)), Measured.of(E10))
    assert found is None or not found.exact


def test_nothing_finite() -> None:
    diverged = [replace(e, train=replace(e.train, losses=(None,) * 128, mean_loss=None, sample_loss=None)) for e in E10]
    figure = plot(Line("train", tuple(map(float, N)), (None,) * 10), line("val", N, val(E10)))
    assert isinstance(find_loss_plot([figure], diverged, 1, 10), LossPlot)
