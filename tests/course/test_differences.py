"""What differs between two results: cells and verdicts."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from grader.course.differences import cell_changes, difference
from grader.notebook.cells import Cell
from grader.reports.evidence import dump_evidence
from grader.result import CheckResult, Digests, ItemResult, Result, Submitted
from tests.conftest import empty_evidence


def cells(*sources: str) -> tuple[Cell, ...]:
    return tuple(Cell(place, "code", source) for place, source in enumerate(sources))


def result(score: float, *sources: str, **digests: str) -> Result:
    check = CheckResult("q1.text", "pass" if score else "fail", score, 5, f"{score:g} lines")
    same = CheckResult("q1.more", "pass", 1, 1, "more")
    item = ItemResult("q1", "Text", score + 1, 6, "pass", (check, same))
    seen = replace(empty_evidence(), notebook=replace(empty_evidence().notebook, cells=cells(*sources)))
    kept = dump_evidence(seen)
    made = Result("tiny", Submitted("a.ipynb", "ab"), score + 1, 6, "graded", (item,), digests=Digests(**digests))
    return replace(made, kept=kept, evidence=hashlib.sha256(kept).hexdigest())


def test_a_changed_cell_is_shown_line_by_line() -> None:
    found, same = cell_changes(cells("a = 1", "b = 2\nprint(b)", "c"), cells("a = 1", "b = 3\nprint(b)", "c"))
    assert same == 2
    (change,) = found
    assert (change.before, change.after) == (1, 1)
    assert [(line.mark, line.text) for line in change.lines] == [
        ("removed", "b = 2"), ("added", "b = 3"), ("same", "print(b)")
    ]  # fmt: skip


def test_cells_that_were_put_in_taken_out_or_split_are_told_apart() -> None:
    found, same = cell_changes(cells("a", "b"), cells("a", "new", "b"))
    assert ([(one.before, one.after) for one in found], same) == ([(None, 1)], 2)
    found, same = cell_changes(cells("a", "gone", "b"), cells("a", "b"))
    assert ([(one.before, one.after) for one in found], same) == ([(1, None)], 2)
    found, _ = cell_changes(cells("x = 1\ny = 2\nz = 3\nw = 4"), cells("import os", "x = 1\ny = 2\nz = 4"))
    assert [(one.before, one.after) for one in found] == [(None, 0), (0, 1)]


def test_a_cell_that_became_text_is_no_changed_cell() -> None:
    text = (Cell(0, "markdown", "a = 1\nb = 2"), Cell(1, "code", "c"))
    found, _ = cell_changes((*cells("a = 1\nb = 2"), Cell(1, "code", "c")), text)
    assert [(one.kind, one.before, one.after) for one in found] == [("markdown", None, 0), ("code", 0, None)]


def test_two_gradings_differ_in_verdicts_and_in_what_changed() -> None:
    found = difference(result(2, "a", rubric="1"), result(5, "a", rubric="2"))
    assert found.cells == ()
    assert [(one.check, one.points) for one in found.checks] == [("q1.text", 3.0)]
    assert [(one.item, one.before, one.after) for one in found.items] == [("q1", 3, 6)]
    assert found.changed == ("the rubric",)
    assert (found.before, found.after) == (3, 6)


def test_without_evidence_the_cells_are_unknown() -> None:
    assert difference(replace(result(2, "a"), kept=b""), result(2, "b")).cells is None


def test_a_check_that_only_one_of_them_has_is_told() -> None:
    one = result(2, "a")
    item = replace(one.items[0], checks=one.items[0].checks[1:])
    (change,) = difference(one, replace(one, items=(item,))).checks
    assert (change.check, change.after, change.points) == ("q1.text", None, -2.0)
