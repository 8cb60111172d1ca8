"""Exit statuses of the `grader` command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.course.scores import Standing
    from grader.result import Result

PASSED, LOST, FAILED, INTERRUPTED = 0, 1, 2, 130


def of_results(results: Sequence[Result]) -> int:
    """Return FAILED if a submission could not be graded, LOST if one lost points, else PASSED."""
    if any(result.status == "failed" or any(item.status == "error" for item in result.items) for result in results):
        return FAILED
    return LOST if any(result.lost > 0 for result in results) else PASSED


def of_class(standings: Sequence[Standing]) -> int:
    """Return the exit status for a class, by the same rule as `of_results`."""
    if any(one.status == "failed" or any(item.status == "error" for item in one.items) for one in standings):
        return FAILED
    return LOST if any(one.lost > 0 for one in standings) else PASSED
