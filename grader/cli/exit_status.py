"""Exit statuses of the `grader` command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.course.scores import Standing
    from grader.result import Result

PASSED, LOST, FAILED, INTERRUPTED = 0, 1, 2, 130


def exit_status(graded: Sequence[Result | Standing]) -> int:
    """Return FAILED if a submission could not be graded, LOST if one lost points, else PASSED."""
    if any(one.status == "failed" or any(item.status == "error" for item in one.items) for one in graded):
        return FAILED
    return LOST if any(one.lost > 0 for one in graded) else PASSED
