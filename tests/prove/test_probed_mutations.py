"""Probes alone find and name faults in models, loaders and functions, without training."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from grader.prove.mutation import Mutation
from reference.mutations import styles_layers, styles_places, styles_updates
from reference.mutations.faults_trained import FAULTS
from reference.proving import LOOPS, PARTS
from tests.prove.known_wrong import FROM_PROBES, STYLES_FROM_PROBES

ROOT = Path(__file__).parents[2]
GROUPS = ("loops.", "gpu_loops.", "mlp.", "cnn.", "data.", "gpu.")
OF_THE_RUN = re.compile(
    r"gpu\.(?:model_|second_|another_|old_|trains_|function_|device_)|first_two|data\.(?:test_is_train|train_is_test)|mlp\.(?:super_missing|not_registered)"
)
PROBED = [
    m for m in (*FAULTS, *LOOPS, *PARTS) if m.name.startswith(GROUPS) and not OF_THE_RUN.match(m.name) and not m.unseen
]
FEW = ("loops.zero_grad_missing", "loops.loss_by_images", "gpu_loops.eval_missing", "mlp.sigmoid", "cnn.padding")
FEW += ("data.wrong_statistics", "gpu.labels_left_in_test")


def verdicts(names: list[str]) -> dict[str, dict[str, list[list[str]]]]:
    answer = subprocess.run(
        [sys.executable, "-m", "tests.prove.probed"],
        input=json.dumps(names),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    found: dict[str, dict[str, list[list[str]]]] = {}
    for line in answer.stdout.splitlines():
        found.update(json.loads(line))
    return found


def wrong(mutation: Mutation, lost: dict[str, list[list[str]]]) -> list[str]:
    """Return what is wrong with the verdict on one mutation."""
    if "" in lost:
        return [lost[""][0][1]]
    found = [f"{item} lost nothing" for item, checks in lost.items() if item in mutation.items and not checks]
    for item, checks in lost.items():
        said = checks[0][1] if checks else ""
        if checks and not any(re.search(words, said, re.IGNORECASE | re.DOTALL) for words in mutation.keywords):
            found.append(f"{item} says: {said}")
    return found


def judge(mutations: list[Mutation]) -> None:
    found = verdicts([mutation.name for mutation in mutations])
    assert not any(found[""].values()), "the solution itself loses points"
    problems = {m.name: said for m in mutations if (said := wrong(m, found[m.name]))}
    assert {name: said for name, said in problems.items() if name not in FROM_PROBES} == {}
    assert FROM_PROBES & {m.name for m in mutations} == problems.keys()  # or a name there is out of date


@pytest.mark.slow
def test_one_of_each_kind_is_found_and_named() -> None:
    judge([mutation for mutation in PROBED if mutation.name in FEW])


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("group", GROUPS)
def test_all_are_found_and_named(group: str) -> None:
    judge([mutation for mutation in PROBED if mutation.name.startswith(group)])


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("styles", [styles_layers.STYLES, styles_places.STYLES, styles_updates.STYLES])
def test_unusual_styles_cost_nothing(styles: tuple[Mutation, ...]) -> None:
    names = {mutation.name for mutation in styles}
    lost = {
        name: checks for name, items in verdicts(sorted(names)).items() if (checks := [*filter(None, items.values())])
    }
    assert {name: checks for name, checks in lost.items() if name not in STYLES_FROM_PROBES} == {}
    assert names & STYLES_FROM_PROBES == lost.keys()  # or a name there is out of date
