"""Recognize batches that a notebook keeps in a list, for example on the GPU, and make such a list for a probe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard

import torch
from torch import Tensor

from grader.in_kernel.probes.fixtures import Served


def are_batches(value: Any) -> TypeGuard[Sequence[Any]]:
    """Return whether a value is a list or tuple of (images, labels) pairs of tensors, and of nothing else."""
    return type(value) in (list, tuple) and bool(value) and all(_is_batch(one) for one in value)


def _is_batch(value: Any) -> bool:
    if not isinstance(value, (list, tuple)) or len(value) != 2 or not all(isinstance(one, Tensor) for one in value):
        return False
    images, labels = value
    return images.dim() > 1 and labels.dim() == 1 and len(images) == len(labels) and not labels.is_floating_point()


def images_in(batches: Sequence[Any]) -> int:
    """Return the number of images in batches."""
    return sum(len(labels) for _, labels in batches)


class KeptBatches(Sequence[Any]):
    """The batches of a loader, kept on one device. Each is counted when it is first used, as the loader counts it.

    This is no list, so that the probe does not read it as a record of losses.
    """

    def __init__(self, uncounted: Served, served: Served, device: torch.device) -> None:
        """Take two loaders of the same images: `uncounted` gives the batches, `served` counts them."""
        self._batches = [tuple(tensor.to(device) for tensor in batch) for batch in uncounted]
        self._counting = iter(served)
        self._unused = set(range(len(self._batches)))

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self._batches)

    def __getitem__(self, place: Any) -> Any:
        """Return one batch, or a list of several for a slice."""
        places = range(len(self))[place]
        for used in self._unused.intersection(places if isinstance(place, slice) else [places]):
            self._unused.remove(used)
            next(self._counting)
        return self._batches[place]
