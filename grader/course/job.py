"""What a batch is told to do, whom it tells, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
    """The batch cannot start: nothing to grade, or nowhere to write; the message is one sentence."""


@dataclass(frozen=True)
class Job:
    """How a class is graded.

    `grade` grades one submission, in one of `jobs` threads, unless a `pool` does that. `key` gives the key of
    (file name, SHA-256), '' for what is never kept; `keeps` whether a kept grading may count again; `force` grades all anew.
    `sign` is given each result before it is written; `data` is the digest of the data. `left` gives what an earlier run has
    graded under (key, SHA-256) and could not keep any more; `settled` is told of each key that is kept.
    """

    assignment: Assignment
    out: Path
    grade: Callable[[Submission], Result]
    jobs: int = 1
    key: Callable[[str, str], str] = lambda name, sha256: sha256 and f"{sha256} {name}"
    keeps: Callable[[Graded], bool] = lambda graded: True
    sign: Callable[[Result], Result] = lambda result: result
    force: bool = False
    data: str = ""
    pool: Pool | None = None
    left: Callable[[str, str], Result | None] = lambda key, sha256: None
    settled: Callable[[str], None] = lambda key: None


class Watch(Protocol):
    """Who is told how a batch goes on, always in the thread that runs it."""

    def started(self, submission: Submission) -> None:
        """A grading began."""

    def ended(self, submission: Submission, result: Result, reused: bool) -> None:
        """A result is written; `reused` when it is that of an earlier grading."""

    def retried(self, submission: Submission, why: str) -> None:
        """A grading broke off and begins anew."""

    def tick(self, stopping: bool) -> None:
        """Time passes."""


@dataclass
class Stop:
    """Asked once: nothing new begins. Asked twice: what is running is ended with `end_now`, and not kept."""

    asked: int = 0
    end_now: Callable[[], None] = lambda: None
    patience: float = 10.0
    """Seconds that ended gradings may take to tidy up."""


@dataclass(frozen=True)
class Done:
    """How a batch ended: how many results are written, of which `reused`; and how many gradings still run, though ended."""

    count: int
    reused: int = 0
    stopped: bool = False
    left_running: int = 0
