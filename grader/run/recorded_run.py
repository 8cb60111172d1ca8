"""The run of a notebook: its cells, one by one, in a kernel with the recorder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from grader.evidence.run import CellRun, RunEvidence, run_evidence
from grader.notebook.cells import Cell
from grader.sandbox.kernel import Kernel


class Running:
    """A run in a kernel in which no cell has run yet."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._cells: list[CellRun] = []
        self._events: list[dict[str, object]] = []
        self._foreign = len(kernel.events())  # before any cell ran there is nothing to tell

    def run(self, cells: Iterable[Cell]) -> None:
        """Run these cells, after those before."""
        for cell in cells:
            self._cells.append(self.kernel.run_cell(cell.index, cell.source))
            own, others = own_events(self.kernel.events(), cell.index)
            self._events += own
            self._foreign += others

    @property
    def weights_sent(self) -> int:
        """How many times the recorder sent a model's weights."""
        return sum(event.get("kind") == "weights" for event in self._events)

    @property
    def seconds(self) -> float:
        """How long the cells took."""
        return sum(cell.seconds for cell in self._cells)

    def evidence(self) -> RunEvidence:
        """What the cells showed so far."""
        run = run_evidence(self._cells, self._events)
        return replace(run, refused=run.refused + self._foreign)


def own_events(events: Iterable[dict[str, object]], cell: int) -> tuple[list[dict[str, object]], int]:
    """The events that the cell which just ran can have caused, and the number of others: they name another cell."""
    own, foreign = [], 0
    for event in events:
        if event.get("kind") == "model" or (event.get("cell") == cell and type(event.get("cell")) is int):
            own.append(event)
        else:
            foreign += 1
    return own, foreign
