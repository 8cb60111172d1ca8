"""Checks on plots of the losses: both curves, over the wanted epochs, labelled, logarithmic, over the same x.

`find_loss_plot` picks the plot, the checks judge it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from grader.assignment import Fail
from grader.checks.plot_axes import curves_labelled, curves_log, curves_share_x
from grader.checks.plot_curves import curves_cover, curves_present, shows_no_numbers
from grader.checks.plot_reading import LossPlot, loss_plots
from grader.evidence.run import Figure, Pass
from grader.evidence.trainings import Epoch

__all__ = [
    "LossPlot",
    "best_plot",
    "curves_cover",
    "curves_labelled",
    "curves_log",
    "curves_present",
    "curves_share_x",
    "find_loss_plot",
    "loss_plots",
    "quality",
    "shows_no_numbers",
]


_TRAIN_FIRST = "Does the training run, in a cell above the plot?"


def find_loss_plot(
    figures: Sequence[Figure],
    epochs: Sequence[Epoch],
    first: int,
    last: int,
    prefer_cells: Collection[int] = (),
    passes: Sequence[Pass] = (),
    other_averages: bool = False,
    charged: bool = False,
    intervals: Sequence[int] = (),
) -> LossPlot:
    """Return the plot that best shows the losses of epochs `first` to `last` (counted from 1) of one training.

    `figures` are those of the run, `epochs` all recorded epochs of that training. Of equally good plots one in the
    cells `prefer_cells` is taken, then the last. `passes` are those of the run, which may hold further evaluations of
    the model. With `other_averages` a validation curve may hold something else than the measured losses, because the
    notebook is known, or not known not, to record something else; it must still run like them. With `charged` it does
    record something else, which cost points already: a curve that may be what it recorded is the validation curve.
    `intervals` are given if the same is known of the training losses: numbers of batches for which one value may be
    recorded, the likeliest first. The curve named after the training may then hold values that run like the losses.
    Raise Fail if nothing was trained or nothing was plotted.

    Example::

        plot = plots.find_loss_plot(e.run.figures, training.epochs, 1, 10, e.sections["q2"].cells)
    """
    asked = f"a plot of the training and validation loss of epochs {first} to {last}"
    if not epochs:
        raise Fail("no training was recorded, so there are no losses that a plot could show", asked, _TRAIN_FIRST)
    if not any(line.y for figure in figures for axes in figure.axes for line in axes.lines):
        raise Fail("no curve was plotted", asked, "Is the figure drawn in a cell that runs?")
    return best_plot(loss_plots(figures, epochs, first, last, passes, other_averages, charged, intervals), prefer_cells)


def best_plot(plots: Sequence[LossPlot], prefer_cells: Collection[int] = ()) -> LossPlot:
    """Return the best of at least one plot; of equally good ones one in the cells `prefer_cells`, then the last.

    Example::

        best = plots.best_plot([plot for plot in shown if plot.cell in section.cells])
    """
    best = max(enumerate(plots), key=lambda item: (quality(item[1]), item[1].cell in prefer_cells, item[0]))[1]
    return _with_elsewhere(best, plots)


def quality(plot: LossPlot) -> float:
    """Return the share of the five checks that a plot passes, 0 to 1, weighted as in `PARTS`; 0 without a loss curve.

    Example::

        best = max(found, key=plots.quality)
    """
    total = 0.0
    if plot.train is None and plot.validation is None:
        return total
    for check, share in PARTS:
        try:
            check(plot)
            total += share
        except Fail as fail:
            total += share * fail.credit
    return round(total, 6)


def _with_elsewhere(plot: LossPlot, plots: Sequence[LossPlot]) -> LossPlot:
    """Return the plot with `elsewhere` set if another plot shows the curve that it lacks."""
    if (plot.train is None) == (plot.validation is None):
        return plot
    for other in plots:
        if (plot.train is None and other.train) or (plot.validation is None and other.validation):
            name = "training" if plot.train is None else "validation"
            where = "on other axes" if other.cell == plot.cell else "in another figure"
            return replace(plot, elsewhere=f"the {name} loss is plotted {where}")
    return plot


PARTS: tuple[tuple[Callable[[LossPlot], str], float], ...] = (
    (curves_present, 0.3),
    (curves_cover, 0.3),
    (curves_labelled, 0.15),
    (curves_log, 0.1),
    (curves_share_x, 0.15),
)
