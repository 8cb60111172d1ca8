"""Tell whether a model began its training with weights that another model had been trained to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.evidence.run import Malformed, RunEvidence, WeightsSeen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
    begin = _vector(first)
    for other in dict.fromkeys(seen.model for seen in run.weights if seen.model != model):
        before = _first(run, other)
        later = [w for w in run.weights if w.model == other and not w.before and w.start < first.start]
        if before is None or not later:
            continue
        if _same(begin, _vector(later[-1])) and not _same(begin, _vector(before)):
            return later[-1]
    return None


def _first(run: RunEvidence, model: str) -> WeightsSeen | None:
    return next((weights for weights in run.weights if weights.before and weights.model == model), None)


def _same(one: NDArray[np.float64] | None, other: NDArray[np.float64] | None) -> bool:
    if one is None or other is None or one.shape != other.shape:
        return False
    return bool(((one - other) ** 2).sum() <= SAME**2 * (one**2).sum())


def _vector(weights: WeightsSeen) -> NDArray[np.float64] | None:
    """Return all weights of a model in one vector; None if they cannot be read."""
    import numpy as np

    try:
        parts = [value.astype(np.float64).ravel() for value in weights.decoded().values()]
    except Malformed:
        return None
    return np.concatenate(parts) if parts else None
