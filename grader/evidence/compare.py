"""Compare arrays and weights: relative differences, distances, and functions that were applied to outputs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["OUTPUT_TOLERANCE", "Weights", "distance", "relative_difference", "squashing"]

OUTPUT_TOLERANCE = 1e-5
"""The allowed difference relative to the largest logit; float32 sums of a few hundred terms differ by about 1e-7."""

Weights: TypeAlias = Mapping[str, "NDArray[np.float32]"]
"""The weights of a model by name."""


_SIGMOID, _POSITIVE = "a sigmoid", "an activation that leaves no negative value"
BY_CHANCE = (_SIGMOID, _POSITIVE)
"""The results of `squashing` that raw logits can also give, if none of them happens to be negative."""


def squashing(outputs: NDArray[np.float32]) -> str | None:
    """Return the function that was applied to the rows of `outputs` (B, classes), None for raw logits.

    It is 'softmax', 'log_softmax', 'a ReLU', 'a sigmoid', 'a tanh' or a description. At least 16 rows of well spread
    logits are assumed, as `grader.probe.models` draws them; it draws weights again when the reference gives no negative
    value.

    >>> import numpy as np
    >>> logits = np.random.default_rng(0).normal(size=(16, 10)).astype(np.float32)
    >>> squashing(logits), squashing(np.maximum(logits, 0))
    (None, 'a ReLU')
    """
    import numpy as np

    values = outputs.astype(np.float64)
    if (values >= 0).all():
        if np.allclose(values.sum(axis=1), 1, atol=1e-4):
            return "softmax"
        if (values == 0).mean() > 0.02:
            return "a ReLU"
        return _SIGMOID if (values <= 1).all() else _POSITIVE
    if (values <= 1e-6).all() and np.allclose(np.exp(values).sum(axis=1), 1, atol=1e-4):
        return "log_softmax"
    if (np.abs(values) <= 1).all() and (np.abs(values) > 0.999).mean() > 0.02:
        return "a tanh"
    return None


def relative_difference(values: NDArray[np.float32], reference: NDArray[np.float32]) -> float:
    """Return the largest absolute difference over the largest absolute reference value; infinite when shapes differ.

    >>> import numpy as np
    >>> relative_difference(np.float32([1.0, 3.0]), np.float32([1.0, 4.0]))
    0.25
    """
    import numpy as np

    if values.shape != reference.shape:
        return math.inf
    scale = float(np.abs(reference).max()) or 1.0
    return float(np.abs(values.astype(np.float64) - reference).max()) / scale


def distance(weights: Weights, others: Weights) -> float:
    """Return the Euclidean distance between two sets of weights; infinite when names or shapes differ.

    >>> import numpy as np
    >>> distance({"w": np.float32([0.0, 3.0])}, {"w": np.float32([4.0, 0.0])})
    5.0
    """
    import numpy as np

    if weights.keys() != others.keys() or any(weights[name].shape != others[name].shape for name in weights):
        return math.inf
    return math.sqrt(sum(float(np.square(weights[n].astype(np.float64) - others[n]).sum()) for n in weights))
