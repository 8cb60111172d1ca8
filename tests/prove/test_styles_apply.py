"""All styles, and all faults but those of `faults_trained`, fit the solution, differ from it and are valid Python."""

from __future__ import annotations

import ast
import random
import re
from collections import Counter
from pathlib import Path

import pytest

from grader.prove.draft import Draft
from grader.prove.mutation import Mutation
from reference.mutations.faults_shown import FAULTS_OF_LONG_RUNS
from reference.mutations.styles import STYLES
from reference.proving import DRAWN, LOOPS, NOTEBOOK, PARTS, SHOWN, TOLD

SOLUTION = Draft.from_bytes((Path(__file__).parents[2] / "reference" / "solution.ipynb").read_bytes())
FAULTS = (*SHOWN, *LOOPS, *PARTS, *DRAWN, *TOLD, *NOTEBOOK)
ALL = (*STYLES, *FAULTS, *FAULTS_OF_LONG_RUNS)


def code(draft: Draft) -> list[str]:
    """Return the Python of all code cells, with IPython's lines replaced by `pass`."""
    return [re.sub(r"^(\s*)[!%].*$", r"\1pass", cell.source, flags=re.MULTILINE) for _, cell in draft.code]


def test_there_are_enough_with_names_of_their_own() -> None:
    assert len(STYLES) >= 240
    assert len(FAULTS) >= 300
    assert [name for name, count in Counter(m.name for m in ALL).items() if count > 1] == []
    assert {m.kind for m in STYLES} == {"style"}
    assert {m.kind for m in FAULTS} == {"fault"}


@pytest.mark.parametrize("mutation", ALL, ids=lambda m: m.name)
def test_it_fits_differs_and_compiles(mutation: Mutation) -> None:
    changed = mutation.apply(SOLUTION, random.Random(0))
    assert changed is not None
    assert changed != SOLUTION
    assert changed == mutation.apply(SOLUTION, random.Random(0))  # the same each time
    for source in code(changed):
        broken = {"section.q2_syntax", "section.q2_indented", "section.q3_syntax", "section.q7_syntax"}
        if mutation.name not in broken and ("cut_off" not in mutation.name or not source.endswith("print(")):
            compile(ast.parse(source), mutation.name, "exec")


@pytest.mark.parametrize("mutation", ALL, ids=lambda m: m.name)
def test_it_does_not_fit_an_empty_notebook(mutation: Mutation) -> None:
    assert mutation.apply(Draft(()), random.Random(0)) is None
