"""Tell the verdicts of people from those of the grader, so that reports never fold away what a person wrote."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.result import CheckResult

GIVEN = "points from a person"  # '4 of 5 points from a person: names the curve (+2)'
DECIDED = "a person decided: "
TOGETHER = "decided by a person, together with the check above"
_SAID = re.compile(rf"\d+(?:\.\d+)? of \d+(?:\.\d+)? {GIVEN}|{DECIDED}|{TOGETHER}")


def is_of_person(check: CheckResult) -> bool:
    """Return whether the message of a check is what a person said about it, as `grader.course.decided` puts it."""
    return _SAID.match(check.message) is not None
