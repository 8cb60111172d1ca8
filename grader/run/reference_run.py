"""What the reference does on the same data: its own training, run through the same kernel and recorder as a submission's.

A run takes as long as its arithmetic, so it is kept in the cache folder, under a key of everything that could change it.
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
LIMITS = Limits(cell_seconds=3600, total_seconds=7200)  # our own code, on full data and a slow machine


class ReferenceFailed(GraderError):
    """The reference's own program did not run; the message says where."""


def reference_run(assignment: Assignment, source: DataSource, seed: int, cache: Path | None = None) -> RunEvidence:
    """What the recorder saw of the reference's own training, on this data under this seed of the harness.

    Raises ReferenceFailed. Threads that ask at once share one run.
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
    """The reference's training passes by model role, in order, on this data under this seed. Raises ReferenceFailed."""
    return by_role(assignment, reference_run(assignment, source, seed, cache))


def by_role(assignment: Assignment, run: RunEvidence, steps: bool = True) -> dict[str, tuple[Pass, ...]]:
    """The complete passes of each role's model, training passes only or (steps=False) test passes only."""
    found: dict[str, tuple[Pass, ...]] = {}
    for role in assignment.models:
        keys = {model.key for model in run.models.values() if role.recognise(model.shapes)}
        found[role.role] = tuple(p for p in run.passes if p.model in keys and p.complete and p.trains is steps)
    return found


def weights_by_epoch(assignment: Assignment, run: RunEvidence) -> dict[str, dict[int, Mapping[str, NDArray[Any]]]]:
    """The reference's weights by role and by the number of the training pass after which they were sent."""
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
    """Run the reference's program in a kernel of its own and return the recorder's events. Raises ReferenceFailed."""
    from grader.run.harness import harness
    from grader.sandbox.confinement.backends import find_backend
    from grader.sandbox.kernel import Kernel

    unconfined = find_backend("laptop")  # our own code, which imports the assignment's package
    with Kernel(harness(source, seed), LIMITS, unconfined) as kernel:
        for index, cell in enumerate((_importable(assignment), *assignment.program)):
            run = kernel.run_cell(index, cell)
            if run.status != "ok":
                why = run.error.traceback or run.error.message if run.error else run.reason
                raise ReferenceFailed(f"the reference's own training failed in part {index}: {why[-400:]}")
        return kernel.events()


def _importable(assignment: Assignment) -> str:
    """A cell that lets the reference's program import the assignment's package, which students' kernels do not see."""
    module = inspect.getmodule(assignment.models[0].build)
    depth = len(module.__name__.split(".")) if module is not None else 1
    folder = Path(inspect.getfile(assignment.models[0].build)).resolve().parents[depth - 1]
    return f"import sys\nsys.path.append({str(folder)!r})"


def default_cache() -> Path:
    """The folder for reference runs in the user's cache."""
    return cache_folder() / "reference"


def _read(path: Path) -> list[dict[str, object]] | None:
    try:
        events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):
        return None
    return events or None


def _key(assignment: Assignment, source: DataSource, seed: int) -> str:
    """Digest of the program, the code behind it, the data, the seed, torch and the processor's vector instructions."""
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
    """The source files that a kept run depends on: all that runs in the kernel, and the reference's own modules."""
    in_kernel = Path(__file__).parents[1] / "in_kernel"
    build = Path(inspect.getfile(assignment.models[0].build)).parent
    return [*sorted(in_kernel.rglob("*.py")), *sorted(build.glob("*.py"))]
