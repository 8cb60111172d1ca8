"""Checks on the plots of Questions 2 and 3. A figure answers the question in whose section it was drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

from grader.assignment import Check, Evidence, Fail
from grader.checks import plots
from grader.evidence.trainings import Epoch
from reference.checks.before import (
    counts_steps_wrongly,
    other_criterion,
    overflowed,
    test_records,
    wrong_record_intervals,
)
from reference.checks.epochs import cpu_trainings, first_trainings, second_training, trained
from reference.checks.sections import BROKE, code_under, name_of, not_started, section_cells, written
from reference.checks.tested_images import WHICH_LOADER, tested_on_training_images
from reference.checks.trouble import because, new_models

Wanted: TypeAlias = tuple[Sequence[Epoch], int, int]
"""The epochs of a training, and the first and the last that a plot must show, from 1."""

OTHER = {"q2": "q3", "q3": "q2"}
MOST_TRAININGS = 10  # whose plots are looked for, the likeliest answers
NO_FIGURE = "Is the figure drawn in a cell that runs?"
TENSORS_PLOTTED = "What do the lists hold that are plotted: numbers, or tensors that remember a computation?"


def q2_plot(e: Evidence) -> plots.LossPlot:
    """Return the plot that shows the first ten epochs of a training best. Raises Fail when there is none."""
    return _answer(e, "q2", [(training.epochs, 1, 10) for training in first_trainings(e)[:MOST_TRAININGS]])


def q3_plot(e: Evidence) -> plots.LossPlot:
    """Return the plot that shows twenty epochs best. Raises Fail when there is none.

    They are the first twenty of a training, or the last twenty, in case the lists were started again; all there are if
    the first ten were never trained, which costs points in Question 2.
    """
    epochs = second_training(e).epochs
    if len(epochs) < 20:
        return _answer(e, "q3", [(epochs, 1, len(epochs))])
    wanted: list[Wanted] = [(t.epochs, 1, 20) for t in cpu_trainings(e) if len(t.epochs) >= 20]
    if len(epochs) > 20:
        wanted.append((epochs, len(epochs) - 19, len(epochs)))
    return _answer(e, "q3", wanted)


def _answer(e: Evidence, item: str, wanted: Sequence[Wanted]) -> plots.LossPlot:
    """Return the plot that shows one of the wanted ranges of epochs best, of those that may answer this question.

    A plot below the other question's heading answers that question. It counts here only if it shows exactly the epochs
    that are wanted here and is not that question's answer, or if there is no code below this question's heading, or no
    heading, so that both may have been answered in one place. So does a plot in any other place if this question's own
    cell broke or was not started. Raises Fail when there is no plot.
    """
    shown = [plot for epochs, first, last in wanted for plot in _plots(e, epochs, first, last)]
    mine = set(section_cells(e, item))
    if not any(line.y for plot in shown for axes in plot.axes for line in axes.lines):
        return plots.find_loss_plot((), *wanted[0], mine)  # it raises the Fail that says so
    theirs = set(section_cells(e, OTHER[item])) - mine
    broke = any(run.status in BROKE for run in e.run.cells if run.index in mine)
    skipped = not_started(e, item)
    if not (written(e, item) or broke or skipped):
        return plots.best_plot(shown, mine)
    drawn_there = [plot for plot in _plots(e, wanted[0][0], 1, 10 if item == "q3" else 20) if plot.cell in theirs]
    taken = plots.best_plot(drawn_there) if drawn_there else None
    usable = [
        plot
        for plot in shown
        if plot.cell in mine
        or (plot.cell not in theirs and not (broke or skipped))
        or (_covers(plot) and not (plot.cell in theirs and taken is not None and plot.axes == taken.axes))
    ]
    if not usable:
        answers = f"what is plotted under '{name_of(OTHER[item])}' answers that question"
        other = answers if taken is not None else "what is plotted elsewhere does not show just what is asked here"
        raise Fail(
            skipped or f"no curve was plotted under '{name_of(item)}'; {other}",
            f"a figure of its own for {name_of(item)}",
            NO_FIGURE,
        )
    return plots.best_plot(usable, mine)


def _covers(plot: plots.LossPlot) -> bool:
    """Return whether a plot shows both losses over the wanted epochs, and only those."""
    try:
        plots.curves_cover(plot)
    except Fail:
        return False
    return True


def _plots(e: Evidence, epochs: Sequence[Epoch], first: int, last: int) -> tuple[plots.LossPlot, ...]:
    records = test_records(e)
    if other_criterion(epochs):  # the tests use it too, and record what it gives
        records = "wrong"
    return plots.loss_plots(
        e.run.figures,
        epochs,
        first,
        last,
        e.run.passes,
        records != "right",
        charged=records == "wrong",
        intervals=wrong_record_intervals(e),
    )


_OVER_TRAINING = "the curve of the validation loss holds losses on the training images: the tests go over their loader"


def plot_checks(
    item: str, plot: Callable[[Evidence], plots.LossPlot], points: Sequence[float], needs: str
) -> tuple[Check, ...]:
    """Return the checks on a plot of losses, with these points: curves, epochs, labels, log scale, common x axis."""

    def excused(e: Evidence, fail: Fail) -> str:
        """Return why a plot without numbers costs nothing. Raises the failure if it must cost something."""
        shown = plot(e)
        why = overflowed(e, trained(e, item, "mlp", "cpu", shown.last)) if plots.shows_no_numbers(shown) else ""
        if not why:
            raise fail from None
        return f"{fail.seen}; this rests on {why}, which cost points before, so it costs nothing here"

    def present(e: Evidence) -> str:
        """The training and the validation loss are plotted on the same axes."""
        try:
            said = plots.curves_present(plot(e))
            if tested_on_training_images(e, item):
                raise Fail(_OVER_TRAINING, "the validation loss is that of the test images", WHICH_LOADER, credit=0.4)
            return said
        except Fail as fail:
            with suppress(Fail):
                return excused(e, fail)
            if fail.credit > 0:
                raise
            if skipped := not_started(e, item):
                raise Fail(skipped, fail.expected, f"Begin below '{name_of(item)}'.") from None
            told = because(e, fail, code_under(e, item) or section_cells(e, item))
            told.hint = TENSORS_PLOTTED if "requires grad" in told.seen else told.hint
            raise told from None

    def cover(e: Evidence) -> str:
        """Both curves show all the epochs asked for, and only those."""
        try:
            return plots.curves_cover(plot(e))
        except Fail as fail:
            made, hint = new_models(e, "mlp", "cpu", trained(e, item, "mlp", "cpu", 10).cells)
            if not made:
                return excused(e, fail)
            raise Fail(f"{made}; {fail.seen}", fail.expected, hint, fail.credit) from None

    def labelled(e: Evidence) -> str:
        """Both axes have a label, and a legend tells which curve is which."""
        return plots.curves_labelled(plot(e))

    def log(e: Evidence) -> str:
        """The y axis is logarithmic."""
        return plots.curves_log(plot(e))

    def share_x(e: Evidence) -> str:
        """Both curves lie on the same x axis: an epoch is at the same place on both."""
        try:
            return plots.curves_share_x(plot(e))
        except Fail as fail:
            if counts_steps_wrongly(e):
                return f"{fail.seen}; this rests on the steps of the training function, which cost points before"
            return excused(e, fail)

    exists = f"{item}.curves"
    return (
        Check(exists, points[0], present, (needs,)),
        Check(f"{item}.epochs", points[1], cover, (exists,)),
        Check(f"{item}.labels", points[2], labelled, (exists,)),
        Check(f"{item}.log", points[3], log, (exists,)),
        Check(f"{item}.x_axis", points[4], share_x, (exists,)),
    )
