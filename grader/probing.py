"""All probes of one submission, in a kernel that has run what defines its models, functions and loaders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grader.asking import Asked, Refused, describe
from grader.checks.models import squashing
from grader.evidence import LoaderProbe, LoopProbe, ModelProbe, RunEvidence
from grader.finding import find_function, model_sources
from grader.names import NamespaceFacts
from grader.probing_loaders import find_loader, probe_loader
from grader.probing_loops import LoopProber
from grader.probing_models import probe_model
from grader.rubric import Assignment

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Probes:
    """The probes' records by role, and by split for loaders; `facts` are the names that they started from."""

    models: Mapping[str, ModelProbe] = field(default_factory=dict)
    loops: Mapping[str, LoopProbe] = field(default_factory=dict)
    loaders: Mapping[str, LoaderProbe] = field(default_factory=dict)
    facts: NamespaceFacts = field(default_factory=NamespaceFacts)


def probe_all(
    kernel: Asked,
    assignment: Assignment,
    run: RunEvidence,
    data: Mapping[str, tuple[NDArray[np.uint8], NDArray[np.int64]]],
    *,
    cuda: bool = False,
) -> Probes:
    """Probe every model, loop and loader that the assignment wants; raises nothing that a student can cause.

    `run` is what the whole notebook did; `data` the images and labels that were served, by split; `cuda` says whether
    the kernel has a GPU: without one the loops for it are left out.
    """
    try:
        facts = describe(kernel)
    except Refused as refused:
        return _without(assignment, f"the grader could not look at the notebook's names: {refused}")
    seen = tuple(run.models.values())
    models = {role.role: probe_model(kernel, role, model_sources(role, facts, seen)) for role in assignment.models}
    prober = LoopProber()
    loops = {
        role.role: prober.probe(
            kernel, role, find_function(role, facts, run.passes), log_probabilities=_log_probabilities(models)
        )
        for role in assignment.loops
        if cuda or role.device == "cpu"
    }
    loaders: dict[str, LoaderProbe] = {}
    for split in ("train", "test"):
        images, labels = data[split]
        loader = find_loader(split, facts)
        loaders[split] = probe_loader(kernel, split, loader, images, labels, assignment.transform)
    return Probes(models, loops, loaders, facts)


def _log_probabilities(models: Mapping[str, ModelProbe]) -> bool:
    """Whether a model of the notebook's ends with a log-softmax, which its loops then count on."""
    outputs = [c.student for probe in models.values() for c in probe.comparisons if c.student is not None]
    return any(squashing(output) == "log_softmax" for output in outputs)


def _without(assignment: Assignment, why: str) -> Probes:
    return Probes(
        {role.role: ModelProbe(role.role, missing=why) for role in assignment.models},
        {role.role: LoopProbe(role.role, missing=why) for role in assignment.loops},
        {"train": LoaderProbe("train", missing=why), "test": LoaderProbe("test", missing=why)},
    )
