"""Compare arrays and weights: relative differences, distances, and functions that outputs went through."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

OUTPUT_TOLERANCE = 1e-5  # relative to the largest logit; float32 sums of a few hundred terms differ by about 1e-7


def squashing(outputs: NDArray[np.float32]) -> str | None:
    """Which function the rows of `outputs` (B, classes) have gone through: 'softmax', 'log_softmax', 'a ReLU', … or None.

    At least 16 rows of well spread logits are assumed, as `grader.probe.models` draws them: weights that leave the
    reference itself without a negative value are drawn anew there.
    """
    import numpy as np

    values = outputs.astype(np.float64)
    if (values >= 0).all():
        if np.allclose(values.sum(axis=1), 1, atol=1e-4):
            return "softmax"
        if (values == 0).mean() > 0.02:
            return "a ReLU"
        return "a sigmoid" if (values <= 1).all() else "an activation that leaves no negative value"
    if (values <= 1e-6).all() and np.allclose(np.exp(values).sum(axis=1), 1, atol=1e-4):
        return "log_softmax"
    if (np.abs(values) <= 1).all() and (np.abs(values) > 0.999).mean() > 0.02:
        return "a tanh"
    return None


def relative_difference(values: NDArray[np.float32], reference: NDArray[np.float32]) -> float:
    """Largest absolute difference over the largest absolute reference value; infinite when the shapes differ."""
    import numpy as np

    if values.shape != reference.shape:
        return math.inf
    scale = float(np.abs(reference).max()) or 1.0
    return float(np.abs(values.astype(np.float64) - reference).max()) / scale


Weights = Mapping[str, "NDArray[np.float32]"]


def distance(weights: Weights, others: Weights) -> float:
    """Euclidean distance between two sets of weights; infinite when names or shapes differ."""
    import numpy as np

    if weights.keys() != others.keys() or any(weights[name].shape != others[name].shape for name in weights):
        return math.inf
    return math.sqrt(sum(float(np.square(weights[n].astype(np.float64) - others[n]).sum()) for n in weights))
