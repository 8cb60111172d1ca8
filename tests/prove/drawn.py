"""The plots of a notebook with simulated training, judged as the rubric does: in the sections where they were drawn.

Only the cells from the first training to the GPU's run, and those that plot at the end; losses and clock are invented.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from grader.assignment import CheckFunction, Evidence, Fail
from grader.evidence.run import CellError, CellRun, Figure, ModelSeen, OptimizerSeen, Pass, RunEvidence
from grader.notebook.cells import Cell, Notebook
from grader.notebook.questions import locate
from grader.prove.draft import Draft
from reference.checks.epochs import ten_epochs, twenty_epochs
from reference.checks.figures import plot_checks, q2_plot, q3_plot
from reference.models import MLP
from reference.mutations.solution_code import CPU_FUNCTIONS, FIRST_TRAINING
from reference.prompts import PROMPTS, template
from reference.rubric import anchors
from tests.conftest import empty_evidence
from tests.in_kernel.watched import watch
from tests.prove.shown import STUBS, epochs, played

SHAPES = tuple(tuple(p.shape) for p in MLP().parameters())
SGD = OptimizerSeen("SGD", 0.01, 0.5, model_share=1.0)
COUNTED = """
_epochs, _done, _real_test = [], [], cpu_test


def cpu_test(*given):
    _epochs.append(_here)
    _real_test(*given)
"""


def lost(draft: Draft) -> dict[str, list[Fail]]:
    """Return the failures of the checks of the epochs and the plots of Questions 2 and 3; one missing plot ends them."""
    e = evidence(draft)
    found: dict[str, list[Fail]] = {"q2": [], "q3": []}
    for item, trained, plot in (("q2", ten_epochs, q2_plot), ("q3", twenty_epochs, q3_plot)):
        checks: list[CheckFunction] = [trained]
        checks += [check.run for check in plot_checks(item, plot, (1, 1, 1, 1, 1), f"{item}.trained")]
        for place, check in enumerate(checks):
            try:
                check(e)
            except Fail as fail:
                found[item].append(fail)
                if place < 2:
                    break
    return found


def evidence(draft: Draft) -> Evidence:
    """Return the evidence of a run of the draft in which cpu_train and cpu_test play back invented losses."""
    indices = list(_played_cells(draft))
    sources = [STUBS.format(played=played()) + COUNTED]
    for index in indices:
        source = re.sub(r"^%.*$", "", draft.cells[index].source, flags=re.MULTILINE)
        again = f"\n{STUBS.format(played=played())}{COUNTED}" if CPU_FUNCTIONS in source else ""
        sources.append(f"_here = {index}\n{source}\n{again}\n_done.append({index})")
    run = watch(*sources, "report(epochs=_epochs, done=_done)", setting=False)
    done, errors = set(run.reported["done"]), iter(run.errors)
    broke = {index: _error(draft.cells[index].source, next(errors, "")) for index in indices if index not in done}
    cells = tuple(
        CellRun(index, "error" if index in broke else "ok", 100.0, error=broke.get(index)) for index, _ in draft.code
    )
    figures = tuple(Figure(indices[figure.cell - 1], figure.axes) for figure in run.figures if figure.cell > 0)
    model = ModelSeen("model-1", "MLP", SHAPES, (), 1)
    seen = RunEvidence(cells, {"model-1": model}, tuple(_passes(run.reported["epochs"])), figures)
    notebook = Notebook(
        Path("a.ipynb"), "a.ipynb", "", tuple(Cell(i, c.kind, c.source) for i, c in enumerate(draft.cells))
    )
    sections = locate(notebook, PROMPTS, template(), anchors(seen))
    return replace(empty_evidence(), notebook=notebook, sections=sections, run=seen)


def _played_cells(draft: Draft) -> Iterator[int]:
    begun = False
    for index, cell in draft.code:
        begun = (begun or FIRST_TRAINING in cell.source) and "model.cuda()" not in cell.source
        if begun or CPU_FUNCTIONS in cell.source or "train_losses_mlp[" in cell.source:
            yield index


def _passes(cells: list[int]) -> Iterator[Pass]:
    clock = 100.0
    for cell, epoch in zip(cells, epochs(len(cells)), strict=True):
        assert epoch.test is not None
        here = {"cell": cell, "model": "model-1", "model_device": "cpu"}
        yield replace(epoch.train, start=clock, seconds=3.0, optimizer=SGD, **here)  # type: ignore[arg-type]
        yield replace(epoch.test, start=clock + 3, seconds=1.0, **here)  # type: ignore[arg-type]
        clock += 4


def _error(source: str, said: str) -> CellError:
    name, _, message = said.partition(": ")
    try:
        ast.parse(re.sub(r"^([ \t]*)[%!].*$", r"\1pass", source, flags=re.MULTILINE))
    except SyntaxError as error:
        return CellError(type(error).__name__, error.msg, error.lineno)
    return CellError(name, message)
