"""Run the reference's own training on the same data, in the same kind of kernel and with the same recorder.

A run takes as long as the training, so its events are cached, under a key of everything that could change them.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import platform
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.assignment import Assignment
from grader.errors import GraderError
from grader.evidence.run import Pass, RunEvidence, run_evidence
from grader.evidence.trainings import trainings
from grader.files import cache_folder, write_atomically
from grader.sandbox.limits import Limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from grader.data.sources import DataSource

_LOCK = threading.Lock()
LIMITS = Limits(cell_seconds=3600, total_seconds=7200)  # for trusted code, on full data and a slow machine


class ReferenceFailed(GraderError):
    """The reference's own program failed; the message says where."""


def reference_run(assignment: Assignment, source: DataSource, seed: int, cache: Path | None = None) -> RunEvidence:
    """Return the recorded run of the reference's own training, on this data under this seed of the harness.

    `cache` is the folder of kept runs, by default `default_cache()`. Raises ReferenceFailed. Concurrent calls share one
    run.
    """
    folder = cache or default_cache()
    path = folder / f"{_key(assignment, source, seed)}.jsonl"
    with _LOCK:
        events = _read(path)
        if events is None:
            events = run_program(assignment, source, seed)
            write_atomically(path, "".join(json.dumps(event) + "\n" for event in events))
    return run_evidence((), events)


def trajectories(
    assignment: Assignment, source: DataSource, seed: int, cache: Path | None = None
) -> dict[str, tuple[Pass, ...]]:
    """Return the reference's training passes by role, in order, for this data and seed. Raises ReferenceFailed."""
    return by_role(assignment, reference_run(assignment, source, seed, cache))


def by_role(assignment: Assignment, run: RunEvidence, steps: bool = True) -> dict[str, tuple[Pass, ...]]:
    """Return the complete passes of each role's model: its training passes or, with steps=False, its test passes."""
    found: dict[str, tuple[Pass, ...]] = {}
    for role in assignment.models:
        keys = {model.key for model in run.models.values() if role.recognise(model.shapes)}
        found[role.role] = tuple(p for p in run.passes if p.model in keys and p.complete and p.trains is steps)
    return found


def weights_by_epoch(assignment: Assignment, run: RunEvidence) -> dict[str, dict[int, Mapping[str, NDArray[Any]]]]:
    """Return the reference's weights by role, and by the number of the training pass after which they were sent."""
    found: dict[str, dict[int, Mapping[str, NDArray[Any]]]] = {}
    sent = {(weights.model, weights.start): weights for weights in run.weights}
    for role in assignment.models:
        found[role.role] = {
            epoch.train.number: sent[training.model.key, epoch.test.start].decoded()
            for training in trainings(run, role.recognise)
            for epoch in training.epochs
            if epoch.test is not None and (training.model.key, epoch.test.start) in sent
        }
    return found


def run_program(assignment: Assignment, source: DataSource, seed: int) -> list[dict[str, object]]:
    """Run the reference's program in a new kernel and return the recorder's events. Raises ReferenceFailed."""
    from grader.run.harness import harness
    from grader.sandbox.confinement.backends import find_backend
    from grader.sandbox.kernel import Kernel

    unconfined = find_backend("laptop")  # trusted code, which has to import the assignment's package
    with Kernel(harness(source, seed), LIMITS, unconfined) as kernel:
        for index, cell in enumerate((_importable(assignment), *assignment.program)):
            run = kernel.run_cell(index, cell)
            if run.status != "ok":
                why = run.error.traceback or run.error.message if run.error else run.reason
                raise ReferenceFailed(f"the reference's own training failed in part {index}: {why[-400:]}")
        return kernel.events()


def _importable(assignment: Assignment) -> str:
    """Return a cell that makes the assignment's package importable, which students' kernels do not see."""
    module = inspect.getmodule(assignment.models[0].build)
    depth = len(module.__name__.split(".")) if module is not None else 1
    folder = Path(inspect.getfile(assignment.models[0].build)).resolve().parents[depth - 1]
    return f"import sys\nsys.path.append({str(folder)!r})"


def default_cache() -> Path:
    """Return the folder for reference runs in the user's cache, or in that of the environment's GRADER_CACHE."""
    return cache_folder() / "reference"


def _read(path: Path) -> list[dict[str, object]] | None:
    try:
        events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):
        return None
    return events or None


def _key(assignment: Assignment, source: DataSource, seed: int) -> str:
    """Return a digest of the program, its code, the data, the seed, torch and the processor's vector instructions."""
    import torch
    import torchvision

    digest = hashlib.sha256()
    for part in (*assignment.program, source.sha256, str(seed), torch.__version__, torchvision.__version__):
        digest.update(part.encode())
    for part in (platform.machine(), torch.backends.cpu.get_cpu_capability()):
        digest.update(part.encode())
    for file in code_files(assignment):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:32]


def code_files(assignment: Assignment) -> list[Path]:
    """Return the source files that a kept run depends on: all that run in the kernel, and the reference's modules."""
    in_kernel = Path(__file__).parents[1] / "in_kernel"
    build = Path(inspect.getfile(assignment.models[0].build)).parent
    return [*sorted(in_kernel.rglob("*.py")), *sorted(build.glob("*.py"))]
