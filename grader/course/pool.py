"""Pools that run the gradings of a class: threads that wait for workers, or the interface of another pool."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from grader.course.ingest.submissions import Submission
from grader.result import Result


class WorkerRefused(Exception):
    """The worker refused to grade; the grading is started again, and this try does not count."""


class WorkerDied(Exception):
    """The worker process died, perhaps because of the notebook; `worker` is its address, '' if it is not known."""

    def __init__(self, message: str, worker: str = "") -> None:
        super().__init__(message)
        self.worker = worker


class Pool(Protocol):
    """Runs gradings. The batch calls all methods from its own thread."""

    @property
    def size(self) -> int:
        """The number of gradings that may be in flight now; at least one."""

    def submit(self, submission: Submission) -> Future[Result]:
        """Start a grading.

        The future is cancelled if the pool gives it up when it is told to stop. Its exception says what to do:
        `WorkerRefused` and `WorkerDied`: grade the notebook again; BatchError: the class cannot continue; any other
        exception: this grading was cut short.
        """

    def tick(self, stopping: bool) -> None:
        """Called regularly; with `stopping`, gradings that have not started may be dropped.

        Raises BatchError when no grading can continue.
        """

    def shutdown(self, wait: bool) -> None:
        """Give up what is not done; with `wait`, wait for what is running."""


class Threads:
    """Runs gradings in threads of this process, which wait for a worker process each."""

    def __init__(self, grade: Callable[[Submission], Result], jobs: int) -> None:
        self.size = max(1, jobs)
        self._grade = grade
        self._threads = ThreadPoolExecutor(max_workers=self.size, thread_name_prefix="grading")

    def submit(self, submission: Submission) -> Future[Result]:
        """Start a grading."""
        return self._threads.submit(self._grade, submission)

    def tick(self, stopping: bool) -> None:
        """Do nothing."""

    def shutdown(self, wait: bool) -> None:
        """Start nothing new; with `wait`, wait for the running gradings."""
        self._threads.shutdown(wait=wait, cancel_futures=True)
