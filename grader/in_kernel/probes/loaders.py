"""Inspect a DataLoader of the notebook: its first batch, images by index, and the order and number of its images."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import torch
from torch.utils.data import default_collate

from grader.in_kernel.probes.arrays import array
from grader.in_kernel.probes.wrapped import loader_in
from grader.in_kernel.recorder import describe

MAX_BATCH = 1024  # images; longer batches are cut before they are sent
ORDER_BATCHES = 4


def loader(payload: Mapping[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    """Return the loader payload['name'] as a LoaderSeen, its first batch, and whether a second pass has another order.

    The harness repeats the order of a shuffled loader until something is trained; `order_differs` is None then. With
    payload['indices'] the answer also has the dataset's items at these indices, collated as the loader does, and their
    indices in the whole split. `different` counts the items of the dataset that one epoch serves; None if the loader
    does not tell. The name may also stand for an object that goes over a loader.
    """
    served = namespace[payload["name"]]
    value = loader_in(served) or served
    facts: dict[str, Any] = {"seen": describe.loader(value, payload["name"])}
    passes = [[_batch(b) for b in itertools.islice(iter(served), ORDER_BATCHES)] for _ in range(2)]
    images, labels = passes[0][0]
    facts["first_batch"] = array(images[:MAX_BATCH])
    facts["labels"] = labels[:MAX_BATCH].long()
    orders = [torch.cat([labels for _, labels in batches]) for batches in passes]
    differs = not torch.equal(orders[0], orders[1])
    facts["order_differs"] = None if facts["seen"]["shuffled"] and not differs else differs
    size = describe.size(value.dataset)
    if payload.get("indices") and size:
        indices = [int(index) % size for index in payload["indices"]]
        collate = default_collate if value.batch_sampler is None else value.collate_fn
        items, targets = _batch(collate([value.dataset[index] for index in indices]))
        facts["items"], facts["item_labels"] = array(items), targets.long()
        facts["places"] = [_place(value.dataset, index) for index in indices]
    facts["different"] = _different(value, size)
    return facts


def _different(loader: Any, size: int | None) -> int | None:
    """Return how many items of a dataset of this size the loader's samplers choose for one epoch."""
    if loader.batch_sampler is None or size is None:
        return None
    found: set[int] = set()
    try:
        for batch in itertools.islice(iter(loader.batch_sampler), size + 1):  # one that never ends is cut off
            found.update(batch)
    except Exception:  # a student's sampler may raise anything, and indices need not be numbers
        return None
    return len(found)


def _batch(batch: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the images and labels of a batch of any structure. Raises ValueError if it has none."""
    images = next(describe.tensors(batch), None)
    labels = describe.target_of(batch)
    if images is None or labels is None:
        raise ValueError(f"a batch is a {type(batch).__name__}, not images and their labels")
    return images, labels


def _place(dataset: Any, index: int) -> int | None:
    """Return the index of item `index` in the dataset below nested subsets, or None if it cannot be found out."""
    for _ in range(10):
        indices = getattr(dataset, "indices", None)
        inner = getattr(dataset, "dataset", None)
        if inner is None:
            return index if hasattr(dataset, "train") else None
        if indices is not None:
            index = int(indices[index])
        dataset = inner
    return None
