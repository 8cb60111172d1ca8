"""Draw new labels and images like MNIST's for the probes of each submission."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CLASSES = 10


def draw_labels(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Return `count` random labels from 0 to 9."""
    return rng.integers(0, CLASSES, count)


def draw_images(rng: np.random.Generator, labels: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return images (N, 28, 28) in grey levels like MNIST's: a pattern for each class on black, with noise."""
    import numpy as np

    coarse = rng.random((CLASSES, 5, 5)) ** 2
    patterns = np.zeros((CLASSES, 28, 28))
    patterns[:, 4:24, 4:24] = np.kron(coarse, np.ones((4, 4)))
    strength = rng.uniform(0.6, 1.0, (len(labels), 1, 1))
    noise = rng.random((len(labels), 28, 28)) ** 4 * (patterns[labels] > 0)
    values: NDArray[np.uint8] = (np.clip(patterns[labels] * strength + 0.4 * noise, 0, 1) * 255).astype(np.uint8)
    return values
