"""Show the effect of the limits as one self-contained HTML page: a table, and both distributions of each limit."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from grader.calibration.separation import TOLD_APART, WANTED, Separation
from grader.formatting import render_html

if TYPE_CHECKING:
    from grader.calibration.measure import Measured

RIGHT, WRONG, NOT_TOLD = "#1a7f37", "#cf222e", "#999999"
_POINTS = 400  # of a density
_FAINTEST = 0.01  # share of its peak at which a density ends in the plot


def page(assignment: str, tables: Sequence[tuple[Measured, Sequence[Separation]]]) -> str:
    """Return the page, with a section for each data set: a table of its limits, and a plot for each kind of limit."""
    sections = [
        {"measured": measured, "fault_seeds": _fault_seeds(measured), "rows": rows, "plots": _plots(rows)}
        for measured, rows in tables
    ]
    return render_html("limits.html", assignment=assignment, sections=sections, wanted=WANTED, told_apart=TOLD_APART)


def _fault_seeds(measured: Measured) -> int:
    """Return the largest number of seeds under which a fault was measured."""
    return max((len(losses) for fault in measured.faults.values() for losses in fault.losses.values()), default=0)


def _plots(rows: Sequence[Separation]) -> list[tuple[str, str]]:
    """Return the name of each kind of limit, such as 'mlp.loss', and its plot: a PNG in base64."""
    kinds: dict[str, list[Separation]] = {}
    for row in rows:
        kinds.setdefault(row.key.rpartition(".")[0], []).append(row)
    return [(kind, base64.b64encode(plot(group)).decode()) for kind, group in kinds.items()]


# --- the plot -----------------------------------------------------------------------------------------------------


def plot(rows: Sequence[Separation]) -> bytes:
    """Return a PNG with a row for each limit.

    A row has the correct values and their predicted density, the same of the nearest fault that is detected (red) or,
    if none is, of the nearest at all (grey), and the limit between them.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 1.2 + 0.55 * len(rows)), dpi=90, layout="constrained")
    axes = figure.add_subplot()
    for place, row in enumerate(rows):
        _ridge(axes, -place, row.values, row.prediction, RIGHT)
        fault = row.nearest or min(row.missed, key=lambda f: f.accepted, default=None)
        if fault is not None:
            _ridge(axes, -place, fault.values, fault.prediction, WRONG if row.nearest else NOT_TOLD)
            at = max((value for value in fault.values if math.isfinite(value)), default=row.limit)
            axes.annotate(fault.words, (at, -place), (4, 2), textcoords="offset points", fontsize=7)
        axes.plot([row.limit, row.limit], [-place - 0.08, -place + 0.85], color="black", linewidth=1.5)
    axes.set_xscale("log")
    axes.margins(x=0.15)  # room for the words
    for ticks in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
        ticks(lambda value, place: f"{value:.3g}")
    axes.tick_params(axis="x", which="both", labelsize=7)
    axes.set_yticks(range(0, -len(rows), -1), [row.key for row in rows])
    axes.set_ylim(-len(rows) + 0.6, 1.1)
    axes.grid(axis="x", which="both", color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    kind = "loss" if rows[0].bound == "at most" else "loss of the first batches over the reference's"
    axes.set_xlabel(f"{kind}: correct (green), nearest fault (red: detected, grey: not), limit (black)")
    written = io.BytesIO()
    figure.savefig(written, format="png")
    return written.getvalue()


def _ridge(axes: Any, base: float, values: Sequence[float], prediction: Any, color: str) -> None:
    """Draw one distribution on its line: a tick for each value, and the predicted density as far as it is visible."""
    import numpy as np

    seen = [value for value in values if math.isfinite(value)]
    axes.plot(seen, [base] * len(seen), "|", color=color, markersize=7)
    if prediction is None or prediction.scale == 0:
        return
    reach = prediction.scale * (prediction.freedom * (_FAINTEST ** (-2 / (prediction.freedom + 1)) - 1)) ** 0.5
    at = np.exp(np.linspace(prediction.centre - reach, prediction.centre + reach, _POINTS))
    height = np.array([prediction.density(value) for value in at])
    axes.fill_between(at, base, base + 0.75 * height / height.max(), color=color, alpha=0.35, linewidth=0)
