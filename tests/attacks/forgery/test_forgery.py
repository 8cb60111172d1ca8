"""Notebooks that attack the grade earn no more than they do without the attack."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import grader
from grader.assignment import Threshold
from grader.data.sources import find_data
from grader.evidence.run import run_evidence
from grader.reports.html import html
from grader.result import Result
from grader.run.reference_run import run_program
from grader.sandbox.limits import Limits
from grader.seeds import CANONICAL_SEED, commitment
from reference.rubric import ASSIGNMENT
from tests.attacks.forgery import build

LIMITS = Limits(cell_seconds=45, total_seconds=240)
# Thresholds as there are for the sample, so that a notebook with its own seeds can earn something for converging.
LEARNED = {f"mlp.loss.{n}": Threshold(None, 2.0, "made up") for n in (10, 20)}
COURSE = dataclasses.replace(ASSIGNMENT, thresholds=lambda train_size: LEARNED)
ATTACKS = build.attacks()
QUICK = ("class_body_patches_probes", "events_with_sleeps", "patched_torch")  # one of each kind

pytestmark = [pytest.mark.usefixtures("warm"), pytest.mark.slow, pytest.mark.attack, pytest.mark.timeout(600)]


@dataclasses.dataclass
class Desk:
    """Where the notebooks lie and are graded; what each base earns alone is remembered."""

    folder: Path
    data: Path
    honest: dict[str, Result] = dataclasses.field(default_factory=dict)

    def grade(self, notebook: Path, seed: int | None = CANONICAL_SEED) -> Result:
        return grader.grade(notebook, COURSE, data=self.data, device="cpu", limits=LIMITS, isolation="none", seed=seed)

    def base(self, name: str) -> Result:
        if name not in self.honest:
            self.honest[name] = self.grade(build.write(self.folder, name))
        return self.honest[name]

    def known(self) -> dict[str, str]:
        """What an attacker can bring along: losses and accuracies of a real training of the reference."""
        run = run_evidence((), run_program(COURSE, find_data(self.data), CANONICAL_SEED))
        train = [p for p in run.passes if p.model == "model-1" and p.trains]
        tests = [p for p in run.passes if p.model == "model-1" and not p.trains]
        pairs = zip(train, tests, strict=True)
        return {"TRAJECTORY": json.dumps([(a.losses, b.sample_loss, b.accuracy) for a, b in pairs])}


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        data = folder / "data"
        data.mkdir()
        build.write_data(data)
        for path in (folder, data):
            path.chmod(0o755)  # kernels may be another user's
        patch.setenv("GRADER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield Desk(folder, data)


def test_right_work_earns_the_same_under_a_secret_seed(desk: Desk):
    notebook = build.write(desk.folder, "right")
    results = [desk.grade(notebook, seed) for seed in (CANONICAL_SEED, None)]
    scores = [{item.id: item.score for item in result.items} for result in results]
    assert scores[0] == scores[1]
    assert (scores[1]["q2"], scores[1]["q3"], scores[1]["cpu_loops"]) == (10, 10, 10)
    converged = [c.message for item in results[1].items for c in item.checks if c.id == "q2.converges"]
    assert "follow the reference's" in converged[0]
    seeds = [result.environment["seed_commitment"] for result in results]
    assert seeds[0] == commitment(CANONICAL_SEED) != seeds[1]


def test_there_are_enough_attacks():
    assert len(ATTACKS) >= 25
    assert {attack.base for attack in ATTACKS} | {"right"} == set(build.BASES)


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(attack, id=attack.name, marks=[] if attack.name in QUICK else pytest.mark.exhaustive)
        for attack in ATTACKS
    ],
)
def test_an_attack_earns_nothing(desk: Desk, attack: build.Attack):
    known = desk.known() if any("KNOWN_" in cell for cell in attack.cells) else {}
    result = desk.grade(build.write(desk.folder, attack.base, attack, known))
    assert result.status != "failed", result.message
    honest = {item.id: item.score for item in desk.base(attack.base).items}
    for item in result.items:
        checks = {check.id: (check.score, check.message) for check in item.checks}
        if item.id in attack.wants:
            assert item.score <= honest[item.id], checks
        for check in item.checks:
            assert check.status != "error", check
            assert len(check.message) < 3000, check
    page = html(result)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
