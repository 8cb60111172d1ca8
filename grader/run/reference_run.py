"""Run the reference's own training in the same kind of kernel and with the same recorder as a notebook."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

from grader.assignment import Assignment
from grader.errors import GraderError
from grader.evidence.run import Pass, RunEvidence
from grader.sandbox.limits import Limits

if TYPE_CHECKING:
    from grader.data.sources import DataSource

LIMITS = Limits(cell_seconds=3600, total_seconds=7200)  # for trusted code, on full data and a slow machine


class ReferenceFailed(GraderError):
    """The reference's own program failed; the message says where."""


def by_role(assignment: Assignment, run: RunEvidence, steps: bool = True) -> dict[str, tuple[Pass, ...]]:
    """Return the complete passes of each role's model: its training passes or, with steps=False, its test passes."""
    found: dict[str, tuple[Pass, ...]] = {}
    for role in assignment.models:
        keys = {model.key for model in run.models.values() if role.recognise(model.shapes)}
        found[role.role] = tuple(p for p in run.passes if p.model in keys and p.complete and p.trains is steps)
    return found


def run_program(assignment: Assignment, source: DataSource, seed: int) -> list[dict[str, object]]:
    """Run the reference's program in a new kernel and return the recorder's events. Raises ReferenceFailed."""
    from grader.run.harness import harness
    from grader.sandbox.confinement.backends import find_backend
    from grader.sandbox.kernel import Kernel

    unconfined = find_backend("laptop")  # trusted code, which has to import the assignment's package
    with Kernel(harness(source, seed), LIMITS, unconfined) as kernel:
        for index, cell in enumerate((_importable(assignment), *assignment.program)):
            run = kernel.run_cell(index, cell)
            if run.status != "ok":
                why = run.error.traceback or run.error.message if run.error else run.reason
                raise ReferenceFailed(f"the reference's own training failed in part {index}: {why[-400:]}")
        return kernel.events()


def _importable(assignment: Assignment) -> str:
    """Return a cell that makes the assignment's package importable, which students' kernels do not see."""
    module = inspect.getmodule(assignment.models[0].build)
    depth = len(module.__name__.split(".")) if module is not None else 1
    folder = Path(inspect.getfile(assignment.models[0].build)).resolve().parents[depth - 1]
    return f"import sys\nsys.path.append({str(folder)!r})"
