"""Steps that rewrite a notebook: each makes its change, or returns None if it does not fit."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from grader.prove.draft import Cell, Draft
from grader.prove.rewriting import (
    Step,
    after,
    before,
    cell,
    drop,
    move,
    outputs,
    prefix,
    renamed,
    steps,
    sub,
    suffix,
    twice,
)

DRAFT = Draft(
    (Cell("markdown", "a = 1 in words"), Cell("code", "a = 1"), Cell("code", "b = a"), Cell("code", "print(b)"))
)


def code(draft: Draft | None) -> list[str]:
    assert draft is not None
    return [cell.source for _, cell in draft.code]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (sub("a", "x"), ["x = 1", "b = x", "print(b)"]),
        (sub("a", "x", "b ="), ["a = 1", "b = x", "print(b)"]),
        (cell("b =", "\nb = 2\n"), ["a = 1", "b = 2", "print(b)"]),
        (before("b =", "c = 3"), ["a = 1", "c = 3", "b = a", "print(b)"]),
        (after("b =", "c = 3"), ["a = 1", "b = a", "c = 3", "print(b)"]),
        (prefix("b =", "c = 3\n"), ["a = 1", "c = 3\nb = a", "print(b)"]),
        (suffix("b =", "\nc = 3"), ["a = 1", "b = a\nc = 3", "print(b)"]),
        (drop("b ="), ["a = 1", "print(b)"]),
        (move("a = 1", "print"), ["b = a", "print(b)", "a = 1"]),
        (twice("b ="), ["a = 1", "b = a", "b = a", "print(b)"]),
        (renamed({"a": "x"}), ["x = 1", "b = x", "print(b)"]),
    ],
)
def test_a_step_changes_what_it_says(step: Step, expected: list[str]) -> None:
    assert code(step(DRAFT)) == expected
    assert code(DRAFT) == ["a = 1", "b = a", "print(b)"]


@pytest.mark.parametrize(
    "make", [drop, twice, lambda m: prefix(m, "x"), lambda m: sub(m, "x"), lambda m: move(m, "a = 1")]
)
def test_a_step_that_does_not_fit_gives_nothing(make: Callable[[str], Step]) -> None:
    assert make("not there")(DRAFT) is None


def test_steps_give_nothing_as_soon_as_one_does_not_fit() -> None:
    assert code(steps(drop("b ="), sub("print", "show"))(DRAFT, random.Random(0))) == ["a = 1", "show(b)"]
    assert steps(drop("b ="), drop("b ="))(DRAFT, random.Random(0)) is None


def test_an_output_is_stored_without_a_run() -> None:
    changed = outputs("print", "7\n")(DRAFT)
    assert changed is not None
    assert changed.cells[3].outputs == ({"output_type": "stream", "name": "stdout", "text": ["7\n"]},)
