"""Probe one notebook: certain definitions first, then everything as a run shows it, finally what is still missing.

The questions follow from the sources and, in part, from the run. They can be asked before the run is over, as if every
cell were to end well; afterwards `still_holds` decides whether the answers are valid for the run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grader.assignment import Assignment
from grader.evidence.run import RunEvidence
from grader.notebook.cells import Notebook
from grader.probe.definitions import Definitions, all_definitions, certain_definitions
from grader.probe.loops import LoopProber
from grader.probe.probes import SPLITS, Patience, Probes, loop_roles, probe_all, probe_certain, probe_loaders
from grader.probe.reuse import same_questions
from grader.sandbox.kernel import Kernel

if TYPE_CHECKING:
    from grader.probe.probes import Data

# Slow imports: the first optimizer of a process imports much.
WARM_UP = """
import torchvision
torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1).step()
"""


NOTHING = Definitions((), ())


@dataclass(frozen=True)
class Probed:
    """All probes, the kernel that answered, the definitions that it ran, and the run on which the questions depended.

    `certain` are the probes made first. `steady`: no definition was interrupted, and every request answered in time.
    """

    kernel: Kernel
    definitions: Definitions
    run: RunEvidence
    probes: Probes
    certain: Probes
    steady: bool


@dataclass(frozen=True)
class ProbingStage:
    """Probes a notebook. `arrived` is called with the probes that no outcome of the run can change, as they arrive.

    `prober` returns the prober of the loops.
    """

    notebook: Notebook
    assignment: Assignment
    data: Data
    cuda: bool
    arrived: Callable[[Probes], None] = lambda _: None
    prober: Callable[[], LoopProber] = LoopProber

    def certain(self, kernel: Kernel) -> Probes:
        """Make the probes that are certain before the run, in a fresh kernel. Their `facts` are empty."""
        certain, found = certain_definitions(self.notebook, self.assignment), Probes()
        if certain.models is not None and certain.models.run(kernel.run_cell):
            patient = Patience(kernel)
            for name, model in probe_certain(patient, self.assignment, certain.roles):
                if patient.lost:  # it is asked again
                    break
                found = replace(found, models={**found.models, name: model})
                self.arrived(found)
        wanted = self.assignment.transform is not None
        if wanted and certain.loaders is not None and certain.loaders.run(kernel.run_cell):
            patient = Patience(kernel)
            loaders = probe_loaders(patient, self.assignment, self.data)
            if not patient.lost:
                found = replace(found, loaders=loaders)
                self.arrived(found)
        return found

    def all(
        self,
        kernel: Kernel,
        run: RunEvidence,
        certain: Probes | None = None,
        step: Callable[[int, int, int], None] = lambda *_: None,
    ) -> Probed:
        """Probe everything. The kernel has run nothing but the definitions of `certain`, which is made first if None.

        `step` is called with the number of definitions that ran, the number of all, and the cell of the next.
        """
        certain = self.certain(kernel) if certain is None else certain
        if self._is_all(certain):
            return Probed(kernel, NOTHING, run, certain, certain, kernel.alive)
        definitions = self._definitions(run)
        patient = Patience(kernel)
        ended = definitions.run(kernel.run_cell, step)
        probes = probe_all(patient, self.assignment, run, self.data, cuda=self.cuda, known=certain, prober=self.prober)
        return Probed(kernel, definitions, run, probes, certain, ended and kernel.alive and not patient.lost)

    def _is_all(self, certain: Probes) -> bool:
        """Return whether the certain probes are all that the assignment needs."""
        no_loops = not loop_roles(self.assignment, self.cuda)
        loaders = self.assignment.transform is None or certain.loaders.keys() >= set(SPLITS)
        return no_loops and loaders and certain.models.keys() >= {role.role for role in self.assignment.models}

    def _definitions(self, run: RunEvidence) -> Definitions:
        wanted = [name for role in self.assignment.loops for name in role.function_names]
        return all_definitions(self.notebook, run, wanted)

    def still_holds(self, probed: Probed, run: RunEvidence) -> bool:
        """Return whether probing again for this run would ask the same questions of the same definitions."""
        if self._is_all(probed.certain):
            return probed.steady
        return (
            probed.steady
            and probed.definitions == self._definitions(run)
            and same_questions(self.assignment, probed.probes, probed.run, run, probed.certain)
        )

    def completed(self, probes: Probes, main: Kernel, run: RunEvidence) -> Probes:
        """Return the probes, with those that found nothing among the definitions repeated in the kernel of the run."""
        lacking = replace(
            self.assignment,
            models=tuple(role for role in self.assignment.models if probes.models[role.role].missing),
            loops=tuple(r for r in self.assignment.loops if r.role in probes.loops and probes.loops[r.role].missing),
        )
        no_loader = any(probe.missing for probe in probes.loaders.values())
        if not main.alive or not (lacking.models or lacking.loops or no_loader):
            return probes
        after = probe_all(main, lacking, run, self.data, cuda=self.cuda, prober=self.prober)
        return replace(
            probes,
            models={**probes.models, **after.models},
            loops={**probes.loops, **after.loops},
            loaders={k: after.loaders[k] if probe.missing else probe for k, probe in probes.loaders.items()},
        )
