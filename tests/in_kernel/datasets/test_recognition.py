"""Images of a served data set are recognised by their pixels, whatever they came through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from grader.data.sources import find_data
from grader.in_kernel.datasets.mnist import Mnist
from grader.in_kernel.datasets.recognition import Patterns, Recognised

MNIST = Mnist(str(Path(find_data(None, sample=True).folder)))
PATTERNS = Patterns(MNIST.load)
IMAGES = MNIST.load(True)[0][:64].float() / 255
SCALED = (IMAGES - 0.1307) / 0.3081


def places(images: torch.Tensor) -> list[tuple[str, int] | None] | None:
    found = PATTERNS.find(images)
    return None if found is None else [place for _, place in found]


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x[:, None],
        lambda x: x,
        lambda x: x.flatten(1),
        lambda x: x[:, None].expand(-1, 3, -1, -1),
        lambda x: 1 - x,
        lambda x: (x * 1000).to(torch.int32),
        lambda x: torch.nn.functional.pad(x[:, None], (2, 2, 2, 2)),
        lambda x: x.half(),
        lambda x: x[:, None].requires_grad_(),
    ],
    ids=["channel", "plain", "flat", "colour", "inverted", "whole", "padded", "half", "gradient"],
)
def test_a_scaling_or_another_shape_changes_nothing(change: Callable[[torch.Tensor], torch.Tensor]) -> None:
    assert places(change(SCALED.clone())) == [("train", place) for place in range(64)]


def test_test_images_are_known_as_such() -> None:
    assert places(MNIST.load(False)[0][5:7]) == [("test", 5), ("test", 6)]


def test_images_of_another_size_cannot_be_compared() -> None:
    assert PATTERNS.find(torch.zeros(4, 1, 31, 31)) is None
    assert PATTERNS.find(torch.zeros(4)) is None
    assert PATTERNS.find(torch.zeros(0, 28, 28)) is None


def recognised(*batches: torch.Tensor) -> Recognised:
    found = Recognised()
    for batch in batches:
        found.add(PATTERNS.find(batch) or [])
    return found


def test_the_images_decide_the_split_and_not_the_name() -> None:
    assert recognised(SCALED).split(None) == "train"
    assert recognised(SCALED).split("test") == "train"
    assert recognised(MNIST.load(False)[0][:64]).split("train") == "test"


def test_images_that_are_not_recognised_are_what_their_dataset_is_made_from() -> None:
    turned = recognised(SCALED.transpose(1, 2).flip(1))
    assert (turned.split("train"), turned.images(8192)) == ("train", 8192)
    some = recognised(SCALED[:32], SCALED[32:].transpose(1, 2))
    assert (some.split("train"), some.split("test"), some.split(None)) == ("train", None, None)
    assert recognised().split("train") == "train"


def test_a_few_images_again_and_again_are_counted_as_few() -> None:
    copies = recognised(*[SCALED[:1].expand(64, -1, -1)] * 3)
    assert (copies.images(60_000), copies.split("train")) == (1, None)
    assert recognised(*[SCALED[:16].repeat(4, 1, 1)] * 3).images(60_000) == 16
    drawn = np.random.default_rng(0).integers(0, 8192, 512)  # with replacement
    assert recognised(MNIST.load(True)[0][torch.from_numpy(drawn)]).images(8192) == 8192


def test_both_splits_mixed_are_none() -> None:
    mixed = recognised(SCALED[:32], MNIST.load(False)[0][:32].float())
    assert mixed.split("train") is None


def test_images_with_one_pattern_are_told_apart_by_their_grey_levels() -> None:
    raw = np.zeros((2, 28, 28), np.uint8)
    raw[:, 10, 10:14] = [[200, 90, 10, 255], [10, 90, 200, 255]]
    patterns = Patterns(lambda train: (raw if train else raw[:0], None))
    served = (torch.from_numpy(raw).float() / 255 - 0.1307) / 0.3081
    for images in (served, served.half(), -served):
        assert [place for _, place in patterns.find(images) or []] == [("train", 0), ("train", 1)]
