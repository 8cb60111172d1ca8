"""Read the figures of a run: the axes that show losses, and the curves on them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from grader.checks.plot_lines import Curve, Measured, read_line
from grader.checks.plot_names import claim, label_of
from grader.checks.plot_recorded import training_as_recorded, validation_as_recorded
from grader.checks.plot_visibility import is_visible, unseen_points
from grader.evidence.run import Axes, Figure, Line, Pass
from grader.evidence.trainings import Epoch

__all__ = ["LossPlot", "loss_plots", "share"]


@dataclass(frozen=True)
class LossPlot:
    """The axes that show the losses best, one or two at the same place, and the curves found on them.

    `train` and `validation` are the loss curves, None if missing; `first` and `last` the wanted epochs, from 1.
    `others` are the remaining lines, each with what it shows ('train accuracy' or 'validation accuracy') or ''; `alike`
    are those of them that run like losses of this training and hold none of them. `invisible` are loss curves of which
    a reader sees nothing. `elsewhere` says where a missing curve is. `cell` is the index of the figure's cell,
    `beside` are its other axes.

    Example::

        plot = plots.find_loss_plot(e.run.figures, epochs, 1, 10)
        plot.train.epochs  # (1, 2, …, 10)
    """

    axes: tuple[Axes, ...]
    train: Curve | None
    validation: Curve | None
    first: int
    last: int
    others: tuple[tuple[Line, str], ...] = ()
    elsewhere: str = ""
    cell: int = -1
    alike: tuple[Curve, ...] = ()
    invisible: tuple[Curve, ...] = ()
    beside: tuple[Axes, ...] = ()

    def axes_of(self, curve: Curve) -> Axes:
        """Return the axes that a curve lies on."""
        return next(axes for axes in self.axes if any(line is curve.line for line in axes.lines))


def loss_plots(
    figures: Sequence[Figure],
    epochs: Sequence[Epoch],
    first: int,
    last: int,
    passes: Sequence[Pass] = (),
    other_averages: bool = False,
    charged: bool = False,
    intervals: Sequence[int] = (),
) -> tuple[LossPlot, ...]:
    """Return what each axes of the figures shows of epochs `first` to `last` (from 1) of one training, in order.

    The arguments are those of `grader.checks.plots.find_loss_plot`. Axes at the same place are one plot.

    Example::

        shown = plots.loss_plots(e.run.figures, training.epochs, 1, 10)
    """
    recorded = last - first + 1 if charged else 0
    instead = _OtherRecords(recorded, tuple(intervals))
    found = _read_all(tuple(figures), tuple(epochs), tuple(passes), other_averages, instead)
    return tuple(read.plot(first, last) for read in found)


@dataclass(frozen=True)
class _OtherRecords:
    """The values that the notebook's functions are known to record in place of losses.

    `tests` is the number of values that the test function records in the wanted epochs, 0 if they are losses. The
    training function records one value in so many batches as one of `intervals` says; () if the values are losses.
    """

    tests: int
    intervals: tuple[int, ...]


@dataclass(frozen=True)
class _Read:
    """The lines of a plot: loss curves, lines that are none, those that only run like them, and hidden ones."""

    cell: int
    axes: tuple[Axes, ...]
    beside: tuple[Axes, ...]
    curves: tuple[Curve, ...]
    others: tuple[tuple[Line, str], ...]
    alike: tuple[Curve, ...]
    invisible: tuple[Curve, ...]

    def plot(self, first: int, last: int) -> LossPlot:
        """Return the plot with the training and the validation curve that show most of these epochs."""

        def best(role: str) -> Curve | None:
            of_role = [curve for curve in self.curves if curve.role == role]
            return max(of_role, key=lambda c: (share(c, first, last), c.exact, -c.stray), default=None)

        found = (best("train"), best("validation"))
        return LossPlot(
            self.axes,
            *found,
            first,
            last,
            self.others,
            cell=self.cell,
            alike=self.alike,
            invisible=self.invisible,
            beside=self.beside,
        )


@functools.lru_cache(maxsize=32)  # each of the checks asks for the plots again
def _read_all(
    figures: tuple[Figure, ...],
    epochs: tuple[Epoch, ...],
    passes: tuple[Pass, ...],
    other_averages: bool,
    instead: _OtherRecords,
) -> tuple[_Read, ...]:
    """Return the lines of all plots."""
    measured = Measured.of(epochs, passes)
    unsure = other_averages or not measured.tested
    return tuple(_read(figure, group, measured, unsure, instead) for figure in figures for group in _together(figure))


def _together(figure: Figure) -> list[tuple[Axes, ...]]:
    """Return the figure's axes, those at the same place (twins) together."""
    groups: list[tuple[Axes, ...]] = []
    for index, axes in enumerate(figure.axes):
        if axes.twin is not None and 0 <= axes.twin < len(figure.axes):
            if axes.twin > index:
                groups.append((axes, figure.axes[axes.twin]))
            elif figure.axes[axes.twin].twin != index:
                groups.append((figure.axes[axes.twin], axes))
        else:
            groups.append((axes,))
    return groups


def _read(figure: Figure, group: tuple[Axes, ...], measured: Measured, unsure: bool, instead: _OtherRecords) -> _Read:
    curves: list[Curve] = []
    alike: list[Curve] = []
    invisible: list[Curve] = []
    others: list[tuple[Line, str]] = []
    for axes in group:
        for line in axes.lines:
            claims = claim(label_of(line, axes))
            curve = read_line(line, measured, claims)
            if curve is None or curve.alike:
                curve = _as_recorded(line, measured, claims, instead) or curve
            if curve is None or curve.role not in ("train", "validation"):
                others += [(line, curve.role if curve else "")] if is_visible(line) else []
            elif not is_visible(line):
                invisible.append(curve)
            elif curve.alike and not (unsure and curve.role == "validation"):
                alike.append(curve)
                others.append((line, ""))
            else:
                curves.append(_without_unseen(curve, axes))
    beside = tuple(axes for axes in figure.axes if not any(axes is own for own in group))
    return _Read(figure.cell, group, beside, tuple(curves), tuple(others), tuple(alike), tuple(invisible))


def _as_recorded(line: Line, measured: Measured, claims: str, instead: _OtherRecords) -> Curve | None:
    """Return the curve of what a function recorded instead of losses; None if the line may not be that."""
    if claims == "train":
        return training_as_recorded(line, measured, instead.intervals)
    return validation_as_recorded(line, measured, instead.tests, bool(claims)) if instead.tests else None


def _without_unseen(curve: Curve, axes: Axes) -> Curve:
    """Return the curve without the points that the plot does not show."""
    line, unseen = curve.line, unseen_points(curve.line, axes)
    if not unseen:
        return curve
    shown = {x for i, x in enumerate(line.x) if i not in unseen}
    gone = {line.x[i] for i in unseen} - shown
    places = tuple(place for place in curve.places if place[0] not in gone)
    return replace(curve, places=places, unseen=len(curve.places) - len(places))


def share(curve: Curve, first: int, last: int) -> float:
    """Return the share of the epochs `first` to `last` that a curve has points of; a smoothed one may lack a tenth.

    >>> line = Line("train loss", x=(0.0, 1.0), y=(0.9, 0.5))
    >>> share(Curve("train", line, places=((0.0, 1.0), (1.0, 2.0))), 1, 4)
    0.5
    """
    wanted = set(range(first, last + 1))
    part = len(wanted & set(curve.epochs)) / len(wanted)
    return 1.0 if not curve.exact and part >= 0.9 else part
