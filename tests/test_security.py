"""The list of points that rest on a claim names checks of the rubric, with their points."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from reference.rubric import RUBRIC

TEXT = (Path(__file__).parents[1] / "SECURITY.md").read_text(encoding="utf-8")


def claims() -> list[dict[str, str]]:
    (block,) = re.findall(r"```text\n(check,.*?)```", TEXT, re.DOTALL)
    return list(csv.DictReader(block.splitlines()))


def test_the_list_of_claims_is_that_of_the_rubric() -> None:
    points = {check.id: check.points for item in RUBRIC.items for check in item.checks}
    listed = [(row["check"], float(row["points"])) for row in claims()]
    assert len(dict(listed)) == len(listed) > 30
    assert [(check, points.get(check)) for check, _ in listed] == listed
    order = [check for check in points if check in dict(listed)]
    assert [check for check, _ in listed] == order


def test_each_claim_says_how_far_it_is_checked() -> None:
    for row in claims():
        assert row["checked"] in ("unchecked", "bounded"), row
        assert row["claim"], row
        assert None not in row, row
