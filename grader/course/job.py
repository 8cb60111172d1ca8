"""The interface of a batch: its job, its observer, the request to stop, and its outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from grader.errors import GraderError

if TYPE_CHECKING:
    from grader.assignment import Assignment
    from grader.course.ingest.submissions import Submission
    from grader.course.pool import Pool
    from grader.course.store import Graded
    from grader.result import Result


class BatchError(GraderError):
    """The batch cannot start or continue; the message is one sentence."""


@dataclass(frozen=True)
class Job:
    """Settings for grading a class.

    `grade` grades one submission in one of `jobs` threads, unless there is a `pool`. `key` returns the key of (file
    name, `Submission.identity`), or '' for a result that is never reused; `may_reuse` tells whether a stored grading
    may be reused; with `force` nothing is reused. `sign` is applied to each result before it is stored; `data` is the
    digest of the data. `recover` returns the result for (key, SHA-256) that an earlier run graded and could not store
    any more, or None; `on_stored` is called with each key that is stored. With
    `notebooks` each student's notebook is written as it ran, with the feedback. `facts` are stored with the class.
    """

    assignment: Assignment
    out: Path
    grade: Callable[[Submission], Result]
    jobs: int = 1
    key: Callable[[str, str], str] = lambda name, sha256: sha256 and f"{sha256} {name}"
    may_reuse: Callable[[Graded], bool] = lambda graded: True
    sign: Callable[[Result], Result] = lambda result: result
    force: bool = False
    data: str = ""
    pool: Pool | None = None
    recover: Callable[[str, str], Result | None] = lambda key, sha256: None
    on_stored: Callable[[str], None] = lambda key: None
    notebooks: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)


class Observer(Protocol):
    """Receives the events of a batch, always in the thread that runs it."""

    def started(self, submission: Submission) -> None:
        """A grading started."""

    def ended(self, submission: Submission, result: Result, reused: bool) -> None:
        """A result was written; `reused` if it comes from an earlier grading."""

    def retried(self, submission: Submission, why: str) -> None:
        """A grading was cut short and starts again."""

    def tick(self, stopping: bool) -> None:
        """Called regularly; `stopping` after a request to stop."""


@dataclass
class Stop:
    """A request to stop.

    After the first request nothing new starts. After the second, `end_now` ends the running gradings, and their results
    are not stored.
    """

    asked: int = 0
    end_now: Callable[[], None] = lambda: None
    patience: float = 10.0
    """Seconds that gradings may take to clean up after `end_now`."""


@dataclass(frozen=True)
class Done:
    """The outcome of a batch: `count` results are written, `reused` of them from earlier gradings.

    `stopped` is True if submissions are left to grade; `left_running` gradings did not end in spite of `Stop.end_now`.
    """

    count: int
    reused: int = 0
    stopped: bool = False
    left_running: int = 0
