"""Whether a notebook that seeds itself computes the same under grader as under plain nbclient, to the last bit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from grader.data.sources import find_data
from grader.machine import VIRTUAL
from grader.run.harness import harness
from grader.sandbox.confinement.backends import find_backend
from grader.sandbox.kernel import Kernel
from grader.sandbox.limits import Limits
from grader.seeds import CANONICAL_SEED
from tests.benchmarks.peers.cases import Case
from tests.benchmarks.peers.tools import Place, Took


@dataclass(frozen=True)
class Identity:
    """`equal` of `count` losses, printed in hexadecimal, are the same; `first` are the first two that differ."""

    case: int
    equal: int
    count: int
    first: str = ""

    @property
    def holds(self) -> bool:
        """Whether all are."""
        return 0 < self.count == self.equal


def by_grader(case: Case, place: Place, path: Path) -> str:
    """What the last cell prints in a kernel as grader starts it for the run: recorder, virtual GPU, data, randomness."""
    source = find_data(place.data["mnist"]) if case.data == "mnist" else find_data(sample=True)
    inside = harness(source, CANONICAL_SEED, gpu=VIRTUAL, record=True)
    cells = [one for one in json.loads(path.read_text())["cells"] if one["cell_type"] == "code"]
    with Kernel(inside, Limits(cell_seconds=3600, total_seconds=7200), find_backend(place.isolation)) as kernel:
        runs = [kernel.run_cell(index, one["source"]) for index, one in enumerate(cells)]
    bad = next((run for run in runs if run.status != "ok"), None)
    return runs[-1].stdout if bad is None else f"cell {bad.index}: {bad.reason or bad.error}"


def by_nbclient(took: Took, path: Path) -> str:
    """What the last cell printed in the notebook that nbclient executed."""
    outputs = json.loads((took.out / path.name).read_text())["cells"][-1]["outputs"]
    return "".join("".join(one["text"]) for one in outputs if one.get("name") == "stdout")


def compare(case: Case, ours: str, theirs: str) -> Identity:
    """Word by word."""
    mine, other = ours.split(), theirs.split()
    pairs = list(zip(mine, other, strict=False))
    differ = next((f"{a} and {b}" for a, b in pairs if a != b), "")
    losses = sum(word.startswith(("0x", "-0x")) for word in other)
    equal = sum(a == b and b.startswith(("0x", "-0x")) for a, b in pairs)
    return Identity(case.number, equal, losses, differ or ("" if len(mine) == len(other) else ours.strip()[-200:]))
