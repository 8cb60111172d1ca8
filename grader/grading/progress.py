"""The progress of a grading, as it is reported while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True)
class Progress:
    """The progress of a grading: `done` of `total` steps of a phase, and the current step in words."""

    phase: Literal["read", "run", "probe", "check"]
    done: int
    total: int
    detail: str


Report: TypeAlias = Callable[[Progress], None]
