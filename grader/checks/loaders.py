"""Checks on data loaders: the number of images, the batches, their order and the pixel values.

`probe` is the evidence of one loader, `e.loaders["train"]` or `e.loaders["test"]`.
"""

from __future__ import annotations

from typing import TypeVar

from grader.assignment import Fail, NotGraded
from grader.checks.models import describe_error
from grader.evidence.probes import LoaderProbe

__all__ = ["loader", "pixels"]

_Part = TypeVar("_Part")

_TRY = "Take one batch from this loader in a new cell: next(iter(...))."
PIXEL_TOLERANCE = 1e-4  # absolute, in normalised units; one grey level is 0.013


def loader(probe: LoaderProbe, images: int, batch_size: int, shuffled: bool) -> str:
    """Check that a loader serves all `images`, `batch_size` at a time, shuffled or in order.

    Return a sentence with these three. Raise Fail with two thirds, one third or none of the credit if one, two or three
    of them are wrong, and without credit if less than half of the images are served, if there is no loader or if it
    raises an exception.

    >>> from grader.evidence.run import LoaderSeen
    >>> seen = LoaderSeen("loader-1", "MNIST", "train", images=60_000, batch_size=32, shuffled=True)
    >>> loader(LoaderProbe("train", seen), 60_000, 32, shuffled=True)
    'train loader: 60,000 images, 32 at a time, shuffled'
    >>> loader(LoaderProbe("train", seen), 60_000, 64, shuffled=True)
    Traceback (most recent call last):
    grader.assignment.Fail: train loader: the batch size is 32
    """
    seen = _found(probe, probe.seen)
    problems = []
    if seen.images != images or seen.drop_last:
        dropped = "the last, smaller batch is dropped"
        problems.append(dropped if seen.images == images else f"{seen.images:,} of {images:,} images are used")
    if seen.batch_size != batch_size:
        problems.append(f"the batch size is {seen.batch_size}")
    if seen.shuffled != shuffled:
        problems.append("the images are shuffled" if seen.shuffled else "the images always come in the same order")
    order = "shuffled" if shuffled else "in order"
    if problems:
        raise Fail(
            f"{probe.split} loader: " + " and ".join(problems),
            f"all {images:,} images, {batch_size} at a time, {order}",
            "Look at the arguments of this DataLoader, and at the dataset that it is given.",
            credit=0.0 if 2 * seen.images < images else round(1 - len(problems) / 3, 3),
        )
    return f"{probe.split} loader: {seen.images:,} images, {batch_size} at a time, {order}"


def pixels(probe: LoaderProbe) -> str:
    """Check that the first batch of a loader holds the pixels and labels that the assignment's transform gives.

    Batches are arrays (B, 1, 28, 28), labels (B,); pixels are equal up to `PIXEL_TOLERANCE`. Return a sentence. Raise
    Fail, with half the credit if only the labels are wrong, and NotGraded if the grader does not know which images were
    served.

    >>> import numpy as np
    >>> from grader.evidence.run import LoaderSeen
    >>> seen = LoaderSeen("loader-2", "MNIST", "test", 10_000, 64, shuffled=False)
    >>> raw = np.linspace(0, 1, 64 * 784, dtype=np.float32).reshape(64, 1, 28, 28)
    >>> wanted = (raw - np.float32(0.1307)) / np.float32(0.3081)
    >>> pixels(LoaderProbe("test", seen, first_batch=wanted, expected_batch=wanted))
    'the test images are scaled and normalised as they should be'
    """
    import numpy as np

    _found(probe, probe.seen)
    seen, expected = _found(probe, probe.first_batch), probe.expected_batch
    if expected is None:
        raise NotGraded(f"the images of the {probe.split} loader could not be identified")
    wanted = f"ToTensor and Normalize: mean {_moments(expected)}"
    if seen.shape != expected.shape:
        raise Fail(
            f"a batch has the shape {seen.shape}",
            f"{expected.shape}",
            "ToTensor adds the channel: (1, 28, 28) per image.",
        )
    if not np.allclose(seen, expected, atol=PIXEL_TOLERANCE):
        raise Fail(
            f"the {probe.split} images have mean {_moments(seen)}: {_scaling(seen, expected)}",
            wanted,
            "Both datasets get the same transform: scale to [0, 1], then normalise with MNIST's mean and deviation.",
        )
    if probe.labels is not None and probe.expected_labels is not None and (probe.labels != probe.expected_labels).any():
        raise Fail(
            f"the labels of the {probe.split} loader are not those of its images",
            "MNIST's labels",
            "Which label does the dataset give with an image?",
            0.5,
        )
    return f"the {probe.split} images are scaled and normalised as they should be"


def _found(probe: LoaderProbe, part: _Part | None) -> _Part:
    """Return a part of the probe. Raises Fail if the loader raised an exception or was not found."""
    if probe.error is not None:  # a loader that cannot be iterated earns nothing by its settings
        raise Fail(
            f"the {probe.split} loader raises {describe_error(probe.error)}", "a DataLoader that gives batches", _TRY
        )
    if probe.misnamed is not None:
        raise Fail(probe.missing, "a DataLoader over MNIST", "Which data set is this DataLoader given?")
    if probe.missing or part is None:
        raise Fail(
            probe.missing or f"no {probe.split} loader was found",
            "a DataLoader over MNIST",
            "Is it made in a cell that runs, and bound to a name?",
        )
    return part


def _moments(batch: object) -> str:
    import numpy as np

    values = np.asarray(batch)
    return f"{values.mean():.2f}, deviation {values.std():.2f}, from {values.min():.2f} to {values.max():.2f}"


def _scaling(seen: object, expected: object) -> str:
    """Describe how the pixels seem to have been scaled, from their range and the wanted values."""
    import numpy as np

    low, high = float(np.min(np.asarray(seen))), float(np.max(np.asarray(seen)))
    if high > 10:
        return "raw grey levels, not scaled"
    if abs(low) < 1e-6 and abs(high - 1) < 1e-6:
        return "scaled to [0, 1] but not normalised"
    if high == low:
        return "all the same"
    slope, offset = np.polyfit(np.asarray(seen, dtype=float).ravel(), np.asarray(expected, dtype=float).ravel(), 1)
    fitted = np.asarray(seen, dtype=float) * slope + offset
    if np.allclose(fitted, np.asarray(expected), atol=1e-2):
        return "normalised with another mean or deviation"
    return "changed by another transform"
