"""A watch of a batch that only remembers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Watching:
    """What a batch told: names that started, (name, reused) that ended, (name, why) that were tried again."""

    on_end: Callable[[], Any] = lambda: None
    began: list[str] = field(default_factory=list)
    over: list[tuple[str, bool]] = field(default_factory=list)
    again: list[tuple[str, str]] = field(default_factory=list)

    def started(self, submission: Any) -> None:
        self.began.append(submission.name)

    def ended(self, submission: Any, result: Any, reused: bool) -> None:
        self.over.append((submission.name, reused))
        self.on_end()

    def retried(self, submission: Any, why: str) -> None:
        self.again.append((submission.name, why))

    def tick(self, stopping: bool) -> None:
        pass
