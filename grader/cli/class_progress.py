"""Progress of a class: a line for each result, and a status line (live on a terminal, now and then in a pipe)."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.formatting import one_line
from grader.language import said, tr
from grader.reports.terminal import total_line

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

    from grader.course.ingest.submissions import Submission
    from grader.grading.grade import Progress
    from grader.result import Result

EVERY_SECONDS = 30.0  # between two status lines in a pipe
SHOWN = 4  # names of running submissions in the status line


@dataclass(frozen=True)
class Pace:
    """The speed of a batch: `graded` notebooks took `seconds` in all, and `left` are not done yet."""

    graded: int
    seconds: float
    left: int

    def words(self) -> str:
        """Return the rate and the time left, such as '2.5 a minute, about 12 min left'; '' before the first result."""
        if not self.graded or self.seconds <= 0:
            return ""
        rate = self.graded / self.seconds
        if rate * 60 < 100:
            per = tr("{count} a minute", count=f"{rate * 60:.1f}")
        else:
            per = tr("{count} a second", count=f"{rate:.0f}")
        return tr("{rate}, about {time} left", rate=per, time=duration(self.left / rate)) if self.left else per


def duration(seconds: float) -> str:
    """Return a duration in words: '40 s', '12 min', '3 h 20 min'."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


class ClassProgress:
    """Writes results to standard output, and the status line to standard error.

    One thread calls everything but `step`. With `queues`, a submission that was started counts as queued until its
    first step is reported.
    """

    def __init__(self, total: int, queues: bool = False) -> None:
        self._queues = queues
        self._total, self._done, self._reused = total, 0, 0
        self._began = self._told = time.monotonic()
        self._running: dict[str, str] = {}
        self._lock = threading.Lock()
        self._stopping = False
        self._live: Live | None = None
        self._terminal = sys.stderr.isatty()

    def started(self, submission: Submission) -> None:
        """Note that a grading has started."""
        with self._lock:
            self._running[submission.name] = ""
        if self._terminal and self._live is None:
            self._open()

    def step(self, submission: Submission, progress: Progress) -> None:
        """Note the progress of one grading. The threads that grade call this."""
        where = f"{progress.phase} {progress.done}/{progress.total}" if progress.total > 1 else progress.phase
        with self._lock:
            if submission.name in self._running:
                self._running[submission.name] = where

    def ended(self, submission: Submission, result: Result, reused: bool) -> None:
        """Print a result that was written."""
        with self._lock:
            self._running.pop(submission.name, None)
        self._done += 1
        self._reused += reused
        late = "; " + tr("late") if submission.late else ""
        again = "; " + tr("reused") if reused else ""
        self._say(f"[{self._done}/{self._total}] {one_line(submission.name)}: {total_line(result)}{late}{again}")

    def retried(self, submission: Submission, why: str) -> None:
        """Say that a grading was interrupted and starts again."""
        why = one_line(said(why))[:200]
        self._say(f"{one_line(submission.name)}: " + tr("interrupted, graded again ({reason})", reason=why))

    def tick(self, stopping: bool) -> None:
        """Update the display: in a pipe, print the status line now and then."""
        if stopping and not self._stopping:
            self._stopping = True
            with self._lock:
                count = len(self._running)
            if count:
                words = tr(
                    "stopping as soon as the running gradings are done ({count}); interrupt again to stop at once",
                    count=count,
                )
                self.note(words)
        if not self._terminal and time.monotonic() - self._told > EVERY_SECONDS:
            self._told = time.monotonic()
            self.note(self.line())

    def line(self) -> str:
        """Return the status line: how many are done, the rate, the time left, and what is running."""
        with self._lock:
            running = [
                f"{one_line(name)} ({where})" if where else one_line(name)
                for name, where in self._running.items()
                if where or not self._queues
            ]
            queued = len(self._running) - len(running)
        pace = Pace(self._done - self._reused, time.monotonic() - self._began, self._total - self._done).words()
        more = " " + tr("and {count} more", count=len(running) - SHOWN) if len(running) > SHOWN else ""
        now = f"{tr('running:')} {', '.join(running[:SHOWN])}{more}" if running else ""
        sent = tr("{count} queued", count=queued) if queued else ""
        done = tr("{number} of {count}", number=self._done, count=self._total)
        return "; ".join(filter(None, (done, pace, tr("stopping") if self._stopping else "", now, sent)))

    def _say(self, text: str) -> None:
        if self._live is not None and sys.stdout.isatty():
            self._live.console.print(text, markup=False, highlight=False, emoji=False, soft_wrap=True)
        else:
            print(text, flush=True)

    def note(self, text: str) -> None:
        """Print a note that is not a result."""
        if self._live is not None:
            self._live.console.print(said(text), markup=False, highlight=False, emoji=False, soft_wrap=True)
        else:
            print(said(text), file=sys.stderr, flush=True)

    def _open(self) -> None:
        from rich.console import Console
        from rich.live import Live

        console = Console(stderr=not sys.stdout.isatty())
        self._live = Live(
            get_renderable=self._drawn, console=console, refresh_per_second=4, transient=True, redirect_stderr=False
        )
        self._live.start()

    def _drawn(self) -> Text:
        from rich.text import Text

        return Text(self.line(), no_wrap=True, overflow="ellipsis", style="dim")

    def close(self) -> None:
        """Remove the status line."""
        if self._live is not None:
            self._live.stop()
            self._live = None
