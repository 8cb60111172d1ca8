"""The numbers of the assignment, and the images that its loaders must serve. The assignment states all the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PARAMETERS = {"mlp": 109_386, "cnn": 101_578}
MACS = {"mlp": 109_184, "cnn": 7_459_968}
TRAIN_IMAGES, TEST_IMAGES = 60_000, 10_000
BATCH_SIZE = 64
MEAN, STD = 0.1307, 0.3081
LEARNING_RATE, MOMENTUM = 0.01, 0.5
LOG_EVERY = 100
CLASSES = 10
PIXELS = 28 * 28  # of an image


def is_mlp(shapes: Sequence[tuple[int, ...]]) -> bool:
    """Return whether a model with these parameters is meant to be the MLP, rightly built or not.

    It has matrices and biases only, and the first takes the 784 pixels of an image. It may have another number of
    outputs, as by a wrong digit, but not 784: then it makes images.
    """
    matrices = _matrices(shapes)
    if not matrices or max(map(len, matrices)) > 2 or PIXELS not in matrices[0]:
        return False
    return PIXELS not in matrices[-1] if len(matrices) > 1 else matrices[0] != (PIXELS, PIXELS)


def is_cnn(shapes: Sequence[tuple[int, ...]]) -> bool:
    """Return whether a model with these parameters is meant to be the CNN, rightly built or not.

    It has a convolution. The number of channels of its images and of its outputs may be wrong.
    """
    return any(len(shape) > 2 for shape in shapes)


def is_linear(shapes: Sequence[tuple[int, ...]]) -> bool:
    """Return whether a model with these parameters has no hidden layer: a linear classifier."""
    return len(_matrices(shapes)) == 1


def has_classes(shapes: Sequence[tuple[int, ...]]) -> bool:
    """Return whether a model with these parameters ends with an output for each class."""
    return any(CLASSES in shape for shape in _matrices(shapes)[-1:])


def _matrices(shapes: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Return the shapes of matrices and of kernels."""
    return [shape for shape in shapes if len(shape) > 1]


RECOGNISE = {"mlp": is_mlp, "cnn": is_cnn}


def relied_on() -> tuple[frozenset[int], frozenset[int]]:
    """Return the numbers that a notebook may rely on, as they follow from MNIST's lengths: large ones, and small ones.

    They are numbers of images, of batches with and without the last one (938, 937), of steps in 10 and 20 epochs, and
    of the losses that an epoch records (10).
    """
    batches = [-(-images // BATCH_SIZE) for images in (TRAIN_IMAGES, TEST_IMAGES)]
    several = {epochs * count for epochs in (1, 10, 20) for count in batches}
    return frozenset({TRAIN_IMAGES, TEST_IMAGES, *several, *(count - 1 for count in batches)}), frozenset(
        {-(-batches[0] // LOG_EVERY)}
    )


def transform(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what the loaders must serve for images (N, 28, 28): (N, 1, 28, 28), scaled to [0, 1], then normalised."""
    import numpy as np

    scaled = images.astype(np.float32)[:, None] / np.float32(255)
    normalised: NDArray[np.float32] = ((scaled - np.float32(MEAN)) / np.float32(STD)).astype(np.float32)
    return normalised
