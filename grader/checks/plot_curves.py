"""Checks on the curves of a plot of losses: both are there, and over the wanted epochs."""

from __future__ import annotations

import re

from grader.assignment import Fail
from grader.checks.plot_lines import Curve
from grader.checks.plot_names import claim, label_of, shown_name
from grader.checks.plot_reading import LossPlot, share
from grader.evidence.run import Line

__all__ = ["curves_cover", "curves_of", "curves_present", "shows_no_numbers"]

_LOSS = re.compile(
    r"loss|verlust|perte|pérdida|perdita|perda|izgub|strat|ztrát|потер|损失|損失|손실|error|cost|entropy", re.IGNORECASE
)
_NO_LOSS = re.compile(
    r"acc|genau|präc|exact|точн|准确|精度|smooth|mean|average|avg|moving|rolling|ema\b|trend|glatt|glätt|mittel|moyen|liss"
    r"|media|平滑|平均|ideal|expected|reference|baseline|target",
    re.IGNORECASE,
)


def curves_present(plot: LossPlot) -> str:
    """Check that the training and the validation loss are plotted on the same axes.

    Values decide which curve is which, not labels. Return the number of points of both. Raise Fail: with 0.6 of the
    credit if the values of the validation curve cannot be compared with those that were measured, with half if the
    other curve is on other axes, with 0.4 if it is missing, cannot be seen or another one bears its name, without if
    that is so for both.

    Example::

        def present(e: Evidence) -> str:
            return plots.curves_present(plots.find_loss_plot(e.run.figures, epochs, 1, 10))
    """
    expected = "the training and the validation loss on the same axes"
    if plot.train is not None and plot.validation is not None:
        doubtful = [c for c in (plot.train, plot.validation) if c.alike]
        if doubtful:
            raise Fail(
                "the curve called validation does not hold the validation losses that were measured",
                expected,
                "What does the test function record: the average over all test batches?",
                credit=0.6,
            )
        if posing := [said for name, curve in curves_of(plot) if (said := _posing(plot, name, curve))]:
            hint = "Which values does the curve with this name hold?"
            raise Fail("; ".join(posing), expected, hint, credit=0.4 if len(posing) == 1 else 0.0)
        return f"{plot.train.points} points of the training loss, {plot.validation.points} of the validation loss"
    if plot.train is None and plot.validation is None:
        if accuracy := _accuracy_as_loss(plot):
            raise Fail(accuracy, expected, "Look at what is passed to the plot.")
        if shows_no_numbers(plot):
            raise Fail(
                "most values of the curves are nan or infinity, which a plot cannot show",
                expected,
                "The plot shows what was recorded: look at why the losses stop being numbers.",
            )
        if plot.invisible:
            raise Fail("the losses are plotted, but nothing can be seen of them", expected, _LOOK)
        raise Fail(
            "none of the curves plotted holds losses of this training"
            + ("; they only run like them" if plot.alike else ""),
            expected,
            "Plot the losses that the training recorded.",
        )
    missing, there = ("training", "validation") if plot.train is None else ("validation", "training")
    if accuracy := _accuracy_as_loss(plot):
        raise Fail(accuracy, expected, "Look at what is passed to the plot.", credit=0.4)
    if any(curve.role == missing.replace("training", "train") for curve in plot.invisible):
        seen = f"the {there} loss is plotted; the {missing} loss is too, but nothing can be seen of it"
        raise Fail(seen, expected, _LOOK, credit=0.4)
    if plot.elsewhere:
        raise Fail(
            f"the axes show only the {there} loss; {plot.elsewhere}", expected, "Draw both on one axes.", credit=0.5
        )
    called = [
        label_of(line, axes) for axes in plot.axes for line in axes.lines if any(line is o for o, _ in plot.others)
    ]
    wrong = next((label for label in called if claim(label)), "")
    if not wrong and (again := _again(plot, missing)):
        raise Fail(f"the curve '{again}' holds the {there} losses", expected, _EACH, credit=0.4)
    seen = f"the curve '{wrong}' holds no losses of this training" if wrong else f"the {missing} loss is not plotted"
    seen += "; it only runs like them" if wrong and plot.alike else ""
    raise Fail(f"the {there} loss is plotted; {seen}", expected, _EACH, credit=0.4)


def _again(plot: LossPlot, missing: str) -> str:
    """Return the name of a line that is called the missing loss and holds the values of the other one, '' if none."""
    role = missing.replace("training", "train")
    for _, curve in curves_of(plot):
        for axes in plot.axes:
            for line in axes.lines:
                label = label_of(line, axes)
                if line.y == curve.line.y and claim(label) == role:
                    return label
    return ""


_EACH = "Which list holds the other loss, and is it drawn on these axes?"
_SPAN = "How much of each list is plotted, and from how many epochs are its values?"
_LOOK = (
    "Look at the figure: are the curves transparent, without width, of the colour of what is behind them, outside of "
    "the limits of the axes, or covered by something else?"
)


