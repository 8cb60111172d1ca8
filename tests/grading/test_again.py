"""A notebook that is checked again and again: what is graded, and what is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from grader.grading.again import Memory, merged
from grader.notebook.reader import UnreadableNotebook, read_notebook
from grader.result import CheckResult, ItemResult, Result, Submitted, total
from reference.rubric import ASSIGNMENT, RUBRIC

ROOT = Path(__file__).parents[2]
WANTED = tuple(item.id for item in RUBRIC.items)


class Watched:
    """A copy of the solution that is edited, and a record of what is graded."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "hw.ipynb"
        self.path.write_bytes((ROOT / "reference" / "solution.ipynb").read_bytes())
        self.memory, self.graded, self.told = Memory(), list[tuple[str, ...]](), list[tuple[str, ...]]()
        self.status = "pass"

    def edit(self, old: str, new: str) -> None:
        plain = json.loads(self.path.read_text())
        for cell in plain["cells"]:
            cell["source"] = "".join(cell["source"]).replace(old, new)
        self.path.write_text(json.dumps(plain))

    def grade(self, items: Sequence[str]) -> Result:
        self.graded.append(tuple(items))
        try:
            notebook = read_notebook(self.path)
        except UnreadableNotebook as error:
            return Result("a", Submitted("hw.ipynb", ""), 0, 100, "failed", message=str(error))
        score = 1.0 if self.status == "pass" else 0.0
        found = tuple(
            ItemResult(item, item, score, 1, self.status, (CheckResult(f"{item}.x", self.status, score, 1, "seen"),))  # type: ignore[arg-type]
            for item in items
        )
        return total("a", Submitted("hw.ipynb", notebook.sha256), found, {})

    def check(self) -> Result:
        return self.memory.recheck(
            self.path, None, ASSIGNMENT, WANTED, self.grade, lambda items: self.told.append(tuple(items))
        )


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_only_what_changed_is_graded_and_the_rest_is_kept(watched):
    first = watched.check()
    watched.edit("model = CNN().cuda()", "net = model = CNN().cuda()")
    watched.status = "fail"
    second = watched.check()
    assert watched.graded[0] == watched.told[0] == WANTED
    assert "q8" in watched.graded[1]
    assert not {"q1", "q2", "q3", "q4", "q5", "q7", "mlp", "cnn"} & set(watched.graded[1])
    assert [item.id for item in second.items] == list(WANTED)
    assert {item.id for item in second.items if item.status == "fail"} == set(watched.graded[1])
    assert second.score == first.score - len(watched.graded[1])


def test_what_changes_back_is_graded_again(watched):
    watched.check()
    watched.edit("model = CNN().cuda()", "net = model = CNN().cuda()")
    watched.check()
    watched.edit("net = model = CNN().cuda()", "model = CNN().cuda()")
    watched.check()
    assert watched.graded[1] == watched.graded[2]


def test_nothing_is_graded_if_nothing_counts(watched):
    first = watched.check()
    plain = json.loads(watched.path.read_text())
    plain["metadata"]["touched"] = True
    watched.path.write_text(json.dumps(plain))
    assert watched.check() is first
    assert watched.told[1] == ()
    assert len(watched.graded) == 1


def test_a_file_that_is_half_written_changes_nothing_of_what_is_known(watched):
    watched.check()
    whole = watched.path.read_bytes()
    watched.path.write_bytes(whole[: len(whole) // 2])
    assert watched.check().status == "failed"
    watched.path.write_bytes(whole)
    assert watched.check().status == "graded"
    assert watched.told == [WANTED, ()]  # nothing was told of the half


def test_a_file_that_changed_while_it_was_graded_is_not_remembered(watched):
    result = watched.grade(WANTED)
    other = replace(result, submission=Submitted("hw.ipynb", "0" * 64))
    watched.memory.recheck(watched.path, None, ASSIGNMENT, WANTED, lambda _: other, lambda _: None)
    assert watched.memory.result is None


def test_a_merged_result_adds_up(watched):
    old = watched.grade(WANTED)
    watched.status = "fail"
    new = watched.grade(["q3", "q8"])
    both = merged(old, new, WANTED)
    assert both.score == old.score - 2
    assert both.max_score == old.max_score
    assert both.submission == new.submission
