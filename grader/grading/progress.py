"""The progress of a grading, as it is reported while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from grader.result import ItemResult


@dataclass(frozen=True)
class Progress:
    """The progress of a grading: `done` of `total` steps of a phase, and the current step in words."""

    phase: Literal["read", "run", "probe", "check"]
    done: int
    total: int
    detail: str


Report: TypeAlias = Callable[[Progress], None]
SoFar: TypeAlias = "Callable[[ItemResult, str], None]"  # an item's verdict so far, and why that is not final
