"""A trial of another limit: the class is judged again from the kept evidence, in a thread, while pages show how far."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from grader.course.limits import Moved, Unknown, apply_limits, moved_by
from grader.course.store import Store
from grader.errors import GraderError

if TYPE_CHECKING:
    from grader.assignment import Assignment

_TRIALS: dict[Path, LimitTrial] = {}


@dataclass
class LimitTrial:
    """A trial. `judged` of `total` submissions are judged; `problem` says why it ended early, if it did."""

    limits: Mapping[str, float]
    judged: int = 0
    total: int = 0
    done: bool = False
    problem: str = ""
    moved: list[Moved] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    stopped: bool = False

    @property
    def words(self) -> str:
        """The limits, in words: 'mlp.loss.10=0.4'."""
        return ", ".join(f"{name}={value:g}" for name, value in self.limits.items())

    @classmethod
    def begin(cls, folder: Path, assignment: Assignment, limits: Mapping[str, float]) -> LimitTrial:
        """Begin a trial on the class in a folder, and end the one before."""
        before = _TRIALS.get(folder)
        if before is not None:
            before.stopped = True
        trial = _TRIALS[folder] = cls(limits)
        threading.Thread(target=trial._run, args=(folder, assignment), daemon=True).start()
        return trial

    def _run(self, folder: Path, assignment: Assignment) -> None:
        try:
            with Store(folder, create=False) as store:
                for one in moved_by(store, assignment, self.limits, self._progress):
                    (self.moved if isinstance(one, Moved) else self.unknown).append(one)  # type: ignore[arg-type]
        except _Stopped:
            return
        except GraderError as error:
            self.problem = f"{error}."
        except Exception as error:
            self.problem = f"The trial failed ({type(error).__name__}); please report it."
        self.done = True

    def _progress(self, judged: int, total: int) -> None:
        self.judged, self.total = judged, total
        if self.stopped:
            raise _Stopped

    def apply(self, store: Store, by: str, reason: str) -> tuple[str, ...]:
        """Let its verdicts count; see `grader.course.limits.apply_limits`."""
        return apply_limits(store, self.moved, by, reason)


class _Stopped(Exception):
    """Another trial has begun."""


def trial_of(folder: Path) -> LimitTrial | None:
    """Return the last trial on the class in a folder, or None."""
    return _TRIALS.get(folder)
