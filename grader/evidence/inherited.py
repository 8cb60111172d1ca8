"""Tell whether a model began its training with weights that another model had been trained to."""

from __future__ import annotations

from grader.evidence.run import Malformed, RunEvidence, WeightsSeen

__all__ = ["inherited"]

SAME = 1e-6  # of the weights' norm: a copy has the same numbers


def inherited(run: RunEvidence, model: str) -> WeightsSeen | None:
    """Return the trained weights of another model with which a model began its first training; None if they were new.

    `model` is the model's key. Weights count as trained if they differ from those with which the other model began.

    >>> inherited(RunEvidence(), "model-1") is None
    True
    """
    first = _first(run, model)
    if first is None:
        return None
    for other in dict.fromkeys(seen.model for seen in run.weights if seen.model != model):
        before = _first(run, other)
        later = [w for w in run.weights if w.model == other and not w.before and w.start < first.start]
        if before is None or not later:
            continue
        if _same(first, later[-1]) and not _same(first, before):
            return later[-1]
    return None


def _first(run: RunEvidence, model: str) -> WeightsSeen | None:
    return next((weights for weights in run.weights if weights.before and weights.model == model), None)


def _same(one: WeightsSeen, other: WeightsSeen) -> bool:
    """Return whether two models had the same weights; False if these cannot be read."""
    try:
        mine, theirs = one.vector(), other.vector()
    except Malformed:
        return False
    return mine.shape == theirs.shape and bool(((mine - theirs) ** 2).sum() <= SAME**2 * (mine**2).sum())
