"""The time limits of one grading, step by step, and what its result says if it took longer."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from grader.grading.messages import MAX_RESULT, Report
from grader.sandbox.limits import Limits, in_words

STARTING_SECONDS = 300.0  # until a new worker begins: it imports torch, on a machine that may be busy
_DOING = {
    "read": "reading the file",
    "run": "running the notebook",
    "probe": "probing its models and loops",
    "check": "checking the evidence",
}
_ORDINARY = "if the notebook looks ordinary, your instructor can report this"


def doing(phase: str) -> str:
    """Return what the grader does in a phase, in words."""
    return _DOING.get(phase, "starting")


@dataclass
class Patience:
    """The clock of one grading. `now` is a time on one monotonic clock, in seconds.

    The grading as a whole has the notebook's own time and the allowances for reading, probing and checking. Reading and
    checking have limits of their own, even while the whole has time left.
    """

    limits: Limits
    began: float
    step: Report | None = None
    since: float = 0.0

    def note(self, step: Report, now: float) -> None:
        """Note that the grading reported a step."""
        before = self.step
        if before is None:
            self.began = self.since = now
        if before is None or _stage(before) != _stage(step):
            self.since = now
        self.step = step

    def overrun(self, now: float) -> str:
        """Return why the grading must end, as a sentence for its result; '' while it may go on."""
        step, limits = self.step, self.limits
        if step is None:
            late = now - self.began > STARTING_SECONDS
            return f"the grader's worker process did not start within {STARTING_SECONDS:g} s" if late else ""
        took = now - self.since
        if _stage(step) == "read" and took > limits.reading_seconds:
            return (
                f"reading this file took the grader more than {limits.reading_seconds:g} s, so it gave up: clear the "
                f"outputs, remove very long lines and generated text, and submit again; {_ORDINARY}"
            )
        if _stage(step) in ("check", "first checks") and took > limits.checking_seconds:
            return (
                f"checking this notebook took the grader more than {limits.checking_seconds:g} s, so it gave up: "
                f"remove very long texts, names and numbers from cells and outputs, and submit again; {_ORDINARY}"
            )
        if now - self.began > allowance(limits):
            return (
                f"grading this notebook took more than {allowance(limits):g} s in all, so the grader gave up while it "
                f"was {doing(step.phase)}: make the notebook faster, and submit again; {_ORDINARY}"
            )
        return ""

    @property
    def phase(self) -> str:
        """The phase that was reported last, '' for none."""
        return self.step.phase if self.step is not None else ""


def _stage(step: Report) -> str:
    """Return the part of the grading that a step belongs to, as far as limits differ."""
    if step.phase == "read":
        return "first checks" if step.done else "read"  # written answers can be checked before the notebook runs
    return step.phase


def allowance(limits: Limits) -> float:
    """Return the seconds that a grading may take in all."""
    kernels = 2 * limits.startup_seconds
    return limits.total_seconds + limits.reading_seconds + limits.probing_seconds + limits.checking_seconds + kernels


def out_of_memory(limits: Limits, phase: str) -> str:
    """Return that the grader's process used too much memory, as a sentence for a result."""
    return (
        f"the grader needed more than {in_words(limits.grading_memory_bytes)} of memory while it was {doing(phase)}, "
        f"so it gave up: clear the outputs, remove generated text and very large models, and submit again; {_ORDINARY}"
    )


def too_large() -> str:
    """Return that a result is too large, as a sentence for the result that takes its place."""
    return (
        f"the report on this notebook would be larger than {in_words(MAX_RESULT)}: split it, or remove cells that do "
        f"not belong to the assignment, and submit again; {_ORDINARY}"
    )


def died(status: int | None, phase: str) -> str:
    """Return that the worker process ended by itself, as a sentence for a result. `status` is as of subprocess."""
    how = f"exit status {status}"
    if status is not None and status < 0:
        try:
            how = signal.Signals(-status).name
        except ValueError:
            how = f"signal {-status}"
    cause = "; most likely the machine ran out of memory" if status == -signal.SIGKILL else ""
    return f"the grader's own process ended ({how}) while it was {doing(phase)}{cause}; {_ORDINARY}"
