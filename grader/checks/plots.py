"""Checks on plots of the losses: both curves, over the wanted epochs, labelled, logarithmic, over the same x.

`find_loss_plot` picks the plot, the checks judge it.
"""

from __future__ import annotations

import functools
import re
import statistics
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from grader.assignment import Fail
from grader.checks.plot_lines import Curve, Measured, as_recorded, read_line
from grader.checks.plot_visibility import is_visible, readable_legend, unseen_points
from grader.checks.printed_numbers import read_number
from grader.evidence.run import Axes, Figure, Line, Pass
from grader.evidence.trainings import Epoch

__all__ = [
    "LossPlot",
    "claim",
    "curves_cover",
    "curves_labelled",
    "curves_log",
    "curves_present",
    "curves_share_x",
    "find_loss_plot",
    "label_of",
    "quality",
    "shows_no_numbers",
]

LOG_SCALES = ("log", "functionlog")
_MIXED = re.compile(r"symlog, linear below (\d\S*)")
SLOPES = 0.2  # relative: how much the width of an epoch in x may differ between the curves
OFFSET = 1.5  # in epochs: how far apart in x the curves may show the same epoch

_TRAIN = re.compile(
    r"train|\btr\b|\btrn\b|lern|entra[iî]n|apprentissage|entrena|allena|addestra|treino|treina|učn|uč[ei]|ucn|trén|trenov|trening|uczen|uczą|eğitim|обуч|трен"
    r"|εκπαίδευσ|训练|訓練|学習|훈련|학습|huấn luyện|pelatihan|latih",
    re.IGNORECASE,
)
_VALIDATION = re.compile(
    r"valid|\bval\b|\bval_|_val\b|test|\bdev\b|eval|held|hold-?out|prüf|prueba|verifica|collaudo|preizkus|preverj|doğrulama|вал|тест|проверк|επικύρωσ|验证|測試|测试|検証|テスト|검증"
    r"|테스트|평가|kiểm|uji",
    re.IGNORECASE,
)
_LOG = re.compile(r"log|\bln\b|对数|対数", re.IGNORECASE)
_LOSS = re.compile(
    r"loss|verlust|perte|pérdida|perdita|perda|izgub|strat|ztrát|потер|损失|損失|손실|error|cost|entropy", re.IGNORECASE
)
_NO_LOSS = re.compile(
    r"acc|genau|präc|exact|точн|准确|精度|smooth|mean|average|avg|moving|rolling|ema\b|trend|glatt|glätt|mittel|moyen|liss"
    r"|media|平滑|平均|ideal|expected|reference|baseline|target",
    re.IGNORECASE,
)
_COLOUR = re.compile(
    r"\b(?:blue|orange|red|green|black|purple|yellow|solid|dashed|dotted|upper|lower|top|bottom|blau|rot|grün|bleu|rouge|vert|azul|rojo|verde|modr\w|rdeč\w|oranž\w)\b"
    r"|蓝|红|橙|绿",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class LossPlot:
    """The axes that show the losses best, one or two at the same place, and the curves found on them.

    `train` and `validation` are the loss curves, None if missing; `first` and `last` the wanted epochs, from 1.
    `others` are the remaining lines, each with what it shows ('train accuracy' or 'validation accuracy') or ''; `alike`
    are those of them that run like losses of this training and hold none of them. `invisible` are loss curves of which
    a reader sees nothing. `elsewhere` says where a missing curve is. `cell` is the index of the figure's cell.

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

    def axes_of(self, curve: Curve) -> Axes:
        """Return the axes that a curve lies on."""
        return next(axes for axes in self.axes if any(line is curve.line for line in axes.lines))


def find_loss_plot(
    figures: Sequence[Figure],
    epochs: Sequence[Epoch],
    first: int,
    last: int,
    prefer_cells: Collection[int] = (),
    passes: Sequence[Pass] = (),
    other_averages: bool = False,
    charged: bool = False,
) -> LossPlot:
    """Return the plot that best shows the losses of epochs `first` to `last` (counted from 1) of one training.

    `figures` are those of the run, `epochs` all recorded epochs of that training. Of equally good plots one in the
    cells `prefer_cells` is taken, then the last. `passes` are those of the run, which may hold further evaluations of
    the model. With `other_averages` a validation curve may hold something else than the measured losses, because the
    notebook is known, or not known not, to record something else; it must still run like them. With `charged` it does
    record something else, which cost points already: a curve that may be what it recorded is the validation curve.
    Raise Fail if nothing was trained or nothing was plotted.

    Example::

        plot = plots.find_loss_plot(e.run.figures, training.epochs, 1, 10, e.sections["q2"].cells)
    """
    asked = f"a plot of the training and validation loss of epochs {first} to {last}"
    if not epochs:
        raise Fail("no training was recorded, so there are no losses that a plot could show", asked)
    if not any(line.y for figure in figures for axes in figure.axes for line in axes.lines):
        raise Fail("no curve was plotted", asked, "Is the figure drawn in a cell that runs?")
    plots = _all(tuple(figures), tuple(epochs), tuple(passes), first, last, other_averages, charged)
    best = max(enumerate(plots), key=lambda item: (quality(item[1]), item[1].cell in prefer_cells, item[0]))[1]
    return _with_elsewhere(best, plots)


@functools.lru_cache(maxsize=4)  # each of the five checks asks for the plot again
def _all(
    figures: tuple[Figure, ...],
    epochs: tuple[Epoch, ...],
    passes: tuple[Pass, ...],
    first: int,
    last: int,
    other_averages: bool,
    charged: bool,
) -> tuple[LossPlot, ...]:
    measured = Measured.of(epochs, passes)
    unsure = other_averages or not measured.tested
    return tuple(
        _read(figure, group, measured, first, last, unsure, charged)
        for figure in figures
        for group in _together(figure)
    )


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


def _read(
    figure: Figure,
    group: tuple[Axes, ...],
    measured: Measured,
    first: int,
    last: int,
    unsure: bool,
    charged: bool,
) -> LossPlot:
    curves: list[Curve] = []
    alike: list[Curve] = []
    invisible: list[Curve] = []
    others: list[tuple[Line, str]] = []
    for axes in group:
        for line in axes.lines:
            claims = claim(label_of(line, axes))
            curve = read_line(line, measured, claims)
            if charged and (curve is None or curve.alike) and claims != "train":
                curve = as_recorded(line, measured, last - first + 1, bool(claims)) or curve
            if curve is None or curve.role not in ("train", "validation"):
                others += [(line, curve.role if curve else "")] if is_visible(line) else []
            elif not is_visible(line):
                invisible.append(curve)
            elif curve.alike and not (unsure and curve.role == "validation"):
                alike.append(curve)
                others.append((line, ""))
            else:
                curves.append(_without_unseen(curve, axes))

    def best(role: str) -> Curve | None:
        of_role = [curve for curve in curves if curve.role == role]
        return max(of_role, key=lambda c: (_share(c, first, last), c.exact, -c.stray), default=None)

    found = (best("train"), best("validation"))
    return LossPlot(
        group, *found, first, last, tuple(others), cell=figure.cell, alike=tuple(alike), invisible=tuple(invisible)
    )


def _without_unseen(curve: Curve, axes: Axes) -> Curve:
    """Return the curve without the points that the plot does not show."""
    line, unseen = curve.line, unseen_points(curve.line, axes)
    if not unseen:
        return curve
    shown = {x for i, x in enumerate(line.x) if i not in unseen}
    gone = {line.x[i] for i in unseen} - shown
    places = tuple(place for place in curve.places if place[0] not in gone)
    return replace(curve, places=places, unseen=len(curve.places) - len(places))


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
            where = "on other axes" if other.cell == plot.cell else f"in a figure of cell {other.cell}"
            return replace(plot, elsewhere=f"the {name} loss is plotted {where}")
    return plot


def label_of(line: Line, axes: Axes) -> str:
    """Return a line's label; if it has none, its entry in a legend with an entry for each line, else ''.

    >>> line = Line("train loss", x=(1.0, 2.0), y=(0.9, 0.5))
    >>> label_of(line, Axes("", "epoch", "loss", "linear", "log", legend=(), lines=(line,)))
    'train loss'
    """
    if line.label and not line.label.startswith("_"):
        return line.label
    if len(axes.legend) == len(axes.lines):
        return next(text for other, text in zip(axes.lines, axes.legend, strict=True) if other is line)
    return ""


def claim(label: str) -> Literal["train", "validation", ""]:
    """Return which curve a label names; '' if it names neither or both.

    >>> claim("Verlust (Validierung)"), claim("train loss"), claim("loss")
    ('validation', 'train', '')
    """
    trains, validates = _TRAIN.search(label), _VALIDATION.search(label)
    if trains and not validates:
        return "train"
    if validates and not trains:
        return "validation"
    return ""


# --- checks -------------------------------------------------------------------------------------------------------


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
        if posing := [said for name, curve in _curves(plot) if (said := _posing(plot, name, curve))]:
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
    seen = f"the curve '{wrong}' holds no losses of this training" if wrong else f"the {missing} loss is not plotted"
    seen += "; it only runs like them" if wrong and plot.alike else ""
    raise Fail(f"the {there} loss is plotted; {seen}", expected, credit=0.4)


_LOOK = (
    "Look at the figure: are the curves transparent, without width, of the colour of what is behind them, outside of "
    "the limits of the axes, or covered by something else?"
)


def _posing(plot: LossPlot, name: str, curve: Curve) -> str:
    """Return what is wrong if the legend gives a loss's name to a line that is not it and the loss has no name."""
    role = curve.role
    if claim(_shown_name(curve.line, plot.axes_of(curve))) == role:
        return ""
    for axes in plot.axes:
        for line in axes.lines:
            label = _shown_name(line, axes)
            other = any(line is found and not what for found, what in plot.others)
            if other and claim(label) == role and not _NO_LOSS.search(label):
                return f"the curve called '{label}' holds no losses of this training, and the {name} loss has no name"
    return ""


def _shown_name(line: Line, axes: Axes) -> str:
    """Return a line's label if the legend shows it, else ''."""
    label = label_of(line, axes)
    return label if label.strip() in {entry.strip() for entry in readable_legend(axes)} else ""


def _is_empty(line: Line) -> bool:
    """Return whether most of the values are nan or infinite."""
    return sum(value is None for value in line.y) > len(line.y) / 2


def shows_no_numbers(plot: LossPlot) -> bool:
    """Return whether the plot has lines, and most values of each are nan or infinite, as of a training that overflowed.

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


def _curves(plot: LossPlot) -> list[tuple[str, Curve]]:
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
    curves = _curves(plot)
    expected = f"both curves over epochs {plot.first} to {plot.last}"
    if not curves:
        raise Fail("there is no loss curve", expected)
    shares = [_share(curve, plot.first, plot.last) for _, curve in curves]
    if len(curves) == 1:
        name, curve = curves[0]
        raise Fail(
            f"only the {name} curve is plotted; it covers {_covered(curve)}", expected, credit=round(shares[0] / 2, 2)
        )
    if min(shares) < 1:
        parts = [f"the {name} curve holds {c.points} points, {_which(c)} {_covered(c)}" for name, c in curves]
        seen = (", while " if max(shares) == 1 and len(parts) > 1 else ", and ").join(parts)
        hint = "How many values does each list get in an epoch?" if min(shares) < max(shares) else ""
        if any(curve.unseen for _, curve in curves):
            hint = "Look at the limits of the axes, and at what lies over the curves."
        raise Fail(seen, expected, hint, credit=round(0.6 * min(shares), 2))
    for name, curve in curves:
        if curve.stray > max(1, 0.1 * curve.points):
            seen = f"{curve.stray} of the {curve.points} points of the {name} curve are not of this training"
            raise Fail(seen, expected, "Were the lists emptied before this training began?", credit=0.6)
        if curve.epochs[-1] > plot.last or curve.epochs[0] < plot.first:
            raise Fail(f"the {name} curve covers {_covered(curve)}", expected, credit=0.7)
    return f"both curves cover epochs {plot.first} to {plot.last}"


def _which(curve: Curve) -> str:
    seen = curve.points - curve.unseen
    return f"of which the plot shows only {seen}, which cover" if curve.unseen else "which cover"


def _share(curve: Curve, first: int, last: int) -> float:
    """Return the share of the wanted epochs that a curve has points of; a smoothed curve may lack a tenth."""
    wanted = set(range(first, last + 1))
    share = len(wanted & set(curve.epochs)) / len(wanted)
    return 1.0 if not curve.exact and share >= 0.9 else share


def _covered(curve: Curve) -> str:
    epochs = curve.epochs
    if not epochs:
        return "no epoch"
    if len(epochs) == 1:
        return f"epoch {epochs[0]}"
    if len(epochs) == epochs[-1] - epochs[0] + 1:
        return f"epochs {epochs[0]}–{epochs[-1]}"
    return f"{len(epochs)} of the epochs {epochs[0]}–{epochs[-1]}"


def curves_labelled(plot: LossPlot) -> str:
    """Check that the axes or the figure are labelled, and that a legend, a text or the axes tell which curve is which.

    Labels that cannot be read do not count. Return a sentence. Raise Fail, without credit if the names are swapped;
    missing labels cost 0.5, a missing legend 0.4 or 0.5.

    Example::

        def labelled(e: Evidence) -> str:
            return plots.curves_labelled(plots.find_loss_plot(e.run.figures, epochs, 1, 10))
    """
    expected = "labels on the axes or a title, and a legend that names both curves"
    curves = _curves(plot)
    labels = {name: label_of(curve.line, plot.axes_of(curve)) for name, curve in curves}
    claims = {name: claim(label) for name, label in labels.items()}
    if claims.get("training") == "validation" or claims.get("validation") == "train":
        name = "training" if claims.get("training") == "validation" else "validation"
        raise Fail(
            f"the curve '{labels[name]}' holds the {name} losses: the names are swapped",
            expected,
            "Look at which list belongs to which label.",
        )
    problems, credit = [], 1.0
    if not any(axes.xlabel.strip() or axes.ylabel.strip() or axes.title.strip() for axes in plot.axes):
        problems.append("neither the axes nor the figure have a label or title")
        credit -= 0.5
    words = " ".join(f"{axes.title} {axes.xlabel} {axes.ylabel}" for axes in plot.axes)
    explained = _TRAIN.search(words) and _VALIDATION.search(words) and len(_COLOUR.findall(words)) >= 2
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
    if problems:
        raise Fail(
            " and ".join(problems), expected, "A reader must see what is drawn without the code.", round(credit, 2)
        )
    return "labelled, the curves named" if len(curves) > 1 else "labelled"


def curves_log(plot: LossPlot) -> str:
    """Check that the y axis is logarithmic, or that logarithms of the losses are plotted and a label says so.

    Return a sentence. Raise Fail, with half the credit for logarithms that nothing names.

    Example::

        def log(e: Evidence) -> str:
            return plots.curves_log(plots.find_loss_plot(e.run.figures, epochs, 1, 10))
    """
    expected = "a logarithmic y axis"
    curves = [curve for _, curve in _curves(plot)]
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
            raise Fail("logarithms of the losses are plotted, and nothing says so", expected, credit=0.5)
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
        raise Fail("there are no two curves to compare", "both curves over the same x axis")
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


PARTS: tuple[tuple[Callable[[LossPlot], str], float], ...] = (
    (curves_present, 0.3),
    (curves_cover, 0.3),
    (curves_labelled, 0.15),
    (curves_log, 0.1),
    (curves_share_x, 0.15),
)
