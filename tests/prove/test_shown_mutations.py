"""Plots and printed times with simulated training: every style costs nothing and every fault is found."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from grader.prove.draft import Draft
from grader.prove.mutation import Mutation
from reference.mutations.faults_drawn import FAULTS as DRAWN
from reference.mutations.faults_shown import FAULTS, FAULTS_OF_LONG_RUNS
from reference.mutations.styles_curves import STYLES as CURVE_STYLES
from reference.mutations.styles_plots import PLOT_STYLES
from reference.mutations.styles_timed_runs import TIMED_RUN_STYLES
from reference.mutations.styles_timing import TIMING_STYLES
from tests.prove.drawn import lost
from tests.prove.known_wrong import FROM_FIGURES
from tests.prove.shown import show, time_faults

SOLUTION = Draft.from_bytes((Path(__file__).parents[2] / "reference" / "solution.ipynb").read_bytes())
PLOTS = [m for m in (*FAULTS, *DRAWN) if m.name.startswith("plot.")]
TIMES = [m for m in (*FAULTS, *FAULTS_OF_LONG_RUNS) if m.name.startswith("time.")]
NOT_PLAYED = {"time_cell_magic", "time_line_magic"}  # they need IPython


def changed(mutation: Mutation) -> Draft:
    draft = mutation.apply(SOLUTION, random.Random(0))
    assert draft is not None
    return draft


def few(mutations: list[Mutation] | tuple[Mutation, ...], always: int = 1) -> list[object]:
    """Mark all but the first mutations as exhaustive."""
    wrong = pytest.mark.xfail(reason="known to be judged wrongly", strict=True)
    return [
        pytest.param(
            mutation,
            id=mutation.name,
            marks=[*[pytest.mark.exhaustive] * (i >= always), *[wrong] * (mutation.name in FROM_FIGURES)],
        )
        for i, mutation in enumerate(mutations)
    ]


def test_the_solution_has_neither() -> None:
    shown = show(SOLUTION, "q2", "q3", "q7", "q8")
    assert shown.errors == ()
    assert [time_faults(shown, item) for item in ("q3", "q7", "q8")] == [[], [], []]


@pytest.mark.parametrize("mutation", few((*PLOT_STYLES, *CURVE_STYLES)))
def test_a_plot_in_another_style_costs_nothing(mutation: Mutation) -> None:
    assert {item: [str(fail) for fail in fails] for item, fails in lost(changed(mutation)).items()} == {
        "q2": [],
        "q3": [],
    }


@pytest.mark.parametrize("mutation", few([m for m in (*TIMING_STYLES, *TIMED_RUN_STYLES) if m.name not in NOT_PLAYED]))
def test_times_in_another_style_cost_nothing(mutation: Mutation) -> None:
    shown = show(changed(mutation), "q2", "q3", "q7", "q8")
    assert shown.errors == ()
    assert [str(fail) for item in ("q3", "q7", "q8") for fail in time_faults(shown, item)] == []


@pytest.mark.parametrize("mutation", few(PLOTS, 2))
def test_a_faulty_plot_is_found(mutation: Mutation) -> None:
    hold(mutation, {item: [str(fail) for fail in fails] for item, fails in lost(changed(mutation)).items()})


@pytest.mark.parametrize("mutation", few(TIMES, 2))
def test_a_faulty_time_is_found(mutation: Mutation) -> None:
    shown = show(changed(mutation), "q2", "q3", "q7", "q8")
    hold(mutation, {item: [str(f) for f in time_faults(shown, item)] for item in ("q3", "q7", "q8")})


def hold(mutation: Mutation, found: dict[str, list[str]]) -> None:
    """Assert that exactly the mutation's items lost points, for its reason; one that cannot be seen may cost nothing."""
    lost = {item for item, fails in found.items() if fails}
    if mutation.unseen:
        assert lost <= mutation.items
        return
    assert lost == mutation.items
    for item in lost:
        assert any(re.search(words, found[item][0], re.IGNORECASE) for words in mutation.keywords), found[item][0]
