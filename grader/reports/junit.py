"""Write a result as JUnit XML, which GitLab, Jenkins and others show: a suite for each item, a case for each check."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from grader.formatting import clean, number, one_line
from grader.reports.audience import for_students

if TYPE_CHECKING:
    from grader.reports.visibility import Level
    from grader.result import CheckResult, ItemResult, Result

_LOST = ("fail", "partial")
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(result: Result, path: str, level: Level = "visible") -> str:
    """Return the document. `path` names the notebook's file, `level` says which checks may be told.

    What lost points is a failure. What waits for a person, depends on another check or could not be graded is skipped.
    """
    result = for_students(result, level)
    suites = ElementTree.Element("testsuites", name=_text(result.assignment))
    if result.status == "failed":
        suite = _suite(suites, "notebook", 1, errors=1)
        case = _case(suite, "notebook", "graded", path)
        ElementTree.SubElement(case, "error", message=_text(result.message), type="NotGraded")
    for item in result.items:
        _item(suites, item, result.assignment, path)
    for name in ("tests", "failures", "errors", "skipped"):
        suites.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _item(suites: ElementTree.Element, item: ItemResult, assignment: str, path: str) -> None:
    lost = sum(check.status in _LOST for check in item.checks)
    broken = sum(check.status == "error" for check in item.checks)
    skipped = sum(check.status in ("skipped", "not_graded", "review") for check in item.checks)
    suite = _suite(suites, f"{item.id}: {item.title}", len(item.checks), lost, broken, skipped)
    _properties(suite, {"score": number(item.confirmed), "max_score": number(item.max_score)})
    for check in item.checks:
        case = _case(suite, f"{assignment}.{item.id}", check.id, path)
        _properties(
            case, {"score": number(check.confirmed), "max_score": number(check.max_score), "status": check.status}
        )
        _verdict(case, check)


def _verdict(case: ElementTree.Element, check: CheckResult) -> None:
    message = _text(one_line(check.message))
    if check.status in _LOST:
        failure = ElementTree.SubElement(case, "failure", message=message, type=check.status)
        parts = [
            f"seen: {check.message}",
            f"expected: {check.expected}",
            *([f"hint: {check.hint}"] if check.hint else []),
        ]
        points = f"{number(check.score)} of {number(check.max_score)} points"
        failure.text = _text("\n".join([*parts, points]))
    elif check.status == "error":
        ElementTree.SubElement(case, "error", message=message, type="GraderError")
    elif check.status != "pass":
        ElementTree.SubElement(case, "skipped", message=message)


def _suite(
    suites: ElementTree.Element, name: str, tests: int, failures: int = 0, errors: int = 0, skipped: int = 0
) -> ElementTree.Element:
    counts = {"tests": tests, "failures": failures, "errors": errors, "skipped": skipped}
    given = {key: str(value) for key, value in counts.items()}
    return ElementTree.SubElement(suites, "testsuite", {"name": _text(one_line(name)), "time": "0", **given})


def _case(suite: ElementTree.Element, classname: str, name: str, path: str) -> ElementTree.Element:
    given = {"classname": classname, "name": name, "file": path}
    return ElementTree.SubElement(suite, "testcase", {key: _text(value) for key, value in given.items()}, time="0")


def _properties(parent: ElementTree.Element, values: dict[str, str]) -> None:
    properties = ElementTree.SubElement(parent, "properties")
    for name, value in values.items():
        ElementTree.SubElement(properties, "property", name=name, value=value)


def _text(text: str) -> str:
    """Return text with the characters alone that XML can hold."""
    return _NO_XML.sub("\ufffd", clean(text))
