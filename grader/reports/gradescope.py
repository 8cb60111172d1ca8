"""Write a result as Gradescope's `results.json`, one test for each check.

The format: gradescope-autograders.readthedocs.io, 'Autograder Specifications'. Gradescope itself keeps tests from
students whose `visibility` is not reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.files import escape_unprintable
from grader.formatting import one_line
from grader.reports.audience import for_students
from grader.reports.markdown import check_details, text
from grader.reports.terminal import total_line

if TYPE_CHECKING:
    from grader.result import CheckResult, CheckStatus, ItemResult, Result

STATUS: dict[CheckStatus, str] = {"pass": "passed", "partial": "failed", "fail": "failed", "skipped": "failed"}


def gradescope_results(
    result: Result, *, score: float | None = None, seconds: float | None = None, comments: tuple[str, ...] = ()
) -> dict[str, object]:
    """Return the content of `results.json`; its `extra_data` says whose it is, and of which notebook.

    `score` is the total where it is another than the result's, such as with a person's marks; `seconds` is what the
    grading took; `comments` are further paragraphs for the student, as plain text. Facts for instructors are left out.
    """
    result = for_students(result, "all")  # Gradescope hides tests, by their visibility
    said = [text(part) for part in (total_line(result), *comments, *result.notes)]
    found: dict[str, object] = {
        "score": round(result.confirmed if score is None else score, 2),
        "output": "\n\n".join(said),
        "output_format": "md",
        "test_output_format": "md",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {
            "assignment": result.assignment,
            "max_score": result.max_score,
            "status": result.status,
            "submission": result.submission.sha256,
            "student": result.student.name,
        },
        "tests": [
            _test(item, check, f"{at}.{number}")
            for at, item in enumerate(result.items, 1)
            for number, check in enumerate(item.checks, 1)
        ],
    }
    if seconds is not None:
        found["execution_time"] = max(0, round(seconds))
    return found


def gradescope_document(
    result: Result, *, score: float | None = None, seconds: float | None = None, comments: tuple[str, ...] = ()
) -> str:
    """Return the text of `results.json`; the arguments are those of `gradescope_results`."""
    import json

    plain = gradescope_results(result, score=score, seconds=seconds, comments=comments)
    return escape_unprintable(json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False)) + "\n"


def _test(item: ItemResult, check: CheckResult, number: str) -> dict[str, object]:
    """Return a test. One that waits for a person, or could not be graded, has neither passed nor failed."""
    test: dict[str, object] = {
        "name": one_line(f"{item.title} ({check.id})"),
        "number": number,
        "score": check.confirmed,
        "max_score": check.max_score,
        "output": check_details(check),
        "tags": [item.id],
        "visibility": check.visibility,
    }
    status = STATUS.get(check.status)
    return test if status is None else test | {"status": status}
