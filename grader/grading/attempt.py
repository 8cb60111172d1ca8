"""The kernels and the records of one run of a notebook, or of a part of it, during grading."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.run.recorded_run import Running
from grader.sandbox.kernel import Kernel

if TYPE_CHECKING:
    from grader.authenticity.evaluations import Evaluations
    from grader.probe.probes import Probes
    from grader.probe.stage import Probed, ProbingStage


@dataclass
class Attempt:
    """A run of the notebook, or of a part of it, and the probes that are made meanwhile.

    `certain` are the probes that were made before, `probed` all probes once they exist; `ran` is the number of cells.
    `next` is the kernel for another run, if one was started ahead.
    """

    stage: ProbingStage | None
    certain: Probes | None
    main: Future[Kernel]
    evaluations: Evaluations | None
    probed: Probed | None
    beside: Future[Probed] | None = None
    warm: Future[None] | None = None
    next: Future[Kernel] | None = None
    ran: int = 0
    seconds: float = 0.0
    _running: Running | None = None

    def begun(self) -> Running:
        """Return the run, begun in its kernel."""
        if self._running is None:
            self._running = Running(self.main.result())
        return self._running
