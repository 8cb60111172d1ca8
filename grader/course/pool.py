"""Where the gradings of a class run: in threads of this process, or elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from grader.course.ingest.submissions import Submission
from grader.result import Result


class Elsewhere(Exception):
    """What was to grade it would not, for a reason of its own: it begins again, and no try is counted."""


class WorkerDied(Exception):
    """The process that graded it is gone, perhaps through the notebook; the message says which."""


class Pool(Protocol):
    """Runs gradings. All of it is called by the thread of the batch."""

    @property
    def size(self) -> int:
        """How many gradings may be in flight now; at least one."""

    def submit(self, submission: Submission) -> Future[Result]:
        """Begin a grading.

        The future is cancelled when the pool gave it up because it was told to stop; `Elsewhere` and `WorkerDied` say that
        the notebook must begin again, a BatchError that the whole class cannot go on, any other exception that this grading
        broke off.
        """

    def tick(self, stopping: bool) -> None:
        """Time passes; `stopping` when what has not begun need not begin. Raises BatchError when nothing goes on."""

    def shutdown(self, wait: bool) -> None:
        """Give up what is not done; `wait` for what is running."""


class Threads:
    """Gradings in threads of this process, each with processes of its own for the notebook."""

    def __init__(self, grade: Callable[[Submission], Result], jobs: int) -> None:
        self.size = max(1, jobs)
        self._grade = grade
        self._threads = ThreadPoolExecutor(max_workers=self.size, thread_name_prefix="grading")

    def submit(self, submission: Submission) -> Future[Result]:
        """Begin a grading."""
        return self._threads.submit(self._grade, submission)

    def tick(self, stopping: bool) -> None:
        """Nothing to do."""

    def shutdown(self, wait: bool) -> None:
        """Begin nothing new."""
        self._threads.shutdown(wait=wait, cancel_futures=True)
