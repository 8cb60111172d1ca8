"""The faults in training fit the solution, differ from it and from each other, and name existing items."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest

from grader.prove.draft import Draft, parse
from grader.prove.mutation import Mutation
from grader.prove.plan import mutated, singles, subset
from reference.mutations.faults_trained import FAULTS
from reference.proving import MUTATIONS
from reference.rubric import RUBRIC

SOLUTION = Draft.from_bytes((Path(__file__).parents[2] / "reference" / "solution.ipynb").read_bytes())
ITEMS = {item.id for item in RUBRIC.items}


def test_there_are_enough_with_names_of_their_own() -> None:
    assert len(FAULTS) >= 55
    assert [name for name, count in Counter(m.name for m in MUTATIONS).items() if count > 1] == []


@pytest.mark.parametrize("mutation", FAULTS, ids=lambda m: m.name)
def test_it_fits_differs_and_compiles(mutation: Mutation) -> None:
    changed = mutation.apply(SOLUTION, random.Random(0))
    assert changed is not None
    assert changed != SOLUTION
    assert len(changed.cells) == len(SOLUTION.cells)
    for _, cell in changed.code:
        assert parse(cell.source) is not None
    assert "!pip install" in changed.cells[2].source


def test_no_two_are_the_same_notebook() -> None:
    made = [variant.draft for m in FAULTS if (variant := mutated(SOLUTION, [m], 0)) is not None]
    assert len({draft.to_bytes() for draft in made}) == len(FAULTS)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.name)
def test_it_says_what_it_must_cost(mutation: Mutation) -> None:
    assert mutation.items | mutation.may <= ITEMS
    for words in mutation.keywords:
        re.compile(words)


def test_the_notebooks_that_prove_writes_are_valid() -> None:
    for variant in subset(singles(SOLUTION, MUTATIONS, 0), 40, 0):
        nbformat.validate(nbformat.reads(variant.draft.to_bytes().decode(), as_version=nbformat.NO_CONVERT))
