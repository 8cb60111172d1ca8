"""Leave out of a self-check what only an instructor needs: facts and remarks on answers, and grounds for suspicion."""

from __future__ import annotations

import re
from dataclasses import replace

from grader.result import CheckResult, Result

LOOKS = "a person looks at this"
_FOR_INSTRUCTORS = re.compile(r"^\d+ records of the run are left out")  # of the notes, see grader.grading.notes


def for_reader(result: Result) -> Result:
    """Return the result as its reader may see it: without facts, remarks and suspicions if it is a student's own check.

    What waits for a person still does.
    """
    if not result.advisory:
        return result
    items = tuple(replace(item, checks=tuple(map(_for_student, item.checks))) for item in result.items)
    return replace(result, items=items, notes=tuple(n for n in result.notes if not _FOR_INSTRUCTORS.match(n)))


def _for_student(check: CheckResult) -> CheckResult:
    if check.status == "review":  # its hint is a remark for the person who decides
        return replace(check, evidence=(), hint="")
    if not check.evidence:
        return check
    return replace(check, evidence=() if check.status == "error" else (LOOKS,))
