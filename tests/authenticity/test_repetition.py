"""Steps of a training are taken again outside, from the weights and with the images that the run named."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from grader.authenticity.evaluations import Evaluations
from grader.authenticity.repetition import agree, repeated
from grader.authenticity.weights import Bench
from grader.evidence.probes import Comparison, LoaderProbe, ModelProbe
from grader.evidence.run import (
    LoaderSeen,
    ModelSeen,
    NamedArray,
    OptimizerSeen,
    Pass,
    RunEvidence,
    WeightsSeen,
    encode_array,
)
from grader.evidence.trainings import WantedData
from grader.in_kernel.randomness.pass_order import permutation
from reference.contract import transform
from reference.models import MLP
from reference.rubric import ASSIGNMENT
from tests.in_process import InProcess

SEED, IMAGES_, SIZE, EPOCHS = 7, 96, 16, 4
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (IMAGES_, 28, 28), dtype=np.uint8)
LABELS = RNG.integers(0, 10, IMAGES_)
SAME = Comparison(np.ones((2, 10), np.float32), np.ones((2, 10), np.float32))
LOADER = LoaderSeen("loader-1", "MNIST", "train", IMAGES_, SIZE, True)


def values(model: nn.Module) -> tuple[NamedArray, ...]:
    return tuple(NamedArray(n, encode_array(p.detach().numpy().copy())) for n, p in model.named_parameters())


def run(
    order: Sequence[Sequence[int]] | None = None, canonical: bool = True, lr: float = 0.01, device: str = "cpu"
) -> RunEvidence:
    """Return the record of a real training in these orders, by default those of the harness."""
    torch.manual_seed(0)
    model = MLP()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.5)
    pixels, labels = torch.from_numpy(transform(IMAGES)), torch.from_numpy(LABELS)
    sent, passes = [WeightsSeen(4, "model-1", 0.0, values(model), before=True)], []
    for epoch in range(EPOCHS):
        places = order[epoch] if order is not None else permutation(SEED, IMAGES_, epoch, device)
        losses = []
        for at in range(0, IMAGES_, SIZE):
            batch = list(places[at : at + SIZE])
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(pixels[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        count = len(losses)
        passes.append(
            Pass(
                4, LOADER, float(epoch), 0.5, count, IMAGES_, True, epoch, canonical, "model-1", device, device,
                steps=count, backwards=count, losses=tuple(losses), served=tuple(places),
                optimizer=OptimizerSeen("SGD", lr, 0.5, model_share=1.0),
            )
        )  # fmt: skip
        sent.append(WeightsSeen(4, "model-1", float(epoch), values(model)))
    shapes = tuple(tuple(p.shape) for p in model.parameters())
    seen = ModelSeen("model-1", "MLP", shapes, ("Linear",) * 3, 109386)
    # Weights before and after a pass have the same start; the recorder sends those before only for the first.
    return RunEvidence(models={"model-1": seen}, passes=tuple(passes), weights=tuple(sent))


def again(seen: RunEvidence, probe: LoaderProbe | None = None) -> bool:
    with ThreadPoolExecutor(1) as pool:
        evaluations = Evaluations({"train": (IMAGES, LABELS)}, transform, pool)
        loaders = {"train": probe or LoaderProbe("train", LOADER)}
        wanted = WantedData({"train": IMAGES_, "test": IMAGES_})
        probes = {"mlp": ModelProbe("mlp", comparisons=(SAME,))}
        bench = Bench(InProcess(""), probes, loaders, evaluations, wanted)
        return repeated(bench, seen, ASSIGNMENT.models[:1], SEED) == {"model-1"}


RIGHT = run()


def changed(**changes: object) -> RunEvidence:
    return dataclasses.replace(
        RIGHT,
        passes=tuple(dataclasses.replace(p, **changes) for p in RIGHT.passes),  # type: ignore[arg-type]
    )


def test_a_real_training_gives_the_same_losses() -> None:
    assert again(RIGHT)
    assert again(run(device="cuda"))


def test_so_does_one_in_an_order_of_its_own() -> None:
    orders = [RNG.permutation(IMAGES_).tolist() for _ in range(EPOCHS)]
    assert again(run(orders, canonical=False))


def test_the_harness_s_order_cannot_be_claimed_for_another() -> None:
    orders = [RNG.permutation(IMAGES_).tolist() for _ in range(EPOCHS)]
    assert not again(run(orders))


def test_the_order_of_one_device_is_not_that_of_the_other() -> None:
    assert not again(changed(model_device="cuda:0"))


@pytest.mark.parametrize(
    "changes",
    [
        {"losses": (2.0,) * 6},
        {"served": ()},
        {"served": (None,) * IMAGES_},
        {"served": (IMAGES_,) * IMAGES_},
        {"steps": 3},
        {"losses": (), "batches": 0, "steps": 0, "backwards": 1},
        {"optimizer": OptimizerSeen("SGD", -0.01, 0.5, model_share=1.0)},
        {"optimizer": OptimizerSeen("SGD", 0.01, -0.5, model_share=1.0)},
        {"optimizer": OptimizerSeen("SGD", 0.01, 0.5, -1.0, model_share=1.0)},
        {"optimizer": None},
        {"optimizer": OptimizerSeen("Adam", 0.01, model_share=1.0)},
        {"optimizer": OptimizerSeen("SGD", 0.01, 0.5, model_share=0.5)},
    ],
)
def test_other_records_are_not_repeated(changes: dict[str, object]) -> None:
    assert not again(changed(**changes))


def test_weights_of_another_training_do_not_lead_to_the_losses() -> None:
    other = run(lr=0.3).weights
    assert not again(dataclasses.replace(RIGHT, weights=other))
    assert not again(dataclasses.replace(RIGHT, weights=()))


def test_broken_weights_raise_nothing() -> None:
    bad = NamedArray("fc1.weight", {"dtype": "float32", "shape": [9], "data": "?"})
    sent = tuple(dataclasses.replace(weights, values=(bad,)) for weights in RIGHT.weights)
    assert not again(dataclasses.replace(RIGHT, weights=sent))


def test_images_are_taken_as_the_loader_serves_them() -> None:
    wanted = transform(IMAGES[:SIZE])
    plain = LoaderProbe("train", LOADER, first_batch=wanted * 0.3081 + 0.1307, expected_batch=wanted)
    assert not again(RIGHT, plain)


def test_the_first_loss_must_be_exact_and_the_others_near() -> None:
    assert agree((2.3, 2.2), (2.301, 2.3))
    assert not agree((2.3, 2.2), (2.301, 2.3), fresh=True)
    assert agree((2.3, 2.2), (2.301, 2.202), fresh=True)
    assert not agree((2.3, 2.2), (2.31, 2.2))
    assert not agree((2.3, 0.8), (2.3, 2.2))
    assert agree((0.656, 0.668), (0.656, 0.749))
    assert agree((0.786, 0.343), (0.786, 0.663))  # the CNN on all of MNIST, with momentum and without
    assert not agree((None, 2.2), (2.3, 2.2))
    assert not agree((), ())
