"""The pictures of a run: losses over the reference's band, trainings, a time line; and how large a page may become."""

import hashlib
from dataclasses import replace

import pytest

from grader.assignment import Reference, Threshold
from grader.evidence.run import Axes, Figure, Line
from grader.reports.evidence import dump_evidence
from grader.reports.html import html
from grader.reports.pictures import pictures
from tests.browser.samples import EPOCHS, evidence, faulty


def test_the_losses_are_drawn_over_the_reference_s_band_on_both_devices():
    shown = pictures(evidence())
    assert [layout.chart.title for layout in shown.losses] == [
        "Losses of the MLP on the CPU",
        "Losses of the MLP on the GPU",
    ]
    for layout in shown.losses:
        assert [curve.label for curve in layout.curves] == ["training loss of each batch", "test loss after each epoch"]
        (band,) = layout.chart.bands
        assert len(band.x) == EPOCHS
        median = (band.low[0] * band.high[0]) ** 0.5  # as wide on both sides, on a logarithmic axis
        assert abs(band.high[0] / median - 1.4) < 1e-9


def test_without_measured_limits_there_is_no_band():
    whole = evidence()
    for limits in ({}, {"mlp.loss.1": Threshold(None, 0.5, "")}):
        shown = pictures(replace(whole, reference=Reference(limits)))
        assert [layout.bands for layout in shown.losses] == [(), ()]
        assert shown.trainings[0].expected is None


def test_the_trainings_are_listed_without_the_times_of_a_simulated_gpu():
    cpu, gpu = pictures(evidence()).trainings
    assert (cpu.device, cpu.epochs, round(cpu.seconds, 3)) == ("CPU", EPOCHS, 1.9)
    assert (gpu.device, gpu.seconds) == ("GPU", None)
    assert cpu.expected[0] < cpu.loss < cpu.expected[1]


def test_the_time_line_has_a_row_for_each_kind_and_names_the_slowest_cell():
    line = pictures(evidence()).timeline
    assert (len(line.cells), len(line.trains), len(line.tests)) == (5, 2 * EPOCHS, 2 * EPOCHS)
    assert [(bar.kind, bar.number) for bar in line.cells if bar.number] == [("cell", "5"), ("failed", "9")]
    assert [(cell.index, cell.ending) for cell in line.slowest][:2] == [(5, ""), (9, "error")]


@pytest.mark.slow
@pytest.mark.exhaustive
def test_the_largest_page_is_under_a_megabyte():
    whole = evidence()
    long = Line("x" * 1000, tuple(map(float, range(700))), tuple(float(n % 97) + 0.123 for n in range(700)))
    axes = Axes("t" * 1000, "x" * 1000, "y" * 1000, "linear", "linear", (), (long,) * 9)
    cells = tuple(
        replace(cell, source="\n".join(["#" * 500] * 400)) if cell.kind == "code" else cell
        for cell in whole.notebook.cells
    )
    notebook = replace(whole.notebook, cells=cells)
    runs = tuple(replace(cell, pictures=("A" * 100_000,) * 6) for cell in whole.run.cells)
    run = replace(whole.run, cells=runs, figures=(Figure(7, (axes,) * 4),) * 6, passes=whole.run.passes * 20)
    kept = dump_evidence(replace(whole, notebook=notebook, run=run))
    result = replace(faulty(), kept=kept, evidence=hashlib.sha256(kept).hexdigest())
    assert result.kept
    page = html(replace(result, notes=tuple(f"cell {number} and line 3 of cell {number}" for number in range(10))))
    assert "data:image/png" in page
    assert len(page.encode()) < 1_000_000
