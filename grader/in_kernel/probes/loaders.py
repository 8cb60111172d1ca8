"""Inspect a DataLoader of the notebook: its first batch, images by index, and whether its order changes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import torch
from torch.utils.data import default_collate

from grader.in_kernel.probes.arrays import array
from grader.in_kernel.recorder import describe

MAX_BATCH = 1024  # images; longer batches are cut before they are sent
ORDER_BATCHES = 4


def loader(payload: Mapping[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    """Return the loader payload['name'] as a LoaderSeen, its first batch, and whether a second pass has another order.

    The harness repeats the order of a shuffled loader until something is trained; `order_differs` is None then. With
    payload['indices'] the answer also has the dataset's items at these indices, and their indices in the whole split.
    """
    value = namespace[payload["name"]]
    facts: dict[str, Any] = {"seen": describe.loader(value, payload["name"])}
    passes = [[_batch(b) for b in itertools.islice(iter(value), ORDER_BATCHES)] for _ in range(2)]
    images, labels = passes[0][0]
    facts["first_batch"] = array(images[:MAX_BATCH])
    facts["labels"] = labels[:MAX_BATCH].long()
    orders = [torch.cat([labels for _, labels in batches]) for batches in passes]
    differs = not torch.equal(orders[0], orders[1])
    facts["order_differs"] = None if facts["seen"]["shuffled"] and not differs else differs
    size = describe.size(value.dataset)
    if payload.get("indices") and size:
        indices = [int(index) % size for index in payload["indices"]]
        items, targets = _batch(default_collate([value.dataset[index] for index in indices]))
        facts["items"], facts["item_labels"] = array(items), targets.long()
        facts["places"] = [_place(value.dataset, index) for index in indices]
    return facts


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
