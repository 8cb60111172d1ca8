"""Make all probes of one submission, in a kernel that has run its definitions of models, functions and loaders."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from grader.assignment import Assignment, LoopRole
from grader.evidence.compare import squashing
from grader.evidence.namespace import NamespaceFacts
from grader.evidence.probes import LoaderProbe, LoopProbe, ModelProbe
from grader.evidence.run import RunEvidence
from grader.probe.client import Asked, Refused, describe
from grader.probe.loaders import find_loader, probe_loader
from grader.probe.loops import LoopProber
from grader.probe.matching import find_function, model_sources
from grader.probe.models import probe_model
from grader.sandbox.kernel import RequestFailed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Data: TypeAlias = "Mapping[str, tuple[NDArray[np.uint8], NDArray[np.int64]]]"  # images and labels by split
SPLITS: tuple[Literal["train", "test"], ...] = ("train", "test")


@dataclass(frozen=True)
class Probes:
    """The results of the probes by role, for loaders by split. `facts` describe the namespace that was probed."""

    models: Mapping[str, ModelProbe] = field(default_factory=dict)
    loops: Mapping[str, LoopProbe] = field(default_factory=dict)
    loaders: Mapping[str, LoaderProbe] = field(default_factory=dict)
    facts: NamespaceFacts = field(default_factory=NamespaceFacts)


def probe_all(
    kernel: Asked,
    assignment: Assignment,
    run: RunEvidence,
    data: Data,
    *,
    cuda: bool = False,
    known: Probes | None = None,
    prober: Callable[[], LoopProber] = LoopProber,
) -> Probes:
    """Probe every model, loop and loader that the assignment wants. No student's mistake raises.

    `run` is the evidence of the whole run; `data` holds the served images and labels by split. Without `cuda` the
    kernel has no GPU, and the loops for it are left out. `known` probes are not made again. `prober` returns the prober
    of the loops.
    """
    known = known or Probes()
    try:
        facts = describe(kernel)
    except Refused as refused:
        return _without(assignment, f"the grader could not inspect the notebook's names: {refused}", known)
    models = {
        role.role: known.models.get(role.role)
        or probe_model(kernel, role, model_sources(role, facts, tuple(run.models.values())))
        for role in assignment.models
    }
    roles, ends_so = loop_roles(assignment, cuda), log_probabilities(models)
    loop_prober = prober() if roles else None
    loops = {role.role: _loop(kernel, loop_prober, role, facts, run, ends_so) for role in roles if loop_prober}
    loaders = _loaders(kernel, facts, data, assignment, known.loaders)
    return Probes(models, loops, loaders, facts)


def loop_roles(assignment: Assignment, cuda: bool) -> tuple[LoopRole, ...]:
    """Return the roles of the loops that can be probed: without a GPU only those for the CPU."""
    return tuple(role for role in assignment.loops if cuda or role.device == "cpu")


def _loop(
    kernel: Asked, prober: LoopProber, role: LoopRole, facts: NamespaceFacts, run: RunEvidence, log_probabilities: bool
) -> LoopProbe:
    """Probe the function of a role."""
    return prober.probe(kernel, role, find_function(role, facts, run.passes), log_probabilities=log_probabilities)


def probe_certain(kernel: Asked, assignment: Assignment, roles: Collection[str]) -> Iterator[tuple[str, ModelProbe]]:
    """Probe the models of these roles before the rest, by the exact names of their classes.

    Yield role and probe of those that can be built.
    """
    try:
        facts = describe(kernel)
    except Refused:
        return
    for role in assignment.models:
        exact = [source for source in model_sources(role, facts, ()) if source.exact]
        if role.role in roles and exact:
            probe = probe_model(kernel, role, exact[:1])
            if not probe.missing and probe.error is None:
                yield role.role, probe


def probe_loaders(kernel: Asked, assignment: Assignment, data: Data) -> dict[str, LoaderProbe]:
    """Probe the loaders before the rest, and return the probes of those that are found and answer."""
    try:
        facts = describe(kernel)
    except Refused:
        return {}
    found = _loaders(kernel, facts, data, assignment, {})
    return {split: probe for split, probe in found.items() if not probe.missing and probe.error is None}


class Patience:
    """A kernel that remembers in `lost` whether a request was not answered, or not in time."""

    def __init__(self, kernel: Asked) -> None:
        self._kernel, self.lost = kernel, False

    @property
    def alive(self) -> bool:
        """True while it can answer."""
        return self._kernel.alive

    def request(self, name: str, payload: Mapping[str, object], seconds: float | None = None) -> dict[str, object]:
        """Return the kernel's answer. Raises RequestFailed."""
        try:
            return self._kernel.request(name, payload, seconds)
        except RequestFailed:
            self.lost = True
            raise


def _loaders(
    kernel: Asked, facts: NamespaceFacts, data: Data, assignment: Assignment, known: Mapping[str, LoaderProbe]
) -> dict[str, LoaderProbe]:
    transform = assignment.transform
    if transform is None:
        return {}
    return {
        split: known.get(split) or probe_loader(kernel, split, find_loader(split, facts), *data[split], transform)
        for split in SPLITS
    }


def log_probabilities(models: Mapping[str, ModelProbe]) -> bool:
    """Return whether a model of the notebook ends with a log-softmax, on which its loops then rely."""
    outputs = [c.student for probe in models.values() for c in probe.comparisons if c.student is not None]
    return any(squashing(output) == "log_softmax" for output in outputs)


def _without(assignment: Assignment, why: str, known: Probes) -> Probes:
    return Probes(
        {**{role.role: ModelProbe(role.role, missing=why) for role in assignment.models}, **known.models},
        {role.role: LoopProbe(role.role, missing=why) for role in assignment.loops},
        {**{split: LoaderProbe(split, missing=why) for split in SPLITS}, **known.loaders},
    )
