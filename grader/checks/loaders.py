"""Checks on data loaders: how many images, in what batches, in what order, and with what pixel values."""

from __future__ import annotations

from typing import TypeVar

from grader.assignment import Fail, NotGraded
from grader.checks.models import describe_error
from grader.evidence.probes import LoaderProbe

_Part = TypeVar("_Part")

PIXEL_TOLERANCE = 1e-4  # absolute, in normalised units; one grey level is 0.013


def loader(probe: LoaderProbe, images: int, batch_size: int, shuffled: bool) -> str:
    """The loader of a split serves all `images`, `batch_size` at a time, in the right order; a third of the credit each."""
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
            credit=round(1 - len(problems) / 3, 3),
        )
    return f"{probe.split} loader: {seen.images:,} images, {batch_size} at a time, {order}"


def pixels(probe: LoaderProbe) -> str:
    """The pixel values and labels that the loader serves are those of the assignment's transform."""
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
        raise Fail(f"the labels of the {probe.split} loader are not those of its images", "MNIST's labels", credit=0.5)
    return f"the {probe.split} images are scaled and normalised as they should be"


def _found(probe: LoaderProbe, part: _Part | None) -> _Part:
    """Return a part of the probe. Raises Fail if the loader raised an exception or was not found."""
    if probe.error is not None:  # a loader that cannot be iterated earns nothing by its settings
        raise Fail(f"the {probe.split} loader raises {describe_error(probe.error)}", "a DataLoader that gives batches")
    if probe.missing or part is None:
        raise Fail(probe.missing or f"no {probe.split} loader was found", "a DataLoader over MNIST")
    return part


def _moments(batch: object) -> str:
    import numpy as np

    values = np.asarray(batch)
    return f"{values.mean():.2f}, deviation {values.std():.2f}, from {values.min():.2f} to {values.max():.2f}"


def _scaling(seen: object, expected: object) -> str:
    """How the pixels seem to have been scaled, from their range."""
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
