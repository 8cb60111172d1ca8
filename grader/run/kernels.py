"""Set up the kernels of one grading, start several at once, and close them together."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from grader.machine import Gpu
from grader.notebook.helper_files import NO_FILES, HelperFiles
from grader.run.harness import harness
from grader.sandbox.budget import Budget
from grader.sandbox.confinement.backends import Backend
from grader.sandbox.kernel import Kernel
from grader.sandbox.limits import Limits

if TYPE_CHECKING:
    from pathlib import Path

    from grader.data.sources import DataSource

# The first cell of a kernel for the probes, before student code can patch anything that the probes use. The working
# folder is off the path meanwhile: a file torch.py beside the notebook is student code.
LOAD = """
import sys
_paths, sys.path[:] = sys.path[:], [path for path in sys.path if path]
import torch
__import__("grader.in_kernel.probes.handlers")
sys.path[:] = _paths
del sys, _paths
"""
MAX_THREADS = 2  # of torch; more gain little on models of this size


@dataclass(frozen=True)
class Setup:
    """The settings that all kernels of a grading share. `cores` may be kept busy by torch's threads and by stages.

    `beside` are the notebook's helper files, which each kernel finds in its working folder.
    """

    source: DataSource
    gpu: Gpu
    limits: Limits
    seed: int
    backend: Backend
    cores: int = 1
    beside: HelperFiles = NO_FILES

    @property
    def threads(self) -> int:
        """The number of torch's threads for the notebook's own cells."""
        return min(self.cores, MAX_THREADS)

    @cached_property
    def budget(self) -> Budget:
        """The time left to the notebook, which all kernels of the grading share."""
        return Budget(self.limits)

    def over(self, source: DataSource) -> Setup:
        """Return the set-up for kernels with other data, which share the time that is left to the notebook."""
        other = replace(self, source=source)
        vars(other)["budget"] = self.budget
        return other

    def recorded(self, hidden: Path) -> Kernel:
        """Return a kernel for the cells of a notebook, with the recorder. It does not see the folder `hidden`."""
        return self._kernel(hidden, True, self.threads)

    def probed(self, hidden: Path) -> Kernel:
        """Return a kernel for the probes. It does not see the folder `hidden`."""
        return self._kernel(hidden, False, 1)

    def _kernel(self, hidden: Path, record: bool, threads: int) -> Kernel:
        inside = harness(self.source, self.seed, gpu=self.gpu, record=record, hidden=hidden, threads=threads)
        return Kernel(inside, self.limits, self.backend, self.budget, self.beside)


class Kernels:
    """A context manager that starts kernels in the background and closes them on exit.

    Its thread `pool` may be used for other work in parallel.
    """

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(max_workers=6, thread_name_prefix="stage")
        self._open: list[Future[Kernel]] = []
        self._ending: list[Future[None]] = []

    def __enter__(self) -> Kernels:
        return self

    def __exit__(self, *error: object) -> None:
        for kernel in [*self._open]:
            self.end(kernel)
        try:
            for ended in self._ending:
                ended.result()
        finally:
            self.pool.shutdown(wait=True, cancel_futures=True)

    def start(self, kernel: Callable[[], Kernel], first: str = "") -> Future[Kernel]:
        """Start a kernel in the background and return its future, done once it has run the cell `first`.

        The future holds the exception if `kernel` raises one or the kernel cannot be started (KernelStartError).
        """

        def started() -> Kernel:
            ready = kernel().__enter__()
            if first and ready.run_cell(-1, first).status != "ok":  # a busy machine; it must run before student code
                ready.run_cell(-1, first)
            return ready

        future = self.pool.submit(started)
        self._open.append(future)
        return future

    def end(self, kernel: Future[Kernel]) -> None:
        """Begin to close a kernel that was started here and is no longer needed."""
        self._open.remove(kernel)
        self._ending.append(self.pool.submit(_close, kernel))


def _close(kernel: Future[Kernel]) -> None:
    if kernel.exception() is None:
        kernel.result().__exit__(None, None, None)
