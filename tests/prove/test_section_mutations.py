"""Where Questions 2 and 3 are answered, with simulated training: other places cost nothing, another's answer does."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from grader.prove.draft import Draft
from grader.prove.mutation import Mutation
from reference.mutations.faults_sections import SECTION_FAULTS
from reference.mutations.styles_sections import SECTION_STYLES
from tests.prove.drawn import lost

SOLUTION = Draft.from_bytes((Path(__file__).parents[2] / "reference" / "solution.ipynb").read_bytes())
OF_PLOTS = {
    "section.q2_syntax",
    "section.q2_indented",
    "section.q2_accuracy",
    "section.q2_only_printed",
    "section.q2_stub",
    "section.q3_syntax",
    "section.q3_no_plot",
    "section.q3_stub",
    "section.first_not_called",
    "section.first_stopped",
}
FAULTS = [mutation for mutation in SECTION_FAULTS if mutation.name in OF_PLOTS]


def changed(mutation: Mutation) -> Draft:
    draft = mutation.apply(SOLUTION, random.Random(0))
    assert draft is not None
    return draft


def test_the_solution_loses_nothing() -> None:
    assert lost(SOLUTION) == {"q2": [], "q3": []}


@pytest.mark.parametrize("mutation", SECTION_STYLES, ids=lambda m: m.name)
def test_an_answer_in_another_place_costs_nothing(mutation: Mutation) -> None:
    assert {item: [fail.seen for fail in fails] for item, fails in lost(changed(mutation)).items()} == {
        "q2": [],
        "q3": [],
    }


@pytest.mark.parametrize("mutation", FAULTS, ids=lambda m: m.name)
def test_the_answer_to_one_question_does_not_stand_for_the_other(mutation: Mutation) -> None:
    found = {item: fails for item, fails in lost(changed(mutation)).items() if fails}
    assert set(found) - mutation.may == mutation.items
    for item in mutation.items:
        # that Question 3 was not begun is said by the rubric, which the simulation leaves out
        if mutation.name != "section.q3_stub":
            assert any(re.search(words, found[item][0].seen, re.IGNORECASE) for words in mutation.keywords)
        assert all(fail.hint for fail in found[item])


def test_there_are_as_many_as_are_named() -> None:
    assert len(FAULTS) == len(OF_PLOTS)
