"""What a DataLoader of the notebook's serves: its first batch, images by index, and whether its order changes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import torch
from torch.utils.data import default_collate

from grader.in_kernel.probes.arrays import array
from grader.in_kernel.recorder import describe

MAX_BATCH = 1024  # images of a batch that are sent; a longer one is cut
ORDER_BATCHES = 4


def loader(payload: Mapping[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    """The loader payload['name'] as a LoaderSeen, its first batch and labels, and whether a second pass has another order.

    The harness repeats the order of a shuffled loader until something is trained, so of that nothing is known (None).
    With payload['indices'] also the dataset's items at these places, and at which places of the whole split they stand.
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
    """Images and labels of a batch, whatever holds them. Raises ValueError when there are none."""
    images = next(describe.tensors(batch), None)
    labels = describe.target_of(batch)
    if images is None or labels is None:
        raise ValueError(f"a batch is a {type(batch).__name__}, not images and their labels")
    return images, labels


def _place(dataset: Any, index: int) -> int | None:
    """Where item `index` stands in the dataset at the bottom of nested subsets; None when that cannot be told."""
    for _ in range(10):
        indices = getattr(dataset, "indices", None)
        inner = getattr(dataset, "dataset", None)
        if inner is None:
            return index if hasattr(dataset, "train") else None
        if indices is not None:
            index = int(indices[index])
        dataset = inner
    return None
