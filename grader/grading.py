"""Grade one submission: read it, run it, probe it, check it, and add it up to a `Result`."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from grader import digests
from grader.authenticity import own_events
from grader.devices import Gpu, find_gpu
from grader.evidence import CellRun, RunEvidence, run_evidence
from grader.executed import imported_names, loader_names, source_cells
from grader.harness import harness
from grader.notebook import Notebook, UnreadableNotebook, read_notebook, written_files
from grader.questions import locate
from grader.result import Environment, Fact, Result, Submitted, total
from grader.rubric import Assignment, Evidence, Reference, judge
from grader.sandbox.backends import Backend, find_backend
from grader.sandbox.kernel import Kernel, KernelStartError
from grader.sandbox.policy import Limits
from grader.seeds import CANONICAL_SEED, commitment, secret_seed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from grader.authenticity import Confirmation
    from grader.data.sources import DataSource
    from grader.probing import Probes


@dataclass(frozen=True)
class Progress:
    """Where a grading stands: `done` of `total` steps of a phase, and what is being done."""

    phase: Literal["read", "run", "probe", "check"]
    done: int
    total: int
    detail: str


Report = Callable[[Progress], None]


class AssignmentError(Exception):
    """The assignment that was asked for cannot be loaded; the message is one sentence."""


def load_assignment(name: str) -> Assignment:
    """Load the assignment of the package `name`, which has a module `rubric` with an `ASSIGNMENT`.

    Raises AssignmentError when there is no such package or it is not an assignment.
    """
    try:
        module = importlib.import_module(f"{name}.rubric")
    except ModuleNotFoundError as error:
        if error.name and f"{name}.rubric".startswith(error.name):
            raise AssignmentError(
                f"no assignment {name!r}: a package with a module '{name}.rubric' must be importable from here"
            ) from None
        raise AssignmentError(
            f"the assignment {name!r} needs the package {error.name!r}, which is not installed"
        ) from None
    assignment = getattr(module, "ASSIGNMENT", None)
    if not isinstance(assignment, Assignment):
        raise AssignmentError(f"{name}.rubric defines no ASSIGNMENT of type grader.rubric.Assignment")
    return assignment


def grade(
    path: str | Path,
    assignment: str | Assignment = "reference",
    *,
    data: Path | None = None,
    sample: bool = False,
    device: str = "auto",
    limits: Limits | None = None,
    only: str | None = None,
    progress: Report | None = None,
    seed: int | None = CANONICAL_SEED,
    isolation: str = "auto",
) -> Result:
    """Grade the notebook at `path` and return its result; a submission that cannot be graded gives a 'failed' one.

    `data` is a folder with MNIST, `sample` forces the sample that ships; by default the cache is used when it holds MNIST.
    `device` is one of `grader.devices.DEVICES`. `only` keeps one item. `seed` is what the harness draws from; None takes
    that of this machine's secret (OSError without a cache): nobody knows beforehand what a right training gives under it.
    `isolation` is one of
    `grader.sandbox.policy.ISOLATION`: 'auto' refuses where notebooks cannot be confined, 'none' takes what there is.
    Raises AssignmentError, DataError, DeviceError, IsolationError and KeyError (no such item) for mistakes of the caller's,
    and KernelStartError when no kernel can be started; never anything for a mistake of the student's.
    """
    from grader.data.sources import find_data

    assignment = load_assignment(assignment) if isinstance(assignment, str) else assignment
    if only is not None:
        assignment.rubric.item(only)
    source = find_data(data, sample)
    limits = limits or Limits()
    report = progress or (lambda _: None)
    path = Path(path)
    report(Progress("read", 0, 1, path.name))
    try:
        notebook = read_notebook(path)
    except UnreadableNotebook as error:
        return failed(assignment, path.name, str(error), digests.of_file(path), source.sha256)
    backend = find_backend(isolation)
    seed = secret_seed(source.sha256) if seed is None else seed
    return _Grading(assignment, notebook, source, find_gpu(device), limits, report, seed, backend).result(only)


def failed(assignment: Assignment, name: str, message: str, sha256: str = "", data: str = "") -> Result:
    """The result of a submission that could not be graded at all; `message` says why, in one sentence.

    `sha256` and `data` are the digests of the submission and of the data, where they are known.
    """
    return Result(
        assignment=assignment.name,
        submission=Submitted(name, sha256),
        score=0.0,
        max_score=assignment.rubric.points,
        status="failed",
        message=message,
        digests=digests.digests(assignment, sha256, data),
    )


PIECE_SECONDS = 30.0  # for one statement of the definitions that the probes need
# The slow imports, while the notebook runs in the other kernel: the first optimizer of a process imports much.
WARM_UP = """
import torch, torchvision
__import__("grader.inside.probes")  # before student code can patch what they use
torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1).step()
"""


class _Grading:
    """The grading of one notebook that could be read."""

    def __init__(
        self,
        assignment: Assignment,
        notebook: Notebook,
        source: DataSource,
        gpu: Gpu,
        limits: Limits,
        report: Report,
        seed: int,
        backend: Backend,
    ) -> None:
        self.assignment, self.notebook, self.source = assignment, notebook, source
        self.gpu, self.limits, self.report, self.seed, self.backend = gpu, limits, report, seed, backend
        self.seconds: dict[str, Fact] = {}
        # Before any student code runs: nothing that it does can show in them.
        self.digests = digests.digests(assignment, notebook.sha256, source.sha256)

    def result(self, only: str | None) -> Result:
        """Run, probe, check."""
        began = time.monotonic()
        pool = ThreadPoolExecutor(max_workers=2)
        try:
            reference = pool.submit(self._reference)
            with (
                self._kernel(record=True) as main,
                self._kernel(record=False) as fresh,
            ):
                warm = pool.submit(_warm_up, fresh)
                run = self._run(main)
                warm.result()
                with _one_thread():
                    probes = self._probe(main, fresh, run)
                    confirmations = self._confirm(fresh, run, probes)
            evidence = self._evidence(run, probes, reference, confirmations)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        self.report(Progress("check", 0, 1, "checking"))
        items = judge(self.assignment.rubric, evidence, only)
        self.seconds["all"] = round(time.monotonic() - began, 2)
        submitted = Submitted(self.notebook.name, self.notebook.sha256)
        return total(
            self.assignment.name, submitted, items, self._environment(), self._notes(evidence.run), self.digests
        )

    def _kernel(self, record: bool) -> Kernel:
        inside = harness(self.source, self.seed, gpu=self.gpu, record=record, hidden=self.assignment.folder)
        return Kernel(inside, self.limits, self.backend)

    def _run(self, kernel: Kernel) -> RunEvidence:
        began = time.monotonic()
        cells: list[CellRun] = []
        events: list[dict[str, object]] = []
        code = self.notebook.code_cells
        foreign = len(kernel.events())  # before any cell ran there is nothing to tell
        for done, cell in enumerate(code):
            self.report(Progress("run", done, len(code), f"cell {cell.index}"))
            cells.append(kernel.run_cell(cell.index, cell.source))
            own, others = own_events(kernel.events(), cell.index)
            events += own
            foreign += others
        self.seconds["run"] = round(time.monotonic() - began, 2)
        self.seconds["student"] = round(sum(cell.seconds for cell in cells), 2)
        run = run_evidence(cells, events)
        return replace(run, refused=run.refused + foreign)

    def _confirm(self, fresh: Kernel, run: RunEvidence, probes: Probes) -> tuple[Confirmation, ...]:
        """What the weights that the run sent are worth on this side."""
        from grader.confirming import Bench, confirm

        bench = Bench(fresh, probes.models, probes.loaders, self._data(), self.assignment.transform)
        return confirm(bench, run, self.assignment.models)

    def _probe(self, main: Kernel, fresh: Kernel, run: RunEvidence) -> Probes:
        """Probe in the fresh kernel, which runs only definitions; what is not found there, in the one of the run."""
        from grader.probing import probe_all
        from grader.slicing import definitions, slice_cells

        began = time.monotonic()
        data = self._data()
        cells = source_cells(self.notebook, run)
        names = [d.name for d in definitions(cells) if d.kind != "method"]
        names += [name for model in run.models.values() for name in model.names]
        files = written_files(self.notebook)
        for cell in self.notebook.code_cells:
            if cell.index in files:  # modules that the notebook writes and imports
                fresh.run_cell(cell.index, cell.source, PIECE_SECONDS)
        pieces = slice_cells(cells, [*names, *imported_names(self.notebook), *loader_names(self.notebook)]).pieces
        for done, piece in enumerate(pieces):
            self.report(Progress("probe", done, len(pieces), f"definitions of cell {piece.cell}"))
            fresh.run_cell(piece.cell, piece.padded, PIECE_SECONDS)
        self.report(Progress("probe", len(pieces), len(pieces), "models and loops"))
        probes = probe_all(fresh, self.assignment, run, data, cuda=self.gpu.there)
        lacking = replace(
            self.assignment,
            models=tuple(role for role in self.assignment.models if probes.models[role.role].missing),
            loops=tuple(r for r in self.assignment.loops if r.role in probes.loops and probes.loops[r.role].missing),
        )
        no_loader = any(probe.missing for probe in probes.loaders.values())
        if main.alive and (lacking.models or lacking.loops or no_loader):
            after = probe_all(main, lacking, run, data, cuda=self.gpu.there)
            probes = replace(
                probes,
                models={**probes.models, **after.models},
                loops={**probes.loops, **after.loops},
                loaders={k: after.loaders[k] if probe.missing else probe for k, probe in probes.loaders.items()},
            )
        self.seconds["probe"] = round(time.monotonic() - began, 2)
        return probes

    def _data(self) -> dict[str, tuple[NDArray[np.uint8], NDArray[np.int64]]]:
        from grader.data.sources import load_arrays

        arrays = load_arrays(self.source)
        return {
            "train": (arrays.train_images, arrays.train_labels),
            "test": (arrays.test_images, arrays.test_labels),
        }

    def _reference(self) -> Reference:
        from grader.trajectories import ReferenceFailed, by_role, reference_run, weights_by_epoch

        thresholds = self.assignment.thresholds(self.source.train_size)
        try:
            run = reference_run(self.assignment, self.source, self.seed)
        except (ReferenceFailed, KernelStartError) as error:
            return Reference({}, thresholds, str(error))
        return Reference(by_role(self.assignment, run), thresholds, weights=weights_by_epoch(self.assignment, run))

    def _evidence(
        self, run: RunEvidence, probes: Probes, waited: Future[Reference], confirmations: tuple[Confirmation, ...]
    ) -> Evidence:
        from grader.confirming import with_doubts

        prompts, template = self.assignment.prompts, self.assignment.template()
        self.report(Progress("check", 0, 1, "waiting for the reference on this data (once per machine)"))
        reference, roles = waited.result(), self.assignment.models
        run = with_doubts(run, roles, reference, confirmations)
        return Evidence(
            notebook=self.notebook,
            sections=locate(self.notebook, prompts, template, self.assignment.anchors(run)),
            run=run,
            models=probes.models,
            loops=probes.loops,
            loaders=probes.loaders,
            reference=reference,
            train_size=self.source.train_size,
            test_size=self.source.test_size,
            gpu=self.gpu.name if self.gpu.there else "",
            virtual_gpu=self.gpu.kind == "virtual",
        )

    def _environment(self) -> Environment:
        import platform

        import torch
        import torchvision

        from grader import __version__

        return {
            "grader": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
            "device": self.gpu.name,
            "data": self.source.describe(),
            "seed_commitment": commitment(self.seed),
            "isolation": self.backend.report(),
            "limits": {
                "cell_seconds": self.limits.cell_seconds,
                "total_seconds": self.limits.total_seconds,
                "cell_output_bytes": float(self.limits.cell_output_bytes),
                "total_output_bytes": float(self.limits.total_output_bytes),
                "memory_bytes": float(self.limits.memory_bytes),
                "tasks": float(self.limits.tasks),
                "cpu_seconds": self.limits.cpu_seconds,
                "file_bytes": float(self.limits.file_bytes),
                "scratch_bytes": float(self.limits.scratch_bytes),
            },
            "seconds": self.seconds,
        }

    def _notes(self, run: RunEvidence) -> tuple[str, ...]:
        """Repairs of the file, and what a person should know of the run: cells that did not end well, remarks."""
        notes = [f"repaired: {repair}" for repair in self.notebook.repairs]
        alike: dict[str, list[str]] = {}
        for cell in run.cells:
            if cell.error is not None and cell.error.missing_module:
                what = f"needs the package '{cell.error.missing_module}', which this grader does not have"
                alike.setdefault(what, []).append(f"cell {cell.index}")
            elif cell.reason and cell.status != "not_run":
                notes.append(cell.reason)
            elif cell.error is not None:
                line = f", line {cell.error.line}" if cell.error.line else ""
                what = f"ended with {cell.error.name}: {cell.error.message[:200]}"
                alike.setdefault(what, []).append(f"cell {cell.index}{line}")
        notes += [f"{'; '.join(cells)} {what}" for what, cells in alike.items()]
        not_run = [cell for cell in run.cells if cell.status == "not_run"]
        if not_run:
            notes.append(f"{len(not_run)} cells were {not_run[0].reason}")
        notes += [f"cell {note.cell}: {note.text}" for note in run.notes]
        if run.refused:
            notes.append(f"{run.refused} records of the run were malformed or of another cell and are left out")
        return tuple(dict.fromkeys(notes))


@contextmanager
def _one_thread() -> Iterator[None]:
    """One torch thread in this process too: threads that compete with other gradings' take many times as long."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _warm_up(kernel: Kernel) -> None:
    """Let the kernel for the probes, and this process, import what is slow to import."""
    import hypothesis  # noqa: F401  (for its import alone)
    import torch

    kernel.run_cell(-1, WARM_UP)
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1).step()
