"""Run the stages of one grading: run, probe, confirm, judge. With a spare core, the notebook is probed while it runs.

Probes made during the run count only if probing after it would ask the same questions; otherwise they are made again.
So the verdicts are the same as when the stages run one after the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from grader.assignment import Assignment, Evidence, LoopRole, Reference
from grader.evidence.run import RunEvidence
from grader.grading.attempt import Attempt
from grader.grading.judge import Judge, PartialEvidence, SomeOf
from grader.grading.progress import Progress, Report, SoFar
from grader.notebook.cells import Cell, Notebook
from grader.notebook.places import place
from grader.notebook.questions import Section, locate
from grader.result import Fact
from grader.run.kernels import LOAD, Kernels, Setup
from grader.sandbox.kernel import Kernel
from grader.seeds import drawn_for
from grader.slicing.item_cells import Part, costly_cells, part_for
from grader.slicing.source_cells import ALL_RAN

if TYPE_CHECKING:
    from grader.authenticity.evaluations import Evaluations
    from grader.probe.loops import Lengths, LoopProber
    from grader.probe.probes import Data, Probes
    from grader.probe.stage import Probed, ProbingStage


OF_THE_RUN = frozenset({"sections", "run", "loops"})  # parts of the evidence that only the run gives


@dataclass
class Stages:
    """The grading of one notebook that could be read.

    `seed` is the grading's, from which the probes' draws follow; the kernels get another. `fresh` is the kernel for the
    probes, None if the assignment has none. `only` are the wanted items, None for all. `so_far` is told what a part of
    the run shows, and why that is not final. `seconds` holds the duration of the stages. With `chosen` only these cells
    run, and the functions are probed with inputs of these `lengths`. `evidence` is what the verdicts rest on, once a
    run has ended.
    """

    notebook: Notebook
    setup: Setup
    seed: int
    assignment: Assignment
    kernels: Kernels
    fresh: Future[Kernel] | None
    report: Report
    judge: Judge
    only: Collection[str] | None = None
    so_far: SoFar = lambda *_: None
    seconds: dict[str, Fact] = field(default_factory=dict)
    chosen: Collection[int] | None = None
    lengths: Lengths | None = None
    evidence: Evidence | None = None

    def go(self) -> RunEvidence:
        """Judge the wanted items with as few stages as they need. Return the evidence of the run, empty if none was."""
        with _one_thread(), self._drawing():
            return self._go()

    def _go(self) -> RunEvidence:
        if self.judge.look(self._early()) and self.chosen is None:
            return RunEvidence()
        stage, certain, main = self._probing() if self.assignment.probes else None, None, None
        if stage is not None and self.only is not None:  # the certain probes may suffice, or shorten the run
            if self.setup.cores > 1 and self.judge.waits_for & OF_THE_RUN:  # it must run in any case
                main = self.kernels.start(self._recorded)
            self.report(Progress("probe", 0, 1, "definitions that need no run"))
            certain = stage.certain(self._fresh.result())
            if self.judge.done:
                return RunEvidence()
        code = {cell.index: cell for cell in self.notebook.code_cells}
        attempt = self._attempt(stage, certain, None, main)
        if self.chosen is not None:
            self._advance(attempt, [code[at] for at in sorted(self.chosen)], len(self.chosen))
            return self._judged(self._seen(attempt, last=True))
        part, done = self._part(), frozenset[int]()
        if part is not None:
            short = self._advance(attempt, [code[at] for at in sorted(part.cells)], len(code), part)
            seen = short or self._seen(attempt, last=not part.begins)
            if short is not None or self._enough(seen, part):
                return self._judged(seen)
            if part.begins:
                done = part.cells
            else:
                attempt = self._attempt(stage, certain, attempt.probed, attempt.next)
        rest = [cell for at, cell in code.items() if at not in done]
        self._advance(attempt, rest, len(code))
        return self._judged(self._seen(attempt, last=True))

    def _part(self) -> Part | None:
        """Return the part of the notebook that may be enough for the wanted items, if there is one."""
        if self.only is None:
            return None
        return part_for(self.notebook, self.assignment, [item for item in self.only if item not in self.judge.judged])

    def _enough(self, evidence: Evidence, part: Part) -> bool:
        """Return whether a part of the run is enough: if all wanted items pass. If not, tell what it shows so far."""
        trial = Judge(self.assignment.rubric, part.items)
        if not trial.look(evidence):
            return False
        if part.all and all(item.status == "pass" for item in trial.results):
            return True
        for item in trial.results:
            self.so_far(item, "the rest of the notebook runs now")
        return False

    def _judged(self, evidence: Evidence) -> RunEvidence:
        self.judge.look(evidence)
        self.evidence = evidence
        return evidence.run

    def _drawing(self) -> AbstractContextManager[None]:
        return drawn_for(self.seed, self.notebook.sha256)

    def _passes(self, evidence: Evidence) -> bool:
        """Return whether the wanted items pass entirely: only then is part of the run enough."""
        trial = Judge(self.assignment.rubric, self.only)
        return trial.look(evidence) and all(item.status == "pass" for item in trial.results)

    def _attempt(
        self, stage: ProbingStage | None, certain: Probes | None, guess: Probed | None, main: Future[Kernel] | None
    ) -> Attempt:
        """Begin a run in the kernel `main`, or a new one. Without a `stage` nothing is probed.

        `certain` are the probes that were already made in the kernel for the probes, if any; `guess` are all probes of
        an earlier attempt, which may still hold.
        """
        attempt = Attempt(stage, certain, main or self.kernels.start(self._recorded), self._evaluations(stage), guess)
        if stage is not None and guess is None and self.setup.cores > 1:
            attempt.beside = self.kernels.pool.submit(lambda: self._probe(stage, self._fresh, ALL_RAN, certain))
        elif stage is not None and guess is None:
            attempt.warm = self.kernels.pool.submit(lambda: _warm_up(self._fresh.result()))
        return attempt

    def _advance(
        self, attempt: Attempt, cells: Sequence[Cell], total: int, part: Part | None = None
    ) -> Evidence | None:
        """Run further cells of a notebook with `total` cells to run.

        If the cells are a `part` of it, and the wanted items pass before one that trains, return the evidence of that.
        """
        began = time.monotonic()
        running = attempt.begun()
        costly = costly_cells(self.notebook) if part is not None else frozenset[int]()
        for cell in cells:
            if cell.index in costly and attempt.certain is not None:
                early = self._short(running.evidence(), attempt.certain)
                if early is not None:
                    return early
            self.report(Progress("run", attempt.ran, total, place(self.notebook, cell.index)))
            before = running.weights_sent
            running.run([cell])
            attempt.ran += 1
            if attempt.evaluations is not None and running.weights_sent > before:
                attempt.evaluations.foresee(running.evidence(), self.assignment.models)
            broke = running.ended_badly
            if broke and part is not None and not part.begins and attempt.next is None and self.setup.cores > 1:
                attempt.next = self.kernels.start(self._recorded)  # the whole notebook will most likely run
        attempt.seconds += time.monotonic() - began
        self.seconds["run"] = round(attempt.seconds, 2)
        self.seconds["student"] = round(running.seconds, 2)
        return None

    def _seen(self, attempt: Attempt, last: bool) -> Evidence:
        """Return the evidence of what ran so far. `last`: nothing more will run in its kernel, which is closed."""
        running, stage = attempt.begun(), attempt.stage
        run = running.evidence()
        if stage is None:
            if last:
                self.kernels.end(attempt.main)
            return self._evidence(run, _nothing(), self._sections(run))
        self.report(Progress("probe", 0, 1, "models and loops"))
        first = attempt.probed
        if first is None and attempt.beside is not None:
            first = attempt.beside.result()
        if first is None:
            if attempt.warm is not None:
                attempt.warm.result()
            probed = first = self._probe(stage, self._fresh, run, attempt.certain)
        elif stage.still_holds(first, run):
            probed = first
        else:
            fresh = self.kernels.start(lambda: self.setup.probed(self.assignment.folder), LOAD)
            probed = self._probe(stage, fresh, run, first.certain)
        attempt.probed = probed if last else first  # what does not hold for a part may hold for the whole
        probes = probed.probes
        if last:  # it runs functions of the notebook in its own kernel, which changes the state there
            probes = stage.completed(probes, running.kernel, run)
            self.kernels.end(attempt.main)
        return self._whole(run, probes, probed.kernel, attempt.evaluations)

    def _recorded(self) -> Kernel:
        """Start the kernel for the run, on several cores after the one for the probes, which the first verdicts need.

        Kernels that import torch at the same time delay each other.
        """
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
        """Return the prober of the loops, prepared as far as it needs no kernel: the notebook may run meanwhile."""
        from grader.probe.loops import USUAL, prober_for

        with self._drawing():
            return prober_for(roles, self.lengths or USUAL)

    def _arrived(self, certain: Probes) -> None:
        self.judge.look(self._early(certain))

    def _probe(self, stage: ProbingStage, kernel: Future[Kernel], run: RunEvidence, certain: Probes | None) -> Probed:
        def step(done: int, total: int, cell: int) -> None:
            if run is not ALL_RAN:  # otherwise the run's own progress is shown
                self.report(Progress("probe", done, total, f"definitions of cell {cell}"))

        began = time.monotonic()
        with self._drawing():  # the seed of the draws belongs to the thread
            probed = stage.all(kernel.result(), run, certain, step)
        self.seconds["probe"] = round(time.monotonic() - began, 2)
        return probed

    def _evaluations(self, stage: ProbingStage | None) -> Evaluations | None:
        """Return the evaluations of weights that the run sends; None without probes or the assignment's transform."""
        from grader.authenticity.evaluations import Evaluations

        transform = self.assignment.transform
        return None if stage is None or transform is None else Evaluations(stage.data, transform, self.kernels.pool)

    # --- verdicts --------------------------------------------------------------------------------------------------

    def _early(self, certain: Probes | None = None) -> Evidence:
        """Return the evidence before the run ends: the notebook, and the probes that no outcome of it can change."""
        known = self._evidence(RunEvidence(), _some(certain), {})
        return PartialEvidence(known, OF_THE_RUN)

    def _short(self, run: RunEvidence, certain: Probes) -> Evidence | None:
        """Return the evidence with the run so far, if nothing was trained in it and the wanted item passes on it."""
        if run.weights or any(seen.steps or seen.backwards for seen in run.passes):
            return None
        known = self._evidence(run, _some(certain), self._sections(run))
        evidence = PartialEvidence(known, {"loops"})
        return evidence if self._passes(evidence) else None

    def _whole(self, run: RunEvidence, probes: Probes, fresh: Kernel, evaluations: Evaluations | None) -> Evidence:
        """Return the evidence, after the weights that the run sent were evaluated and its steps taken again."""
        from grader.authenticity.repetition import repeated
        from grader.authenticity.weights import Bench, confirm, with_doubts

        self.report(Progress("check", 0, 1, "checking"))
        evidence = self._evidence(run, probes, self._sections(run))
        if evaluations is None:
            return evidence
        roles, wanted = self.assignment.models, evidence.wanted_data
        bench = Bench(fresh, probes.models, probes.loaders, evaluations, wanted)
        again = repeated(bench, run, roles, self.setup.seed)
        return replace(evidence, run=with_doubts(run, roles, wanted, confirm(bench, run, roles), again))

    def _sections(self, run: RunEvidence) -> Mapping[str, Section]:
        prompts, template = self.assignment.prompts, self.assignment.template()
        return locate(self.notebook, prompts, template, self.assignment.anchors(run))

    def _evidence(self, run: RunEvidence, probes: Probes, sections: Mapping[str, Section]) -> Evidence:
        gpu = self.setup.gpu
        return Evidence(
            notebook=self.notebook,
            sections=sections,
            run=run,
            models=probes.models,
            loops=probes.loops,
            loaders=probes.loaders,
            reference=Reference(self.assignment.thresholds(self.setup.source.train_size)),
            train_size=self.setup.source.train_size,
            test_size=self.setup.source.test_size,
            gpu=gpu.name if gpu.there else "",
            virtual_gpu=gpu.kind == "virtual",
        )


def _nothing() -> Probes:
    from grader.probe.probes import Probes

    return Probes()


def _some(certain: Probes | None) -> Probes:
    """Return the probes made so far, as evidence that is still incomplete."""
    from grader.probe.probes import Probes

    known = certain or Probes()
    return Probes(SomeOf(known.models), {}, SomeOf(known.loaders))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch use one thread in this process too: competing with parallel gradings is many times slower."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _warm_up(kernel: Kernel) -> None:
    """Make the slow imports, in the kernel for the probes and in this process."""
    import torch

    from grader.probe.stage import WARM_UP

    kernel.run_cell(-1, WARM_UP)
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1).step()
