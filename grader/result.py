"""The result of grading one submission: plain data, written atomically as soon as it exists."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from grader.rubric import ItemResult

SCHEMA = "grader-result/1"

Environment = Mapping[str, str | float | Mapping[str, str | float | None] | None]

_ORDER = (
    "schema",
    "assignment",
    "submission",
    "score",
    "max_score",
    "provisional",
    "ungraded",
    "status",
    "message",
    "notes",
    "environment",
    "items",
)


@dataclass(frozen=True)
class Submitted:
    """The submission: the notebook's file name and the SHA-256 of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Result:
    """One graded submission.

    `score` holds the points earned so far; `provisional` is the part of it that a person has yet to confirm, and `ungraded`
    the points of items that this machine could not grade. `status` is 'failed' when the submission could not be graded at
    all, and `message` then says why. `notes` are repairs of the file and remarks on the run.
    """

    assignment: str
    submission: Submitted
    score: float
    max_score: float
    status: Literal["graded", "needs_review", "failed"]
    items: tuple[ItemResult, ...] = ()
    environment: Environment = field(default_factory=dict)
    provisional: float = 0.0
    ungraded: float = 0.0
    message: str = ""
    notes: tuple[str, ...] = ()
    schema: str = SCHEMA

    @property
    def lost(self) -> float:
        """The points that failed checks cost: not what a person has yet to read, nor what was not graded."""
        checks = (check for item in self.items for check in item.checks)
        return round(sum(c.max_score - c.score for c in checks if c.status in ("fail", "partial", "skipped")), 2)

    def to_dict(self) -> dict[str, object]:
        """The result as JSON data, in the order of the documented schema."""
        plain = asdict(self)
        return {key: plain[key] for key in _ORDER}

    def write(self, path: Path) -> None:
        """Write the result as JSON, atomically: a reader sees the old file or the new one, never half of one."""
        write_atomically(path, json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_atomically(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path` by way of a temporary file beside it. Lone surrogates are replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def total(
    assignment: str,
    submission: Submitted,
    items: tuple[ItemResult, ...],
    environment: Environment,
    notes: tuple[str, ...] = (),
) -> Result:
    """Add up judged items to a result."""
    ungraded = sum(
        check.max_score - check.score
        for item in items
        for check in item.checks
        if check.status in ("not_graded", "error")
    )
    open_items = any(check.status in ("review", "error") for item in items for check in item.checks)
    return Result(
        assignment=assignment,
        submission=submission,
        score=round(sum(item.score for item in items), 2),
        max_score=round(sum(item.max_score for item in items), 2),
        status="needs_review" if open_items else "graded",
        items=items,
        environment=environment,
        provisional=round(sum(item.provisional for item in items), 2),
        ungraded=round(ungraded, 2),
        notes=notes,
    )
