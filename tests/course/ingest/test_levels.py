"""The part of a path that says whose file it is, and the folders that submissions lie in."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from grader.course.ingest.context import rosters
from grader.course.ingest.levels import Layout, decisive, levels
from grader.course.ingest.sources import Found

MOODLE = "Jane_1_assignsubmission_file_"
T = "_attempt_2026-11-01-12-00-00"


@pytest.mark.parametrize(
    ("layout", "path", "others", "at"),
    [
        ("canvas", "doejane_12_34_hw.ipynb", [], 0),
        ("canvas", "hw_3_1_submissions/doejane_12_34_hw.ipynb", [], 1),
        ("canvas", "doejane_12_34_work/roe_13_35_hw.ipynb", ["poe_14_36_hw.ipynb"], 0),
        ("canvas", "late/roe_13_35_hw.ipynb", ["poe_14_36_hw.ipynb"], 1),
        ("canvas", "hw.ipynb", ["poe_14_36_hw.ipynb"], None),
        ("blackboard", f"x/HW_jane{T}_a/HW_poe{T}_hw.ipynb", [f"x/HW_poe{T}_hw.ipynb"], 1),
        ("moodle", f"x/{MOODLE}/{MOODLE}hw.ipynb", [], 1),
        ("gradescope", "x/submission_1/submission_2/hw.ipynb", [], 1),
        ("gradescope", "submission_1", [], None),
        ("nbgrader", "submitted/jane/ps1/submitted/poe/ps1/hw.ipynb", [], 1),
        ("nbgrader", "jane/ps1/submitted/poe/ps1/hw.ipynb", ["poe/ps1/hw.ipynb"], 0),
        ("nbgrader", "a/b/submitted/jane/ps1/hw.ipynb", ["a/b/submitted/poe/ps1/hw.ipynb"], 3),
        ("nbgrader", "submitted/jane/hw.ipynb", [], None),
        ("folders", "jane/deep/hw.ipynb", [], 0),
        ("folders", "hw.ipynb", [], None),
        ("plain", "jane/hw.ipynb", [], None),
    ],
)
def test_the_first_part_that_the_system_wrote_decides(
    layout: Layout, path: str, others: list[str], at: int | None
) -> None:
    paths = [PurePosixPath(one) for one in (path, *others)]
    assert decisive(paths[0], layout, levels(paths)) == at


@pytest.mark.parametrize(
    ("prefixes", "assignment"),
    [
        (["HW_3_jdoe", "HW_3_h_mueller"], "HW_3"),
        (["HW_jdoe", "HW_jroe"], "HW"),
        (["HW_jdoe"], ""),
        (["HW1_jdoe", "Project_jdoe"], ""),
        (["HW_jdoe", "HW_jdoe2"], "HW"),
    ],
)
def test_the_assignment_is_what_all_files_of_blackboard_begin_with(prefixes: list[str], assignment: str) -> None:
    found = levels(PurePosixPath(f"{prefix}{T}_hw.ipynb") for prefix in prefixes)
    assert found.assignments == {PurePosixPath(): assignment}


def test_the_outermost_roster_counts_of_those_above_the_submissions() -> None:
    names = ("x/roster.csv", f"x/{MOODLE}/roster.csv", "y/roster.csv", "ROSTER.csv", f"x/{MOODLE}/hw.ipynb")
    own, theirs = rosters([Found(PurePosixPath(name), 1) for name in names], "moodle", tuple)
    assert [str(one.path) for one in own] == ["ROSTER.csv", "x/roster.csv"]
    assert [str(one.path) for one in theirs] == [f"x/{MOODLE}/roster.csv", "y/roster.csv"]
