"""Checks on the axes of a plot of losses: labels and names, a logarithmic y axis, the same x for both curves."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable

from grader.assignment import Fail
from grader.checks.plot_curves import curves_of
from grader.checks.plot_lines import Curve
from grader.checks.plot_names import claim, explains_colours, label_of
from grader.checks.plot_reading import LossPlot
from grader.checks.plot_visibility import readable_legend
from grader.checks.printed_numbers import read_number
from grader.evidence.run import Axes

__all__ = ["curves_labelled", "curves_log", "curves_share_x"]

LOG_SCALES = ("log", "functionlog")
_MIXED = re.compile(r"symlog, linear below (\d\S*)")
SLOPES = 0.2  # relative: how much the width of an epoch in x may differ between the curves
OFFSET = 1.5  # in epochs: how far apart in x the curves may show the same epoch
# Words of the languages in which notebooks are often written; what none of them matches costs nothing.
_LOSS = re.compile(
    r"loss|entrop|verlust|fehler|perte|p[ée]rdida|perdita|perda|strata|потер|kayıp|损失|損失|error|cost", re.I
)
_COUNTS = re.compile(r"\b(?:steps?|epochs?|batch|iterations?|schritte?|epochen?|[ée]poques?|[ée]pocas?|epoche)\b", re.I)
_ACCURACY = re.compile(r"accurac|genauigkeit|exactitud|accuratezza|acur[aá]cia", re.I)
_NO_NAME = re.compile(r"[\W\d_]+")
_LOG = re.compile(r"log|\bln\b|对数|対数", re.IGNORECASE)


def curves_labelled(plot: LossPlot) -> str:
    """Check that both axes have a label, and that a legend, a text or the axes tell which curve is which.

    Labels that cannot be read do not count; a label of other axes of the figure does if they share the axis. Return a
    sentence. Raise Fail, without credit if the names are swapped; the missing label of an axis costs 0.25, a missing
    legend 0.4 or 0.5.

    Example::

        def labelled(e: Evidence) -> str:
            return plots.curves_labelled(plots.find_loss_plot(e.run.figures, epochs, 1, 10))
    """
    expected = "a label on each axis, and a legend that names both curves"
    curves = curves_of(plot)
    labels = {name: label_of(curve.line, plot.axes_of(curve)) for name, curve in curves}
    claims = {name: claim(label) for name, label in labels.items()}
    # A single curve under the other's name is a wrong list: `curves_present` says so.
    if len(curves) > 1 and (claims["training"] == "validation" or claims["validation"] == "train"):
        name = "training" if claims.get("training") == "validation" else "validation"
        raise Fail(
            f"the curve '{labels[name]}' holds the {name} losses: the names are swapped",
            expected,
            "Look at which list belongs to which label.",
        )
    bare = [name for name, labelled in (("x", _x_labelled(plot)), ("y", _y_labelled(plot))) if not labelled]
    problems, credit = [], 1.0 - 0.25 * len(bare)
    if bare:
        titled = ", only a title" if any(axes.title.strip() for axes in plot.axes) else ""
        problems.append(
            f"neither axis has a label{titled}" if len(bare) == 2 else f"the {bare[0]} axis has no label{titled}"
        )
    if told := _wrong_axes(plot):
        problems.append(told)
        credit -= 0.25
    explained = explains_colours(" ".join(f"{axes.title} {axes.xlabel} {axes.ylabel}" for axes in plot.axes))
    own_axes = len(plot.axes) > 1 and all(claim(axes.ylabel) for axes in plot.axes)
    legend = [entry for axes in plot.axes for entry in readable_legend(axes)]
    written = [entry for axes in plot.axes for entry in axes.legend]
    lost = [label for label in labels.values() if label in written and label not in legend]
    if len(curves) > 1 and not explained and not own_axes:
        if lost or (written and not legend):
            problems.append("the legend cannot be read" if not legend else f"the legend's '{lost[0]}' cannot be read")
            credit -= 0.4
        elif not legend:
            problems.append(
                "there is no legend" + (" to show the labels of the curves" if all(labels.values()) else "")
            )
            credit -= 0.4 if all(labels.values()) else 0.5
        elif labels["training"].strip().lower() == labels["validation"].strip().lower():
            what = f"are both called '{labels['training']}'" if labels["training"] else "have no names"
            problems.append(f"the curves {what}")
            credit -= 0.5
        elif all(_NO_NAME.fullmatch(label) for label in labels.values()):
            problems.append(f"the legend's '{labels['training']}' and '{labels['validation']}' name nothing")
            credit -= 0.4
        elif len({entry.strip().lower() for entry in legend}) < 2:
            problems.append(f"the legend names one curve only, '{legend[0]}'")
            credit -= 0.25
    if problems:
        raise Fail(
            " and ".join(problems),
            expected,
            "Could somebody who sees only the figure tell what is drawn?",
            round(credit, 2),
        )
    return "the axes are labelled, the curves named" if len(curves) > 1 else "the axes are labelled"


def _wrong_axes(plot: LossPlot) -> str:
    """Return in words that the labels of the axes name something else than what is drawn; '' if they do not."""
    across, up = (" ".join(getattr(axes, name) for axes in plot.axes) for name in ("xlabel", "ylabel"))
    if _ACCURACY.search(up) and not _LOSS.search(up):
        return f"the y axis is called '{up.strip()}', and losses are drawn"
    if _LOSS.search(across) and not _COUNTS.search(across) and _COUNTS.search(up) and not _LOSS.search(up):
        return f"the x axis is called '{across.strip()}' and the y axis '{up.strip()}', the wrong way round"
    return ""


def _x_labelled(plot: LossPlot) -> bool:
    """Return whether the x axis has a label, maybe that of axes below it that share it."""
    own = {axes.xlim for axes in plot.axes if axes.xlim is not None}
    shared = [axes for axes in plot.beside if axes.xlim in own]
    return any(axes.xlabel.strip() for axes in (*plot.axes, *shared))


def _y_labelled(plot: LossPlot) -> bool:
    """Return whether the y axis has a label, maybe that of axes beside it that share it."""
    own = {axes.ylim for axes in plot.axes if axes.ylim is not None}
    shared = [axes for axes in plot.beside if axes.ylim in own]
    return any(axes.ylabel.strip() for axes in (*plot.axes, *shared))


def curves_log(plot: LossPlot) -> str:
    """Check that the y axis is logarithmic, or that logarithms of the losses are plotted and a label says so.

    Return a sentence. Raise Fail, with half the credit for logarithms that nothing names.

    Example::

        def log(e: Evidence) -> str:
            return plots.curves_log(plots.find_loss_plot(e.run.figures, epochs, 1, 10))
    """
    expected = "a logarithmic y axis"
    curves = [curve for _, curve in curves_of(plot)]
    shown = [plot.axes_of(curve) for curve in curves] or list(plot.axes)
    logged = any(curve.logged for curve in curves)
    linear = [axes for curve in curves if not _is_log(axes := plot.axes_of(curve)) and not curve.logged]
    linear += [] if curves else [axes for axes in shown if not _is_log(axes)]
    if linear:
        hint = (
            "The x axis is logarithmic, the y axis is not."
            if linear[0].xscale in LOG_SCALES
            else "Scales belong to axes."
        )
        raise Fail(f"the y axis is {linear[0].yscale}", expected, hint)
    if logged:
        words = " ".join(
            f"{a.title} {a.ylabel} {' '.join(a.legend)} {' '.join(line.label for line in a.lines)}" for a in shown
        )
        if not _LOG.search(words):
            raise Fail(
                "logarithms of the losses are plotted, and nothing says so", expected, "Say it in a label.", credit=0.5
            )
        return "logarithms of the losses are plotted"
    return "the y axis is logarithmic"


def _is_log(axes: Axes) -> bool:
    """Return whether the y axis is logarithmic: a symlog axis is if half of the points are in its logarithmic part."""
    mixed = _MIXED.fullmatch(axes.yscale)
    if mixed is None:
        return axes.yscale in LOG_SCALES
    heights = [y for line in axes.lines for y in line.y if y is not None]
    linear_below = read_number(mixed[1])
    return linear_below is not None and 2 * sum(y >= linear_below for y in heights) >= len(heights)


def curves_share_x(plot: LossPlot) -> str:
    """Check that both curves show the same epoch at the same x.

    Return a sentence, also if there are too few points to compare. Raise Fail, with 0.3 of the credit if the curves are
    only shifted or the x of one does not grow with the epochs.

    Example::

        def share_x(e: Evidence) -> str:
            return plots.curves_share_x(plots.find_loss_plot(e.run.figures, epochs, 1, 10))
    """
    if plot.train is None or plot.validation is None:
        raise Fail(
            "there are no two curves to compare", "both curves over the same x axis", "Draw both losses on one axes."
        )
    train_fit, fit = _fit(plot.train), _fit(plot.validation)
    if train_fit is None or fit is None:
        return "too few points to compare"
    (train_slope, train_at), (slope, at) = train_fit, fit
    expected = "the same x for the same epoch"
    seen = "the two curves do not share an x axis"
    hint = "Give both curves their steps or their epochs as x."
    if train_slope <= 0 or slope <= 0:
        name = "training" if train_slope <= 0 else "validation"
        raise Fail(f"{seen}: the x of the {name} curve does not grow with the epochs", expected, hint, credit=0.3)
    ratio = train_slope / slope
    low = max(min(p for _, p in c.places) for c in (plot.train, plot.validation))
    high = min(max(p for _, p in c.places) for c in (plot.train, plot.validation))
    offsets = [abs(train_at(p) - at(p)) / max(train_slope, slope) for p in (low, max(low, high))]
    if not 1 - SLOPES <= ratio <= 1 / (1 - SLOPES):
        raise Fail(
            f"{seen}: an epoch is {train_slope:.3g} wide for the training loss and {slope:.3g} for the validation loss",
            expected,
            hint,
        )
    if max(offsets) > OFFSET:
        raise Fail(f"{seen}: they lie {max(offsets):.1f} epochs apart", expected, hint, credit=0.3)
    return "both curves show the same epoch at the same x"


def _fit(curve: Curve) -> tuple[float, Callable[[float], float]] | None:
    """Return the width of an epoch in x, and x as a function of the position; None if all points have one position."""
    places = [(x, position) for x, position in curve.places if x is not None]
    if len({position for _, position in places}) < 2:
        return None
    fit = statistics.linear_regression([position for _, position in places], [x for x, _ in places])
    return fit.slope, lambda position: fit.intercept + fit.slope * position
