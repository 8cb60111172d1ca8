"""Collect the checks of a notebook as tests, and say what each found."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from grader.answer_key.file import is_bundle
from grader.assignment import default_assignment, load_assignment
from grader.errors import GraderError
from grader.formatting import clean, number, one_line
from grader.grading.messages import Terms
from grader.grading.once import seed_for
from grader.machine import usable_cores
from grader.pytest_plugin.shared import result_of
from grader.reports.visibility import Level, is_shown, shown
from grader.sandbox.limits import Limits

if TYPE_CHECKING:
    from _pytest._code.code import ExceptionInfo, TerminalRepr

    from grader.assignment import Check, Item
    from grader.result import CheckResult, Result


class CheckFailed(Exception):
    """Raised by a test whose check lost points; the message is what was seen, expected and the hint."""


class NotebookFile(pytest.File):
    """A notebook, whose tests are the checks of the assignment's rubric."""

    def collect(self) -> Iterator[CheckTest]:
        """Yield a test for each check that may be told. The notebook is not read yet."""
        sys.path.insert(0, str(self.config.invocation_params.dir))  # an assignment's package may stand there
        try:
            name = self.config.getoption("--grader-assignment") or default_assignment(self.path.parent)
            rubric = load_assignment(name).rubric
        except GraderError as error:
            raise self.CollectError(one_line(str(error))) from None
        wanted = self.config.getoption("--grader-visibility") or ("visible" if is_bundle(name) else "all")
        level = cast("Level", wanted)
        terms = _terms(self.config, name)
        for item in rubric.items:
            for check in item.checks:
                if is_shown(check.visibility, level):
                    yield CheckTest.from_parent(self, name=check.id, item=item, check=check, terms=terms, level=level)


class CheckTest(pytest.Item):
    """A check of a notebook. It passes with all points, fails with fewer, and is skipped if it cannot tell."""

    def __init__(self, *, item: Item, check: Check, terms: Terms, level: Level, **more: Any) -> None:
        super().__init__(**more)
        self._item, self._check, self._terms, self._level = item, check, terms, level
        self.extra_keyword_matches.add(item.id)
        self.add_marker(pytest.mark.xdist_group(str(self.path)))  # for --dist loadgroup

    def runtest(self) -> None:
        """Judge the check. Raises CheckFailed, and GraderError if the notebook could not be graded."""
        result = shown(result_of(self.config, self.path, self._terms), self._level)
        if result.status == "failed":
            raise GraderError(one_line(result.message))
        check = _find(result, self._check.id)
        self.user_properties += [
            ("grader_notebook", self.nodeid.split("::")[0]),
            ("item", self._item.id),
            ("status", check.status),
            ("points", number(check.score)),
            ("max_points", number(check.max_score)),
        ]
        if check.status in ("fail", "partial"):
            raise CheckFailed(explained(check))
        if check.status == "error":
            raise GraderError(clean(check.message))
        if check.status == "review":
            pytest.skip(f"a person decides: {one_line(check.message)}")
        if check.status != "pass":
            pytest.skip(one_line(check.message))

    def repr_failure(self, excinfo: ExceptionInfo[BaseException], style: Any = None) -> str | TerminalRepr:
        """Return what is shown for a failure: of a check its findings alone, no traceback of the grader."""
        if isinstance(excinfo.value, (CheckFailed, GraderError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the test stands and what it is called."""
        return self.path, None, f"{self._check.id}: {one_line(self._check.text)}"


def explained(check: CheckResult) -> str:
    """Return what was seen, what was expected, the hint and the points, each on a line."""
    parts = [f"seen:     {clean(check.message)}"]
    parts += [f"expected: {clean(check.expected)}"] if check.expected else []
    parts += [f"hint:     {clean(check.hint)}"] if check.hint else []
    return "\n".join([*parts, f"points:   {number(check.score)} of {number(check.max_score)}"])


def points_of(reports: Iterable[object]) -> Iterator[str]:
    """Yield a line for each notebook with the points of the checks that ran."""
    points: dict[str, tuple[float, float]] = {}
    for report in reports:
        said = dict(getattr(report, "user_properties", ()))
        if getattr(report, "when", "") == "call" and "grader_notebook" in said:
            score, most = points.get(said["grader_notebook"], (0.0, 0.0))
            points[said["grader_notebook"]] = score + float(said["points"]), most + float(said["max_points"])
    for notebook, (score, most) in sorted(points.items()):
        yield f"{one_line(notebook)}: {number(score)} of {number(most)} points for the checks that ran"


def _find(result: Result, name: str) -> CheckResult:
    return next(check for item in result.items for check in item.checks if check.id == name)


def _terms(config: pytest.Config, assignment: str) -> Terms:
    option = config.getoption
    return Terms(
        assignment,
        Limits(),
        str(Path(option("--grader-data")).resolve()) if option("--grader-data") else "",
        option("--grader-sample"),
        option("--grader-device"),
        option("--grader-isolation"),
        seed=seed_for(assignment),
        cores=usable_cores(),
    )
