"""Probe a DataLoader: compare its first batch, or items of a shuffled one, with the assignment's transform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from grader.evidence.answers import LoaderAnswer, array
from grader.evidence.namespace import LoaderFacts, NamespaceFacts
from grader.evidence.probes import LoaderProbe, ProbeError
from grader.evidence.run import LoaderSeen, Malformed
from grader.probe.binding import part_by_name
from grader.probe.client import Asked, Refused, ask_for
from grader.seeds import generator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SECONDS = 30.0
INDICES = 32  # items of a shuffled loader's dataset that are compared
MAX_BATCH = 1024  # images of a batch that are sent, as in grader.in_kernel.probes.loaders

Transform = Callable[[Any], Any]


def find_loader(split: Literal["train", "test"], facts: NamespaceFacts) -> LoaderFacts | None:
    """Return the loader for a split, by its data, then by its name; of several the one with the most images.

    If there is none, it is one that has the split's name and holds the other images of MNIST.
    """
    by_data = [loader for loader in facts.loaders if loader.seen.split == split]
    by_name = [loader for loader in facts.loaders if loader.seen.split is None and part_by_name(loader.name) == split]
    named = [loader for loader in by_data if part_by_name(loader.name) == split]
    misnamed = [loader for loader in facts.loaders if part_by_name(loader.name) == split]
    for candidates in (named, by_data, by_name, misnamed):
        if candidates:
            return max(candidates, key=lambda loader: loader.seen.images)
    return None


def probe_loader(
    kernel: Asked,
    split: Literal["train", "test"],
    loader: LoaderFacts | None,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    transform: Transform,
) -> LoaderProbe:
    """Probe a loader over the split with these images (N, 28, 28) and labels (N,). Raises nothing."""
    if loader is None:
        train, test = (
            "there is no DataLoader over the train images of MNIST",
            "there is no DataLoader over the test images of MNIST",
        )
        return LoaderProbe(split, missing=train if split == "train" else test)
    if loader.seen.split not in (None, split):
        train, test = (
            f"the loader '{loader.name}' holds MNIST's test images, and no loader holds the training images",
            f"the loader '{loader.name}' holds MNIST's training images, and no loader holds the test images",
        )
        return LoaderProbe(split, missing=train if split == "train" else test, misnamed=loader.seen)
    drawn = sorted(int(i) for i in generator(f"items of {split}").integers(0, max(1, loader.seen.images), INDICES))
    try:
        answer = ask_for(kernel, LoaderAnswer, {"name": loader.name, "indices": drawn}, SECONDS)
        batch, targets = _served(answer, len(images))
    except (Refused, Malformed) as problem:
        error = problem.error if isinstance(problem, Refused) else ProbeError("Malformed", str(problem))
        return LoaderProbe(split, loader.seen, f"loader '{loader.name}'", error=error)
    seen = _measured(answer, batch, len(set(drawn)))
    if _by_items(answer, len(images)):
        where = [place for place in answer.places if place is not None and 0 <= place < len(images)]
        if not where and answer.seen.images == len(images):
            where = _by_labels(drawn, targets, labels)
    else:
        where = list(range(min(len(batch), len(images))))
    known = len(where) == len(batch)
    return LoaderProbe(
        split,
        seen,
        f"loader '{loader.name}'",
        first_batch=batch,
        labels=targets,
        expected_batch=transform(images[where]) if known else None,
        expected_labels=labels[where] if known else None,
        order_differs=answer.order_differs,
    )


def _by_labels(drawn: list[int], targets: NDArray[np.int64], labels: NDArray[np.int64]) -> list[int]:
    """Return the indices of the items of a dataset that does not tell them, such as a TensorDataset.

    They are the drawn ones if all labels agree, otherwise unknown: [].
    """
    return drawn if len(targets) == len(drawn) and bool((targets == labels[drawn]).all()) else []


def _measured(answer: LoaderAnswer, batch: NDArray[np.float32], drawn: int) -> LoaderSeen:
    """Return the loader's facts, corrected by what it serves: the batch size, and the images behind `drawn` indices.

    A loader whose `batch` repeats a few images has only those, however long its dataset says that it is.
    """
    seen, first = answer.seen, len(array(answer.first_batch, "float32"))
    if answer.order_differs and not seen.shuffled:  # by a sampler of the notebook's own
        seen = replace(seen, shuffled=True)
    if seen.batch_size is not None and first != min(seen.batch_size, seen.images, MAX_BATCH):
        seen = replace(seen, batch_size=first)
    different = len({image.tobytes() for image in batch})
    if 2 * different < min(len(batch), drawn):
        seen = replace(seen, images=different)
    known = [place for place in answer.places if place is not None]
    if len(known) == len(answer.places) and len(set(known)) < min(drawn, len(known)):
        seen = replace(seen, images=len(set(known)))
    dropped = seen.images % seen.batch_size if seen.drop_last and seen.batch_size else 0
    if answer.different is not None and answer.different < seen.images - dropped:
        seen = replace(seen, images=answer.different)
    return seen


def _served(answer: LoaderAnswer, size: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return identifiable images and labels: the first batch, or items of the dataset. Raises Malformed."""
    images, labels = answer.first_batch, answer.labels
    if _by_items(answer, size) and answer.items is not None and answer.item_labels is not None:
        images, labels = answer.items, answer.item_labels
    batch, targets = array(images, "float32"), array(labels, "int64")
    if batch.ndim < 1 or targets.shape != batch.shape[:1]:
        raise Malformed(f"images of shape {batch.shape} with labels of shape {targets.shape}")
    return batch, targets


def _by_items(answer: LoaderAnswer, size: int) -> bool:
    """Return whether the first batch may hold any of the split's `size` images, so that items are compared instead."""
    if answer.items is None:
        return False
    part = answer.seen.images != size and bool(answer.places) and None not in answer.places
    return answer.seen.shuffled or bool(answer.order_differs) or part
