"""Probe a DataLoader: its first batch, or the items of a shuffled one, beside what the assignment's transform gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from grader.asking import Asked, Refused, array, ask, generator
from grader.evidence import LoaderProbe, LoaderSeen, Malformed, ProbeError, convert
from grader.names import LoaderFacts, NamespaceFacts
from grader.roles import part_by_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SECONDS = 30.0
INDICES = 32  # items of a shuffled loader's dataset that are looked at

Transform = Callable[[Any], Any]


def find_loader(split: Literal["train", "test"], facts: NamespaceFacts) -> LoaderFacts | None:
    """The loader for a split: by its data, then by its name; of several the one with the most images."""
    by_data = [loader for loader in facts.loaders if loader.seen.split == split]
    by_name = [loader for loader in facts.loaders if loader.seen.split is None and part_by_name(loader.name) == split]
    named = [loader for loader in by_data if part_by_name(loader.name) == split]
    for candidates in (named, by_data, by_name):
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
    """Look at a loader over the split whose images (N, 28, 28) and labels (N,) are given; raises nothing."""
    if loader is None:
        return LoaderProbe(split, missing=f"there is no DataLoader over the {split} images of MNIST")
    drawn = sorted(int(i) for i in generator().integers(0, max(1, loader.seen.images), INDICES))
    try:
        answer = ask(kernel, "probe.loader", {"name": loader.name, "indices": drawn}, SECONDS)
        seen = convert(answer.get("seen"), LoaderSeen)
        places = convert(answer.get("places") or [], tuple[int | None, ...])
        order_differs = None if answer.get("order_differs") is None else convert(answer["order_differs"], bool)
        batch, targets = array(answer["first_batch"]), array(answer["labels"])
        if seen.shuffled and answer.get("items") is not None:
            batch, targets = array(answer["items"]), array(answer["item_labels"])
    except (Refused, Malformed, KeyError) as problem:
        error = problem.error if isinstance(problem, Refused) else ProbeError("Malformed", str(problem))
        return LoaderProbe(split, loader.seen, f"loader '{loader.name}'", error=error)
    where = [place for place in places if place is not None and 0 <= place < len(images)]
    if not seen.shuffled:
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
        order_differs=order_differs,
    )
