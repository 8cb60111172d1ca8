"""A loader is judged by what it serves, not by its attributes."""

from __future__ import annotations

import numpy as np
import pytest

from grader.evidence.namespace import LoaderFacts, NamespaceFacts
from grader.evidence.run import LoaderSeen, convert, encode_array
from grader.probe.loaders import find_loader, probe_loader
from reference.contract import transform

RNG = np.random.default_rng(3)
IMAGES = RNG.integers(0, 256, (200, 28, 28), dtype=np.uint8)
LABELS = RNG.integers(0, 10, 200)


class Kernel:
    """Answers `probe.loader` for a loader whose attributes may not be true."""

    alive = True

    def __init__(self, batch: int, different: int, shuffled: bool = True, tells: bool = True) -> None:
        self.batch, self.different, self.shuffled, self.tells = batch, different, shuffled, tells

    @property
    def seen(self) -> dict[str, object]:
        return {
            "key": "train_loader",
            "dataset": "MNIST",
            "split": "train",
            "images": 200,
            "batch_size": 64,
            "shuffled": self.shuffled,
        }

    def request(self, name: str, payload: dict[str, object], seconds: float | None = None) -> dict[str, object]:
        places = [index % self.different for index in payload["indices"]]  # type: ignore[attr-defined]
        return {
            "seen": self.seen,
            "first_batch": encode_array(transform(IMAGES[: self.batch])),
            "labels": encode_array(LABELS[: self.batch]),
            "order_differs": None,
            "items": encode_array(transform(IMAGES[places])),
            "item_labels": encode_array(LABELS[places]),
            "places": places if self.tells else [None for _ in places],
        }


def probe(kernel: Kernel):
    facts = NamespaceFacts(loaders=(LoaderFacts("train_loader", convert(kernel.seen, LoaderSeen)),))
    return probe_loader(kernel, "train", find_loader("train", facts), IMAGES, LABELS, transform)


@pytest.mark.parametrize("shuffled", [True, False])
def test_a_loader_that_serves_what_it_says(shuffled):
    found = probe(Kernel(64, 200, shuffled))
    assert found.seen is not None
    assert (found.seen.images, found.seen.batch_size) == (200, 64)
    assert found.expected_batch is not None
    assert np.allclose(found.first_batch, found.expected_batch)


def test_the_first_batch_tells_the_batch_size():
    found = probe(Kernel(16, 200))
    assert found.seen is not None
    assert found.seen.batch_size == 16


def test_indices_that_lead_to_the_same_few_images_are_counted_once():
    found = probe(Kernel(64, 10))
    assert found.seen is not None
    assert found.seen.images <= 10


def test_items_of_a_dataset_that_tells_no_places_are_known_by_their_labels():
    found = probe(Kernel(64, 200, tells=False))
    assert found.expected_batch is not None
    assert found.first_batch is not None
    assert np.array_equal(found.first_batch, found.expected_batch)
    assert probe(Kernel(64, 7, tells=False)).expected_batch is None


def test_a_few_images_again_and_again_are_counted_once():
    found = probe(Kernel(64, 3, tells=False))
    assert found.seen is not None
    assert found.seen.images == 3


def test_a_part_of_a_split_is_compared_by_the_places_of_its_images():
    class EveryOther(Kernel):
        @property
        def seen(self) -> dict[str, object]:
            return {**super().seen, "images": 100}

        def request(self, name: str, payload: dict[str, object], seconds: float | None = None) -> dict[str, object]:
            places = [2 * (index % 100) for index in payload["indices"]]  # type: ignore[attr-defined]
            served = {"first_batch": encode_array(transform(IMAGES[:128:2])), "labels": encode_array(LABELS[:128:2])}
            items = {"items": encode_array(transform(IMAGES[places])), "item_labels": encode_array(LABELS[places])}
            return {"seen": self.seen, "order_differs": False, "places": places, **served, **items}

    found = probe(EveryOther(64, 100, shuffled=False))
    assert found.expected_batch is not None
    assert np.allclose(found.first_batch, found.expected_batch)
    assert np.array_equal(found.labels, found.expected_labels)


def test_a_loader_with_the_split_s_name_and_the_other_images_is_told() -> None:
    kernel = Kernel(64, 200)
    facts = NamespaceFacts(loaders=(LoaderFacts("test_loader", convert(kernel.seen, LoaderSeen)),))
    probe = probe_loader(kernel, "test", find_loader("test", facts), IMAGES, LABELS, transform)
    assert probe.seen is None
    assert probe.misnamed is not None
    assert probe.misnamed.split == "train"
    assert probe.missing == (
        "the loader 'test_loader' holds MNIST's training images, and no loader holds the test images"
    )