def _posing(plot: LossPlot, name: str, curve: Curve) -> str:
    """Return what is wrong if the legend gives a loss's name to a line that is not it and the loss has no name."""
    role = curve.role
    if claim(shown_name(curve.line, plot.axes_of(curve))) == role:
        return ""
    for axes in plot.axes:
        for line in axes.lines:
            label = shown_name(line, axes)
            other = any(line is found and not what for found, what in plot.others)
            if other and claim(label) == role and not _NO_LOSS.search(label):
                return f"the curve called '{label}' holds no losses of this training, and the {name} loss has no name"
    return ""


def _is_empty(line: Line) -> bool:
    """Return whether most of the values are nan or infinite."""
    return sum(value is None for value in line.y) > len(line.y) / 2


def shows_no_numbers(plot: LossPlot) -> bool:
    """Return whether the plot has lines, and most values of each are nan or infinite, as of a training that overflowed.

    >>> from grader.evidence.run import Axes
    >>> lines = (Line("train loss", x=(1.0, 2.0), y=(None, None)),)
    >>> shows_no_numbers(LossPlot((Axes("", "epoch", "loss", "linear", "log", (), lines),), None, None, 1, 10))
    True
    """
    lines = [line for axes in plot.axes for line in axes.lines]
    return bool(lines) and all(_is_empty(line) for line in lines)


def _accuracy_as_loss(plot: LossPlot) -> str:
    for axes in plot.axes:
        for line in axes.lines:
            role = next((role for other, role in plot.others if other is line), "")
            label = label_of(line, axes)
            called_loss = _LOSS.search(f"{label} {axes.ylabel} {axes.title}") and "acc" not in label.lower()
            if role.endswith("accuracy") and called_loss:
                return f"the curve '{label or axes.ylabel or axes.title}' holds the {role}, not the loss"
    return ""


def curves_of(plot: LossPlot) -> list[tuple[str, Curve]]:
    """Return the loss curves of a plot with their names, the training loss first.

    >>> curves_of(LossPlot((), None, None, 1, 10))
    []
    """
    pairs = (("training", plot.train), ("validation", plot.validation))
    return [(name, curve) for name, curve in pairs if curve is not None]


def curves_cover(plot: LossPlot) -> str:
    """Check that both curves show all the wanted epochs, and only those.

    Return the epochs. Raise Fail: with 0.6 of the shorter curve's share of the epochs, with half the share of a single
    curve, with 0.6 for points of another training and 0.7 for more epochs.

    Example::

        def cover(e: Evidence) -> str:
            return plots.curves_cover(plots.find_loss_plot(e.run.figures, epochs, 1, 10))
    """
    curves = curves_of(plot)
    expected = f"both curves over epochs {plot.first} to {plot.last}"
    if not curves:
        raise Fail("there is no loss curve", expected, "Which lists are plotted?")
    shares = [share(curve, plot.first, plot.last) for _, curve in curves]
    if len(curves) == 1:
        name, curve = curves[0]
        raise Fail(
            f"only the {name} curve is plotted; it covers {_covered(curve)}", expected, _EACH, round(shares[0] / 2, 2)
        )
    if min(shares) < 1:
        parts = [_held(name, curve) for name, curve in curves]
        seen = (", while " if max(shares) == 1 and len(parts) > 1 else ", and ").join(parts)
        hint = "How many values does each list get in an epoch?" if min(shares) < max(shares) else _SPAN
        if any(curve.unseen for _, curve in curves):
            hint = "Look at the limits of the axes, and at what lies over the curves."
        raise Fail(seen, expected, hint, credit=round(0.6 * min(shares), 2))
    for name, curve in curves:
        if curve.stray > max(1, 0.1 * curve.points):
            seen = f"{curve.stray} of the {curve.points} points of the {name} curve are not of this training"
            raise Fail(seen, expected, "Were the lists emptied before this training began?", credit=0.6)
        if curve.epochs[-1] > plot.last or curve.epochs[0] < plot.first:
            raise Fail(f"the {name} curve covers {_covered(curve)}", expected, _SPAN, credit=0.7)
    return f"both curves cover epochs {plot.first} to {plot.last}"


def _held(name: str, curve: Curve) -> str:
    points, covered = curve.points, _covered(curve)
    if not curve.unseen:
        return f"the {name} curve holds {points} points, which cover {covered}"
    seen = points - curve.unseen
    return f"the {name} curve holds {points} points, of which the plot shows only {seen}, which cover {covered}"


def _covered(curve: Curve) -> str:
    epochs = curve.epochs
    if not epochs:
        return "no epoch"
    if len(epochs) == 1:
        return f"epoch {epochs[0]}"
    if len(epochs) == epochs[-1] - epochs[0] + 1:
        return f"epochs {epochs[0]}–{epochs[-1]}"
    return f"{len(epochs)} of the epochs {epochs[0]}–{epochs[-1]}"
