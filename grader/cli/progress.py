"""Progress on standard error while one notebook is graded: never silent for long."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from grader.formatting import one_line
from grader.grading.progress import Progress
from grader.language import said, tr

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from grader.result import ItemResult

PAUSE = 1.7  # seconds between two lines of a log while nothing else is printed
LONG = 60.0  # seconds after which a log needs no line every two seconds
LONG_PAUSE = 10.0
MOST = 60  # characters of a step's description in a log


class ProgressLine:
    """Shows progress: on a terminal one line with a clock, which is rewritten; elsewhere lines with the seconds.

    `verdicts` shows verdicts as they are final, which a log leaves to the report. It may be used with `with`, and
    again after it was closed.
    """

    def __init__(self, enabled: bool, verdicts: bool = True) -> None:
        self._enabled, self._verdicts = enabled, verdicts
        self._bar: Bar | None = None
        self._now: Progress | None = None
        self._phase, self._began, self._said = "", 0.0, 0.0
        self._final = 0
        self._lock = threading.RLock()  # verdicts come from other threads
        self._over = threading.Event()
        self._beat: threading.Thread | None = None

    @property
    def on_terminal(self) -> bool:
        """True if progress is drawn on a terminal."""
        return self._enabled and sys.stderr.isatty()

    def start(self, detail: str) -> None:
        """Show that the work begins, before anything is known about it."""
        self(Progress("read", 0, 1, detail))

    def __call__(self, progress: Progress) -> None:
        """Show the progress of the grading."""
        if not self._enabled:
            return
        progress = replace(progress, detail=one_line(_detail(progress.detail)))  # it may be a student's file name
        with self._lock:
            if self._beat is None:
                self._begin()
            self._now = progress
            if self.on_terminal:
                self._draw(progress)
            elif progress.phase != self._phase:
                self._say(progress)
            self._phase = progress.phase

    def _begin(self) -> None:
        self._began = self._said = time.monotonic()
        self._over = threading.Event()
        if not self.on_terminal:  # a terminal shows a clock
            self._beat = threading.Thread(target=self._beats, args=(self._over,), name="grader-progress", daemon=True)
            self._beat.start()

    def _beats(self, over: threading.Event) -> None:
        while not over.wait(0.1):
            with self._lock:
                pause = PAUSE if time.monotonic() - self._began < LONG else LONG_PAUSE
                if not over.is_set() and self._now is not None and time.monotonic() - self._said >= pause:
                    self._say(self._now)

    def _say(self, progress: Progress) -> None:
        """Print a line for a log."""
        self._said = time.monotonic()
        of = f" {_of(progress)}" if _of(progress) else ""
        judged = "; " + tr("{count} judged", count=self._final) if self._final else ""
        detail = progress.detail if len(progress.detail) <= MOST else progress.detail[: MOST - 1] + "…"
        line = f"[{self._said - self._began:3.0f} s] {doing(progress.phase)}{of}: {detail}{judged}"
        print(line, file=sys.stderr, flush=True)

    def _draw(self, progress: Progress) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import Progress as Bar
            from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
            from rich.table import Column

            console = Console(stderr=True)
            spinner = SpinnerColumn("dots" if console.encoding.lower().startswith("utf") else "line")
            phase = TextColumn("{task.fields[phase]}", markup=False)
            detail = TextColumn(
                "{task.fields[detail]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)
            )
            of = TextColumn("{task.fields[of]}")
            columns = (spinner, phase, of, TimeElapsedColumn(), detail)
            self._bar = Bar(*columns, console=console, transient=True, expand=True)
            self._bar.add_task("", phase="", of="", detail="")
            self._bar.start()
        self._bar.update(
            self._bar.task_ids[0],
            of=_of(progress),
            phase=doing(progress.phase),
            detail=progress.detail,
        )

    def verdict(self, item: ItemResult) -> None:
        """Print the final verdict on an item; on a terminal it stays above the progress line."""
        from grader.reports.terminal import verdict_line

        self._final += 1
        if self._verdicts:
            self.say(verdict_line(item))

    def so_far(self, item: ItemResult, why: str) -> None:
        """Print a verdict that is not final; `why` says what is still to be done."""
        from grader.reports.terminal import provisional_line

        self.say(provisional_line(item, why))

    def say(self, line: str) -> None:
        """Print a line, which stays."""
        if not self._enabled:
            return
        with self._lock:
            self._said = time.monotonic()
            if self._bar is not None:
                self._bar.console.print(one_line(line), highlight=False, markup=False, emoji=False)
            else:
                print(one_line(line), file=sys.stderr, flush=True)

    def close(self) -> None:
        """Remove the progress line."""
        self._over.set()
        with self._lock:
            if self._bar is not None:
                self._bar.stop()
                self._bar = None
            self._now, self._beat, self._phase, self._final = None, None, "", 0


def _of(progress: Progress) -> str:
    """Return which step of how many is done now; '' if it is the only one."""
    if not progress.done < progress.total > 1:
        return ""
    return tr("{number} of {count}", number=progress.done + 1, count=progress.total)


def _detail(detail: str) -> str:
    return tr("checking") if detail == "checking" else said(detail)


def doing(phase: str) -> str:
    """Return in a word what is done in a phase."""
    return {"read": tr("reading"), "run": tr("running"), "probe": tr("probing"), "check": tr("judging")}[phase]
