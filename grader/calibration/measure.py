"""Measure the losses of the reference's training and of faulty ones under many seeds. Limits are derived from them."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from grader.assignment import Assignment
from grader.evidence.run import Pass, RunEvidence, numbers, run_evidence
from grader.files import write_atomically

if TYPE_CHECKING:
    from grader.data.sources import DataSource
    from grader.grading.grade import Report

FIRST_BATCHES = 3  # their mean loss shows if a model was trained before, see `grader.authenticity.plausibility`
RETRAINED = "retrained"  # name of a fault that costs no training: the reference's second epoch as if it were the first

Losses = Mapping[str, Sequence[float | None]]  # by key; one value a seed, None where the loss is not finite


@dataclass(frozen=True)
class FaultyTraining:
    """A faulty training. `words` say what is wrong; `cell` trains and tests, in a kernel that has run the program.

    Its models are recognised as the program's are. The tests of each role's model give its losses, in order.
    """

    name: str
    words: str
    cell: str


@dataclass(frozen=True)
class FaultLosses:
    """The test losses of a faulty training, by '<role>.loss.<epochs>'."""

    words: str
    losses: Losses


@dataclass(frozen=True)
class Measured:
    """The measurements on one data set, with the versions and the machine. Losses are mean cross-entropies in nats.

    `right` holds the reference's test losses by '<role>.loss.<epochs>' and the mean loss of its first batches by
    '<role>.first'; `faults` those of each faulty training, by its name.
    """

    data: str
    train_size: int
    sha256: str
    measured: str
    torch: str
    machine: str
    right: Losses
    faults: Mapping[str, FaultLosses] = field(default_factory=dict)

    @property
    def seeds(self) -> int:
        """The number of seeds under which the reference was measured."""
        return max(map(len, self.right.values()), default=0)


def measure(
    assignment: Assignment,
    source: DataSource,
    seeds: int,
    report: Report,
    faults: Sequence[FaultyTraining] = (),
    fault_seeds: int = 0,
    data: str = "",
) -> Measured:
    """Train as the reference does under seeds 1 to `seeds`, and with each fault under seeds 1 to `fault_seeds`.

    `data` describes the data in words; by default the source does. Raises ReferenceFailed if a cell fails.
    """
    import torch

    from grader.grading.grade import Progress

    right: dict[str, list[float | None]] = {}
    wrong: dict[str, dict[str, list[float | None]]] = {}
    for seed in range(1, seeds + 1):
        report(Progress("run", seed - 1, seeds, f"the reference under seed {seed}"))
        for name, losses in measure_seed(assignment, source, seed, faults if seed <= fault_seeds else ()).items():
            kept = right if name == "" else wrong.setdefault(name, {})
            for key, loss in losses.items():
                kept.setdefault(key, []).append(loss)
    words = {RETRAINED: "one epoch trained before", **{fault.name: fault.words for fault in faults}}
    return Measured(
        data or source.describe(),
        source.train_size,
        source.sha256,
        date.today().isoformat(),
        torch.__version__,
        platform.machine(),
        right,
        {name: FaultLosses(words[name], losses) for name, losses in wrong.items()},
    )


def measure_seed(
    assignment: Assignment, source: DataSource, seed: int, faults: Sequence[FaultyTraining]
) -> dict[str, dict[str, float | None]]:
    """Return the losses under one seed by fault and key; the fault '' is the reference. Raises ReferenceFailed."""
    from grader.run.reference_run import ReferenceFailed, run_program

    program = (*assignment.program, *(fault.cell for fault in faults))
    events = run_program(replace(assignment, program=program), source, seed)
    run = run_evidence((), events)
    first = len(assignment.program) + 1  # one more cell runs first: it makes the assignment's package importable
    found = {fault.name: _test_losses(assignment, run, range(at, at + 1)) for at, fault in enumerate(faults, first)}
    untold = next((name for name, losses in found.items() if not losses), None)
    if untold is not None:
        raise ReferenceFailed(f"the faulty training {untold} tested no model of the assignment")
    right = _test_losses(assignment, run, range(first))
    epochs = {role: passes for role, passes in _by_role(assignment, run, range(first), steps=True).items() if passes}
    right |= {f"{role}.first": _first_loss(passes[0]) for role, passes in epochs.items()}
    again = {f"{role}.first": _first_loss(passes[1]) for role, passes in epochs.items() if len(passes) > 1}
    return {"": right, RETRAINED: again, **found}


def _by_role(assignment: Assignment, run: RunEvidence, cells: range, steps: bool) -> dict[str, list[Pass]]:
    from grader.run.reference_run import by_role

    found = by_role(assignment, run, steps).items()
    return {role: [seen for seen in passes if seen.cell in cells] for role, passes in found}


def _test_losses(assignment: Assignment, run: RunEvidence, cells: range) -> dict[str, float | None]:
    passes = _by_role(assignment, run, cells, steps=False)
    return {
        f"{role}.loss.{epochs}": _rounded(seen.mean_loss)
        for role, tests in passes.items()
        for epochs, seen in enumerate(tests, 1)
    }


def _first_loss(seen: Pass) -> float | None:
    losses = numbers(seen.losses[:FIRST_BATCHES])
    return _rounded(sum(losses) / len(losses)) if losses else None


def _rounded(loss: float | None) -> float | None:
    return None if loss is None else float(f"{loss:.6g}")


# --- the file -----------------------------------------------------------------------------------------------------


def stored(path: Path) -> dict[str, Measured]:
    """Read the measurements in the file, by number of training images; {} if there is no file.

    Raises ValueError if the file holds something else, and OSError.
    """
    import msgspec

    if not path.exists():
        return {}
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Measured])


def store(path: Path, measured: Measured) -> None:
    """Add the measurements to the file, beside those on other data. Raises OSError."""
    entries = {**stored(path), str(measured.train_size): measured}
    text = json.dumps({size: asdict(entry) for size, entry in entries.items()}, indent=1)
    write_atomically(path, re.sub(r"\[[^\[\]{}]*\]", lambda found: " ".join(found[0].split()), text) + "\n")
