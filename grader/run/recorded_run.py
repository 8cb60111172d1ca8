"""Run a notebook's cells one by one in a kernel with the recorder, and collect the evidence."""

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
        self._foreign = len(kernel.events())  # no event is genuine before a cell ran

    def run(self, cells: Iterable[Cell]) -> None:
        """Run these cells after those already run."""
        for cell in cells:
            self._cells.append(self.kernel.run_cell(cell.index, cell.source))
            own, others = own_events(self.kernel.events(), cell.index)
            self._events += own
            self._foreign += others

    @property
    def weights_sent(self) -> int:
        """The number of times that the recorder sent a model's weights."""
        return sum(event.get("kind") == "weights" for event in self._events)

    @property
    def ended_badly(self) -> bool:
        """True if the last cell did not run to its end."""
        return bool(self._cells) and self._cells[-1].status != "ok"

    @property
    def seconds(self) -> float:
        """The total duration of the cells."""
        return sum(cell.seconds for cell in self._cells)

    def evidence(self) -> RunEvidence:
        """Return the evidence of the cells so far."""
        run = run_evidence(self._cells, self._events)
        return replace(run, refused=run.refused + self._foreign)


def own_events(events: Iterable[dict[str, object]], cell: int) -> tuple[list[dict[str, object]], int]:
    """Return the events that belong to the cell that just ran, and the number of others, which name another cell."""
    own, foreign = [], 0
    for event in events:
        if event.get("kind") == "model" or (event.get("cell") == cell and type(event.get("cell")) is int):
            own.append(event)
        else:
            foreign += 1
    return own, foreign
