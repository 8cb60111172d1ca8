"""Judge checks again for a page of the desk, with the assignment that is used here."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from grader.grading.replay import Replay, ReplayError, replay

if TYPE_CHECKING:
    from grader.assignment import Assignment
    from grader.result import Result


def replayed(result: Result, check: str) -> Replay:
    """Return the verdict of a check then and now. Raises ReplayError."""
    return replay(result, assignment_here(), check)


@lru_cache(maxsize=1)
def assignment_here() -> Assignment:
    """Return the assignment that commands use if none is named. Raises ReplayError if there is none."""
    from grader.assignment import AssignmentError, default_assignment, load_assignment

    try:
        return load_assignment(default_assignment())
    except AssignmentError as error:
        raise ReplayError(str(error)) from None
