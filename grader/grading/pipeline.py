"""The stages of one grading: run, probe, confirm, judge. With a core to spare, the probing goes on beside the run.

What was probed meanwhile counts only if probing after the run would have asked the same; else it is done again. So the
verdicts are those of one stage after the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from grader.assignment import Assignment, Evidence, LoopRole, Reference
from grader.evidence.run import RunEvidence
from grader.grading.judge import Judge, PartialEvidence, SomeOf
from grader.notebook.cells import Cell, Notebook
from grader.notebook.questions import Section, locate
from grader.result import Fact
from grader.run.kernels import LOAD, Kernels, Setup
from grader.run.recorded_run import Running
from grader.sandbox.kernel import Kernel, KernelStartError
from grader.seeds import drawn_for
from grader.slicing.item_cells import cells_for, costly_cells
from grader.slicing.source_cells import ALL_RAN

if TYPE_CHECKING:
    from grader.authenticity.evaluations import Evaluations
    from grader.authenticity.plausibility import Confirmation
    from grader.probe.loops import LoopProber
    from grader.probe.probes import Data, Probes
    from grader.probe.stage import Probed, ProbingStage


@dataclass(frozen=True)
class Progress:
    """Where a grading stands: `done` of `total` steps of a phase, and what is being done."""

    phase: Literal["read", "run", "probe", "check"]
    done: int
    total: int
    detail: str


Report: TypeAlias = Callable[[Progress], None]
OF_THE_RUN = frozenset({"sections", "run", "loops", "reference"})  # parts of the evidence that are never there before


@dataclass
class Stages:
    """The grading of one notebook that could be read. `fresh` is the kernel for the probes, None where none are made,
    `only` the one item that is wanted, `seconds` what stages took."""

    notebook: Notebook
    setup: Setup
    assignment: Assignment
    kernels: Kernels
    fresh: Future[Kernel] | None
    report: Report
    judge: Judge
    only: str | None = None
    seconds: dict[str, Fact] = field(default_factory=dict)

    def go(self) -> RunEvidence:
        """Judge what the judge wants, with no more stages than that needs; what the run showed, if it was needed."""
        with _one_thread(), self._drawing():
            return self._go()

    def _go(self) -> RunEvidence:
        if self.judge.look(self._early()):
            return RunEvidence()
        stage, certain = self._probing() if self.assignment.probes else None, None
        if stage is not None and self.only is not None:  # what is certain may do, or tell how far the run has to go
            self.report(Progress("probe", 0, 1, "what can be told without a run"))
            certain = stage.certain(self._fresh.result())
            if self.judge.done:
                return RunEvidence()
        code = {cell.index: cell for cell in self.notebook.code_cells}
        some = cells_for(self.notebook, self.assignment, self.only) if self.only is not None else None
        probed: Probed | None = None
        if some is not None:
            chosen = [cell for at, cell in code.items() if at in some]
            evidence, probed = self._attempt(stage, chosen, certain, None)
            if self._passes(evidence):
                self.judge.look(evidence)
                return evidence.run
        evidence, _ = self._attempt(stage, tuple(code.values()), certain, probed)
        self.judge.look(evidence)
        return evidence.run

    def _drawing(self) -> AbstractContextManager[None]:
        return drawn_for(self.setup.seed, self.notebook.sha256)

    def _passes(self, evidence: Evidence) -> bool:
        """Whether the item passes entirely: only then is part of the run as good as all of it."""
        trial = Judge(self.assignment.rubric, self.only)
        return trial.look(evidence) and all(item.status == "pass" for item in trial.results)

    def _attempt(
        self, stage: ProbingStage | None, cells: Sequence[Cell], certain: Probes | None, guess: Probed | None
    ) -> tuple[Evidence, Probed | None]:
        """The evidence when these cells run: all of them, or some of them for one item, and then perhaps not to the end.

        Without a `stage` nothing is probed. What is `certain` was probed in the kernel for the probes, unless it is None;
        `guess` are probes that may still hold.
        """
        pool, whole = self.kernels.pool, len(cells) == len(self.notebook.code_cells)
        evaluations = self._evaluations(stage)
        main = self.kernels.start(self._recorded)
        reference = pool.submit(self._reference)
        beside: Future[Probed] | None = None
        warm: Future[None] | None = None
        if stage is not None and guess is None and self.setup.cores > 1:
            beside = pool.submit(lambda: self._probe(stage, self._fresh, ALL_RAN, certain))
        elif stage is not None and guess is None:
            warm = pool.submit(lambda: _warm_up(self._fresh.result()))
        began, running = time.monotonic(), Running(main.result())
        costly = costly_cells(self.notebook)
        for done, cell in enumerate(cells):
            if not whole and cell.index in costly and certain is not None:
                early = self._short(running.evidence(), certain)
                if early is not None:
                    return early, None
            self.report(Progress("run", done, len(cells), f"cell {cell.index}"))
            before = running.weights_sent
            running.run([cell])
            if evaluations is not None and running.weights_sent > before:
                evaluations.foresee(running.evidence(), self.assignment.models)
        run = running.evidence()
        self.seconds["run"] = round(time.monotonic() - began, 2)
        self.seconds["student"] = round(running.seconds, 2)
        if stage is None:
            self.kernels.end(main)
            return self._whole(run, _nothing(), reference.result(), ()), None
        self.report(Progress("probe", 0, 1, "models and loops"))
        probed = beside.result() if beside is not None else guess
        if probed is None:
            if warm is not None:
                warm.result()
            probed = self._probe(stage, self._fresh, run, certain)
        elif not stage.still_holds(probed, run):
            fresh = self.kernels.start(lambda: self.setup.probed(self.assignment.folder), LOAD)
            probed = self._probe(stage, fresh, run, probed.certain)
        probes = stage.completed(probed.probes, running.kernel, run)
        self.kernels.end(main)
        confirmations = () if evaluations is None else self._confirm(probed.kernel, run, probes, evaluations)
        self.report(Progress("check", 0, 1, "waiting for the reference on this data (once per machine)"))
        return self._whole(run, probes, reference.result(), confirmations), probed

    def _recorded(self) -> Kernel:
        """The kernel for the run. The first verdicts need the one for the probes: all that imports torch at once is late."""
        if self.fresh is not None and self.setup.cores > 1:
            wait([self.fresh])
        return self.setup.recorded(self.assignment.folder)

    @property
    def _fresh(self) -> Future[Kernel]:
        if self.fresh is None:
            raise RuntimeError("nothing is probed without a kernel")
        return self.fresh

    # --- evidence --------------------------------------------------------------------------------------------------

    def _probing(self) -> ProbingStage:
        from grader.data.sources import load_arrays
        from grader.probe.loops import LoopProber
        from grader.probe.probes import loop_roles
        from grader.probe.stage import ProbingStage

        arrays = load_arrays(self.setup.source)
        data: Data = {
            "train": (arrays.train_images, arrays.train_labels),
            "test": (arrays.test_images, arrays.test_labels),
        }
        gpu = self.setup.gpu.there
        prober: Callable[[], LoopProber] = LoopProber
        if roles := loop_roles(self.assignment, gpu):
            prober = self.kernels.pool.submit(self._prober, roles).result
        return ProbingStage(self.notebook, self.assignment, data, gpu, self._arrived, prober)

    def _prober(self, roles: Sequence[LoopRole]) -> LoopProber:
        """What probes the loops, with all that it needs no kernel for: that can be done while the notebook runs."""
        from grader.probe.loops import LoopProber

        with self._drawing():
            return LoopProber().prepare(roles)

    def _arrived(self, certain: Probes) -> None:
        self.judge.look(self._early(certain))

    def _probe(self, stage: ProbingStage, kernel: Future[Kernel], run: RunEvidence, certain: Probes | None) -> Probed:
        def step(done: int, total: int, cell: int) -> None:
            if run is not ALL_RAN:  # else the cells that run are what is shown
                self.report(Progress("probe", done, total, f"definitions of cell {cell}"))

        began = time.monotonic()
        with self._drawing():  # in whatever thread this is
            probed = stage.all(kernel.result(), run, certain, step)
        self.seconds["probe"] = round(time.monotonic() - began, 2)
        return probed

    def _evaluations(self, stage: ProbingStage | None) -> Evaluations | None:
        """What weights that the run sends are evaluated by; None where it is not known what the loaders should serve."""
        from grader.authenticity.evaluations import Evaluations

        transform = self.assignment.transform
        return None if stage is None or transform is None else Evaluations(stage.data, transform, self.kernels.pool)

    def _confirm(
        self, fresh: Kernel, run: RunEvidence, probes: Probes, evaluations: Evaluations
    ) -> tuple[Confirmation, ...]:
        """What the weights that the run sent are worth on this side."""
        from grader.authenticity.weights import Bench, confirm

        return confirm(Bench(fresh, probes.models, probes.loaders, evaluations), run, self.assignment.models)

    def _reference(self) -> Reference:
        from grader.run.reference_run import ReferenceFailed, by_role, reference_run, weights_by_epoch

        thresholds = self.assignment.thresholds(self.setup.source.train_size)
        if not self.assignment.program:
            return Reference({}, thresholds)
        try:
            run = reference_run(self.assignment, self.setup.source, self.setup.seed)
        except (ReferenceFailed, KernelStartError) as error:
            return Reference({}, thresholds, str(error))
        return Reference(by_role(self.assignment, run), thresholds, weights=weights_by_epoch(self.assignment, run))

    # --- verdicts --------------------------------------------------------------------------------------------------

    def _early(self, certain: Probes | None = None) -> Evidence:
        """The evidence before the run is over: the notebook, and those of the probes that no outcome of it can change."""
        known = self._evidence(RunEvidence(), _some(certain), Reference(), {})
        return PartialEvidence(known, OF_THE_RUN)

    def _short(self, run: RunEvidence, certain: Probes) -> Evidence | None:
        """The evidence with no more of the run than this, in which nothing was trained, if the item passes on it."""
        if run.weights or any(seen.steps or seen.backwards for seen in run.passes):
            return None
        known = self._evidence(run, _some(certain), Reference(), self._sections(run))
        evidence = PartialEvidence(known, {"loops", "reference"})
        return evidence if self._passes(evidence) else None

    def _whole(
        self, run: RunEvidence, probes: Probes, reference: Reference, confirmations: tuple[Confirmation, ...]
    ) -> Evidence:
        from grader.authenticity.weights import with_doubts

        self.report(Progress("check", 0, 1, "checking"))
        run = with_doubts(run, self.assignment.models, reference, confirmations)
        return self._evidence(run, probes, reference, self._sections(run))

    def _sections(self, run: RunEvidence) -> Mapping[str, Section]:
        prompts, template = self.assignment.prompts, self.assignment.template()
        return locate(self.notebook, prompts, template, self.assignment.anchors(run))

    def _evidence(
        self, run: RunEvidence, probes: Probes, reference: Reference, sections: Mapping[str, Section]
    ) -> Evidence:
        gpu = self.setup.gpu
        return Evidence(
            notebook=self.notebook,
            sections=sections,
            run=run,
            models=probes.models,
            loops=probes.loops,
            loaders=probes.loaders,
            reference=reference,
            train_size=self.setup.source.train_size,
            test_size=self.setup.source.test_size,
            gpu=gpu.name if gpu.there else "",
            virtual_gpu=gpu.kind == "virtual",
        )


def _nothing() -> Probes:
    from grader.probe.probes import Probes

    return Probes()


def _some(certain: Probes | None) -> Probes:
    """The probes that are there, as evidence of which more is to come."""
    from grader.probe.probes import Probes

    known = certain or Probes()
    return Probes(SomeOf(known.models), {}, SomeOf(known.loaders))


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
    import torch

    from grader.probe.stage import WARM_UP

    kernel.run_cell(-1, WARM_UP)
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1).step()
