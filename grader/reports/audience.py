"""Leave out of what students see what only an instructor needs.

That are facts and remarks on answers, grounds for suspicion, and checks that are not for students, or not yet.
"""

from __future__ import annotations

import re
from dataclasses import replace

from grader.reports.visibility import Level, shown
from grader.result import CheckResult, Result

LOOKS = "a person looks at this"
_FOR_INSTRUCTORS = re.compile(r"^\d+ records of the run are left out")  # of the notes, see grader.grading.notes


def for_reader(result: Result) -> Result:
    """Return the result as its reader may see it: as students may if it is a student's own check, else as it is."""
    return for_students(result) if result.advisory else result


def for_students(result: Result, level: Level = "visible") -> Result:
    """Return the result as students may see it, without facts, remarks and suspicions; what waits for a person does.

    `level` says which checks they may see: those of which time was reached, see `grader.reports.visibility`.
    """
    result = shown(result, level)
    items = tuple(replace(item, checks=tuple(map(_for_student, item.checks))) for item in result.items)
    return replace(result, items=items, notes=tuple(n for n in result.notes if not _FOR_INSTRUCTORS.match(n)))


def _for_student(check: CheckResult) -> CheckResult:
    if check.status == "review":  # its hint is a remark for the person who decides
        return replace(check, evidence=(), hint="")
    if not check.evidence:
        return check
    return replace(check, evidence=() if check.status == "error" else (LOOKS,))
