"""What the calibrated limits do, as one HTML page that needs nothing else: a table, and both distributions of each limit."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from grader.calibration.separation import TOLD_APART, WANTED, Fault, Separation
from grader.reports.html import escape, policy

if TYPE_CHECKING:
    from grader.calibration.measure import Measured

RIGHT, WRONG, NOT_TOLD = "#1a7f37", "#cf222e", "#999999"
_POINTS = 400  # of a density
_FAINTEST = 0.01  # share of its peak at which a density ends in the plot

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: #222;
  background: #fff; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .2rem .7rem; border-top: 1px solid #8884; }
.note { color: #666; font-size: .9rem; } .bad { color: #cf222e; font-weight: 600; }
img { max-width: 100%; }
"""
_COLUMNS = ("limit", "value", "median", "false reject", "shape", "nearest fault told apart", "not told apart")


def page(assignment: str, tables: Sequence[tuple[Measured, Sequence[Separation]]]) -> str:
    """The page for each data set's limits."""
    parts = "".join(_section(measured, rows) for measured, rows in tables)
    title = f"The limits of {escape(assignment)}"
    guard = policy(_STYLE, "img-src data:")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{guard}"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><h1>{title}</h1>'
        f'<p class="note">False reject: the probability that the limit rejects one more right run, by the prediction of '
        f"one more log-normal value; wanted: under {WANTED:g}. Told apart: a faulty run passes with a probability of at "
        f"most {TOLD_APART:g}. Shape: p-value of the Anderson-Darling test that the logarithms are normal, and their "
        f"skewness.</p>{parts}</body></html>\n"
    )


def _section(measured: Measured, rows: Sequence[Separation]) -> str:
    faults = max((len(losses) for f in measured.faults.values() for losses in f.losses.values()), default=0)
    facts = (
        f"{measured.seeds} seeds of the reference, {faults} at most of each fault; measured {measured.measured} with torch "
        f"{measured.torch} on {measured.machine}; SHA-256 of the data {measured.sha256[:16]}"
    )
    head = "".join(f"<th>{name}</th>" for name in _COLUMNS)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in _cells(row))}</tr>" for row in rows)
    groups: dict[str, list[Separation]] = {}
    for row in rows:
        groups.setdefault(row.key.rpartition(".")[0], []).append(row)
    plots = "".join(
        f'<p><img alt="{escape(name)}: distributions of right and faulty values" src="data:image/png;base64,'
        f'{base64.b64encode(plot(group)).decode()}"></p>'
        for name, group in groups.items()
    )
    return (
        f'<h2>{escape(measured.data)}</h2><p class="note">{escape(facts)}</p><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>{plots}"
    )


def _cells(row: Separation) -> tuple[str, ...]:
    """The cells of a row, as HTML."""
    seldom = f"{row.false_reject:.1e}" if row.sound else f'<span class="bad">{row.false_reject:.1e}</span>'
    return (
        escape(row.key),
        f"{row.bound} {row.limit:.4g}",
        f"{row.median:.4g}",
        seldom,
        f"p {row.normality:.2g}, skewness {row.skewness:+.1f}",
        _fault(row.nearest) if row.nearest is not None else "none",
        "; ".join(map(_fault, row.missed)) or "–",
    )


def _fault(fault: Fault) -> str:
    return f"{escape(fault.words)} ({fault.median:.4g}, passes with {fault.accepted:.1e})"


# --- the plot -----------------------------------------------------------------------------------------------------


def plot(rows: Sequence[Separation]) -> bytes:
    """A PNG with a row for each limit: the right values and what is predicted of one more, those of the nearest fault that
    is told from them (red) or, where none is, of the nearest at all (grey), and the limit between them."""
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
    axes.margins(x=0.15)  # for the words
    for ticks in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
        ticks(lambda value, place: f"{value:.3g}")
    axes.tick_params(axis="x", which="both", labelsize=7)
    axes.set_yticks(range(0, -len(rows), -1), [row.key for row in rows])
    axes.set_ylim(-len(rows) + 0.6, 1.1)
    axes.grid(axis="x", which="both", color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    kind = "loss" if rows[0].bound == "at most" else "loss of the first batches over the reference's"
    axes.set_xlabel(f"{kind}: right (green), nearest fault (red: told apart, grey: not), limit (black)")
    written = io.BytesIO()
    figure.savefig(written, format="png")
    return written.getvalue()


def _ridge(axes: Any, base: float, values: Sequence[float], prediction: Any, color: str) -> None:
    """One distribution on its line: a tick for each value, and the predicted density as far as it can be seen."""
    import numpy as np

    seen = [value for value in values if math.isfinite(value)]
    axes.plot(seen, [base] * len(seen), "|", color=color, markersize=7)
    if prediction is None or prediction.scale == 0:
        return
    reach = prediction.scale * (prediction.freedom * (_FAINTEST ** (-2 / (prediction.freedom + 1)) - 1)) ** 0.5
    at = np.exp(np.linspace(prediction.centre - reach, prediction.centre + reach, _POINTS))
    height = np.array([prediction.density(value) for value in at])
    axes.fill_between(at, base, base + 0.75 * height / height.max(), color=color, alpha=0.35, linewidth=0)
