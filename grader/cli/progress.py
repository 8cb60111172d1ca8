"""Progress on standard error while one notebook is graded."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from grader.formatting import one_line

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from grader.grading.grade import Progress
    from grader.result import ItemResult


class ProgressLine:
    """Shows progress: on a terminal one line with a clock, which is rewritten; elsewhere one line for each phase."""

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled
        self._bar: Bar | None = None
        self._phase = ""
        self._lock = threading.Lock()  # verdicts come from other threads

    def __call__(self, progress: Progress) -> None:
        """Show the progress of the grading."""
        if not self._enabled:
            return
        progress = replace(progress, detail=one_line(progress.detail))  # it may be a student's file name
        with self._lock:
            if sys.stderr.isatty():
                self._draw(progress)
            elif progress.phase != self._phase:
                print(f"{progress.phase}: {progress.detail}", file=sys.stderr, flush=True)
            self._phase = progress.phase

    def _draw(self, progress: Progress) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            words = TextColumn("{task.fields[phase]}"), TextColumn("{task.fields[detail]}", markup=False)
            columns = (SpinnerColumn(), words[0], MofNCompleteColumn(), words[1], TimeElapsedColumn())
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._bar.add_task("", phase="", detail="")
            self._bar.start()
        self._bar.update(
            self._bar.task_ids[0],
            completed=progress.done,
            total=progress.total,
            phase=progress.phase,
            detail=progress.detail,
        )

    def verdict(self, item: ItemResult) -> None:
        """Print the final verdict on an item; on a terminal it stays above the progress line."""
        if not self._enabled:
            return
        from grader.reports.terminal import verdict_line

        line = verdict_line(item)
        with self._lock:
            if self._bar is not None:
                self._bar.console.print(line, highlight=False, markup=False)
            else:
                print(line, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Remove the progress line."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        self._phase = ""
