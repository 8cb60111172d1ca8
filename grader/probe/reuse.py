"""Decide whether probes that were made for one run can be reused for another. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from grader.assignment import Assignment, LoopRole
from grader.evidence.probes import ModelProbe
from grader.evidence.run import RunEvidence
from grader.probe.binding import Bindings, bind
from grader.probe.matching import FoundFunction, ModelSource, find_function, model_sources
from grader.probe.models import MAX_SOURCES
from grader.probe.probes import Probes


def same_questions(
    assignment: Assignment, probes: Probes, before: RunEvidence, after: RunEvidence, known: Probes
) -> bool:
    """Return whether probes made for the run `before` are the same for the run `after`. `known` ones always are."""
    facts = probes.facts
    return all(
        role.role in known.models
        or same_model(
            probes.models[role.role],
            model_sources(role, facts, tuple(before.models.values())),
            model_sources(role, facts, tuple(after.models.values())),
        )
        for role in assignment.models
    ) and all(
        same_question(role, find_function(role, facts, before.passes), find_function(role, facts, after.passes))
        for role in assignment.loops
        if role.role in probes.loops
    )


def same_model(probe: ModelProbe, one: Sequence[ModelSource], other: Sequence[ModelSource]) -> bool:
    """Return whether `probe`, made from the sources `one`, is the same for `other`: the tried sources are equal."""
    tried = next((at + 1 for at, source in enumerate(one) if source.text == probe.source), MAX_SOURCES)
    return tuple(one[: min(tried, MAX_SOURCES)]) == tuple(other[: min(tried, MAX_SOURCES)])


def same_question(role: LoopRole, one: FoundFunction | str, other: FoundFunction | str) -> bool:
    """Return whether `LoopProber.probe` makes the same request for both findings, or none for the same reason."""
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return (one.function, one.batch_device, _bindings(one, role)) == (
        other.function,
        other.batch_device,
        _bindings(other, role),
    )


def _bindings(found: FoundFunction, role: LoopRole) -> Bindings | str:
    return bind(found.function, found.observed, role.purpose)
