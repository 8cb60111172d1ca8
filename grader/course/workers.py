"""The worker processes of a class: one for each grading that runs, warm and used again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from grader.grading.messages import Server, Terms
from grader.grading.supervisor import GaveUp, Worker

if TYPE_CHECKING:
    from grader.grading.progress import Report
    from grader.notebook.helper_files import Beside
    from grader.result import Result

GRADINGS = 100  # of one worker; then a new one takes its place, so that nothing grows without limit
Lent = Callable[[], "tuple[Server, int] | None"]


class Workers:
    """Grades notebooks in worker processes.

    `lent` returns the fork server for their kernels, if there is one. `spare` is a worker that was started early.
    """

    def __init__(self, terms: Terms, lent: Lent = lambda: None, spare: Worker | None = None) -> None:
        self._terms, self._lent = terms, lent
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._uses: dict[Worker, int] = {}
        if spare is not None:
            spare.begin(terms)
            self._idle.append(spare)
            self._uses[spare] = 0
        self._closed = False

    def grade(self, path: Path, progress: Report | None = None, beside: Beside = ()) -> Result:
        """Have a notebook graded by an idle worker or a new one, with the helper files `beside` it.

        Raises what `Worker.grade` raises, and OSError.
        """
        worker = self._take()
        try:
            return worker.grade(path, progress, lent=self._lent(), beside=beside)
        finally:
            self._give_back(worker)

    def _take(self) -> Worker:
        with self._lock:
            if self._closed:
                raise GaveUp("the class was stopped")
            while self._idle:
                worker = self._idle.pop()
                if worker.usable:
                    break
                self._uses.pop(worker)
            else:
                worker = Worker(self._terms)
                self._uses[worker] = 0
            self._uses[worker] += 1
            self._busy.add(worker)
            return worker

    def _give_back(self, worker: Worker) -> None:
        with self._lock:
            self._busy.discard(worker)
            if worker.usable and self._uses[worker] < GRADINGS and not self._closed:
                self._idle.append(worker)
                return
            self._uses.pop(worker)
        worker.close()

    def kill(self) -> None:
        """End all workers at once, with all that they started; start no more."""
        with self._lock:
            self._closed = True
            workers = [*self._busy, *self._idle]
            self._idle.clear()
        if workers:
            with ThreadPoolExecutor(len(workers), thread_name_prefix="grader-end") as pool:
                list(pool.map(Worker.kill, workers))

    def close(self) -> None:
        """End the idle workers, and kill the others; start no more."""
        with self._lock:
            self._closed = True
            idle = [*self._idle]
            self._idle.clear()
        for worker in idle:
            worker.close()
        self.kill()
