"""The numbers of the assignment, and the images that its loaders must serve. The assignment states all the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PARAMETERS = {"mlp": 109_386, "cnn": 101_578}
MACS = {"mlp": 109_184, "cnn": 7_459_968}
BATCH_SIZE = 64
MEAN, STD = 0.1307, 0.3081
LEARNING_RATE, MOMENTUM = 0.01, 0.5
LOG_EVERY = 100
CLASSES = 10


def is_mlp(shapes: Sequence[tuple[int, ...]]) -> bool:
    """Return whether a model with these parameters is meant to be the MLP.

    It has matrices and biases only, from 784 inputs to 10 classes.
    """
    matrices = [shape for shape in shapes if len(shape) == 2]
    return bool(matrices) and max(map(len, shapes)) == 2 and 784 in matrices[0] and CLASSES in matrices[-1]


def is_linear(shapes: Sequence[tuple[int, ...]]) -> bool:
    """Return whether a model with these parameters has no hidden layer: a linear classifier."""
    return len([shape for shape in shapes if len(shape) > 1]) == 1


def is_cnn(shapes: Sequence[tuple[int, ...]]) -> bool:
    """Return whether a model with these parameters is meant to be the CNN.

    It begins with a convolution of images with one channel and ends with 10 classes.
    """
    kernels = [shape for shape in shapes if len(shape) == 4]
    return bool(kernels) and kernels[0][1] == 1 and any(CLASSES in shape for shape in shapes[-2:])


RECOGNISE = {"mlp": is_mlp, "cnn": is_cnn}


def transform(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what the loaders must serve for images (N, 28, 28): (N, 1, 28, 28), scaled to [0, 1], then normalised."""
    import numpy as np

    scaled = images.astype(np.float32)[:, None] / np.float32(255)
    normalised: NDArray[np.float32] = ((scaled - np.float32(MEAN)) / np.float32(STD)).astype(np.float32)
    return normalised
