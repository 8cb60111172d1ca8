"""Whole gradings, on real kernels and real images: the samples score what their README says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

import grader
from grader.assignment import AssignmentError, load_assignment
from grader.grading.grade import Progress
from grader.grading.replay import replay
from grader.reports.schema import result_schema
from grader.result import Result
from grader.sandbox.limits import Limits
from reference.rubric import ASSIGNMENT, RUBRIC

pytestmark = pytest.mark.usefixtures("warm")
ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "submissions"
WRITTEN = {"q4", "q6", "q9", "q10"}
LIMITS = Limits(cell_seconds=240)
ENDLESS = Limits(
    cell_seconds=45
)  # for the sample with an endless cell: its longest honest one takes 15 s on a free core


def expected_scores() -> dict[str, dict[str, float]]:
    """Return the table of submissions/README.md: file -> item -> score, for the items that lose points."""
    rows = re.findall(r"^\| `([^`]+)` \|.*\| ([^|]*) \|$", (SAMPLES / "README.md").read_text(), re.MULTILINE)
    return {name: {item: float(score) for item, score in re.findall(r"`(\w+)` ([\d.]+)", cell)} for name, cell in rows}


EXPECTED = expected_scores()
# The others take as long and differ less: see `exhaustive` in pyproject.toml.
ALWAYS = {"faked_output.ipynb"}
GRADED = [pytest.param(name, marks=[] if name in ALWAYS else [pytest.mark.exhaustive]) for name in sorted(EXPECTED)]


def test_the_readme_has_a_row_for_every_sample():
    files = {path.name for path in SAMPLES.iterdir() if path.suffix in (".ipynb", ".py")}
    assert set(EXPECTED) == files
    assert len(files) >= 21
    assert files >= ALWAYS


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", GRADED)
def test_a_sample_scores_what_its_readme_says(name):
    limits = ENDLESS if name.startswith("broken") else LIMITS
    result = grader.grade(SAMPLES / name, sample=True, device="virtual", limits=limits)
    assert_scores(result, EXPECTED[name])


def assert_scores(result: Result, lost: dict[str, float]) -> None:
    seen = {item.id: (item.status, item.score) for item in result.items}
    wanted = {}
    for item in RUBRIC.items:
        if item.id in WRITTEN:
            wanted[item.id] = ("review", seen[item.id][1])
        elif item.id in lost:
            wanted[item.id] = ("partial" if lost[item.id] else "fail", lost[item.id])
        else:
            wanted[item.id] = ("pass", item.points)
    assert seen == wanted, [
        check for item in result.items for check in item.checks if check.status in ("fail", "partial")
    ]
    assert replay(result, ASSIGNMENT, "all").same  # the kept evidence gives the same verdicts


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_solution_scores_all_points_and_shows_progress():
    phases: list[Progress] = []
    result = grader.grade(ROOT / "reference" / "solution.ipynb", sample=True, device="virtual", progress=phases.append)
    assert_scores(result, {})
    assert (result.score, result.ungraded, result.provisional) == (100, 0, 20)
    assert list(dict.fromkeys(progress.phase for progress in phases)) == ["read", "run", "probe", "check"]
    jsonschema.validate(json.loads(json.dumps(result.to_dict())), result_schema())


def test_the_handed_out_notebook_earns_nothing_for_what_is_not_done():
    result = grader.grade(ROOT / "reference" / "assignment.ipynb", sample=True, device="virtual")
    scores = {item.id: item.score for item in result.items}
    assert result.status == "graded"
    assert {item: score for item, score in scores.items() if score} == {}
    answers = [check for item in result.items for check in item.checks if check.id.endswith(".answer")]
    assert all(check.status == "fail" for check in answers)


def test_without_a_gpu_its_items_are_not_graded():
    result = grader.grade(ROOT / "reference" / "assignment.ipynb", sample=True, device="cpu")
    ungraded = [item for item in result.items if item.status == "not_graded"]
    assert [item.id for item in ungraded] == ["q5", "q8"]
    assert {check.message for item in ungraded for check in item.checks} == {"not graded: no GPU here"}
    assert sum(item.max_score for item in ungraded) == 18


def test_unreadable_files_are_failed_results(tmp_path):
    path = tmp_path / "empty.ipynb"
    path.write_text("")
    result = grader.grade(path)
    assert (result.status, result.score, result.items) == ("failed", 0, ())
    assert "empty" in result.message


def test_mistakes_of_the_caller_raise():
    with pytest.raises(AssignmentError, match="no assignment"):
        load_assignment("no_such_course")
    with pytest.raises(AssignmentError, match="defines no ASSIGNMENT"):
        load_assignment("tests.grading.no_assignment")
    with pytest.raises(KeyError, match="there are mlp"):
        grader.grade(ROOT / "reference" / "solution.ipynb", only="q99")
