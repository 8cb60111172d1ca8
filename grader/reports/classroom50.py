"""Write a result as Classroom 50's `result.json`, schema `classroom50/result/v1`.

Its points are whole numbers, so that ours, which have two decimals, are written as hundredths of a point.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.files import escape_unprintable
from grader.formatting import one_line
from grader.reports.audience import for_students

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grader.reports.visibility import Level
    from grader.result import CheckResult, Result

SCHEMA = "classroom50/result/v1"
SCALE = 100


@dataclass(frozen=True)
class Submission:
    """Facts of Classroom 50 about a submission; its runner sets `owner` and the type of the assignment itself."""

    classroom: str
    assignment: str
    tag: str
    commit: str
    release: str
    review: str


def submission_from(environment: Mapping[str, str]) -> Submission:
    """Return what the environment of an `autograder.py` says about the submission."""
    commit = environment.get("COMMIT_URL", "")
    return Submission(
        environment.get("CLASSROOM", ""),
        environment.get("ASSIGNMENT", ""),
        environment.get("SUBMISSION_TAG", ""),
        commit,
        environment.get("RELEASE_URL", ""),
        environment.get("REVIEW_URL", "") or commit,
    )


def classroom50_result(
    result: Result, submission: Submission, when: str, level: Level = "visible"
) -> dict[str, object]:
    """Return the content of `result.json`. `when` is a time in UTC, as 2026-11-29T17:00:00Z.

    `level` says which checks students may see: the release is theirs.
    """
    result = for_students(result, level)
    return {
        "schema": SCHEMA,
        "classroom": submission.classroom,
        "assignment": submission.assignment,
        "submission": submission.tag,
        "commit": submission.commit,
        "release": submission.release,
        "review": submission.review,
        "datetime": when,
        "score": _scaled(result.confirmed),
        "max-score": _scaled(result.max_score),
        "tests": [_test(check) for item in result.items for check in item.checks],
    }


def classroom50_document(result: Result, submission: Submission, when: str, level: Level = "visible") -> str:
    """Return the text of `result.json`; the arguments are those of `classroom50_result`."""
    plain = classroom50_result(result, submission, when, level)
    return escape_unprintable(json.dumps(plain, indent=1, ensure_ascii=False)) + "\n"


def _test(check: CheckResult) -> dict[str, object]:
    score, most = _scaled(check.confirmed), _scaled(check.max_score)
    return {
        "test-name": check.id,
        "passed": check.status == "pass",
        "score": score,
        "max-score": most,
        "status": check.status,
        "message": one_line(check.message),
    }


def _scaled(points: float) -> int:
    return round(points * SCALE)
