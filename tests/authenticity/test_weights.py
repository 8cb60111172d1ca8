from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from grader.authenticity import weights
from grader.authenticity.evaluations import Evaluations
from grader.authenticity.plausibility import agrees, confirms
from grader.authenticity.weights import Bench, as_labelled, as_served, confirm, is_reference, score
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
from reference.contract import transform
from reference.rubric import ASSIGNMENT
from tests.in_process import InProcess

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (40, 28, 28), dtype=np.uint8)
LABELS = RNG.integers(0, 10, 40)
WANTED = transform(IMAGES)
TEST = LoaderSeen("loader-2", "MNIST", "test", 40, 20, False)
TRAIN = LoaderSeen("loader-1", "MNIST", "train", 40, 20, True)
WANTED_DATA = WantedData({"train": 40, "test": 40}, {"test": dataclasses.replace(TEST, images=30)})
LOADERS = {"test": LoaderProbe("test", TEST, first_batch=WANTED[:20], expected_batch=WANTED[:20])}
SOURCE = """
import torch
from torch import nn
class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(784, 128), nn.Linear(128, 64), nn.Linear(64, 10)
    def forward(self, x):
        return self.c(torch.relu(self.b(torch.ACTIVATION(self.a(x.reshape(-1, 784))))))
"""


def values(model: nn.Module) -> tuple[NamedArray, ...]:
    return tuple(NamedArray(n, encode_array(p.detach().numpy())) for n, p in model.named_parameters())


def confirmed(
    activation: str,
    loss: float | None = None,
    probe: ModelProbe | None = None,
    loaders=LOADERS,
    name: str = "MLP",
    **changes,
):
    names: dict[str, object] = {}
    kernel = InProcess(SOURCE.replace("ACTIVATION", activation))
    exec(SOURCE.replace("ACTIVATION", activation), names)
    torch.manual_seed(0)
    model = names["MLP"]()
    with torch.no_grad():
        outputs = model(torch.from_numpy(WANTED)).numpy()
    right = score(outputs, LABELS)
    seen = Pass(
        4, TEST, 1.0, 0.5, 2, 40, True, model="model-1", training=False,
        sample_loss=right.loss if loss is None else loss, accuracy=right.accuracy,
    )  # fmt: skip
    seen = dataclasses.replace(seen, **changes)
    shapes = tuple(tuple(p.shape) for p in model.parameters())
    epoch = Pass(4, TRAIN, 0.0, 0.5, 2, 40, True, model="model-1", steps=2, backwards=2)
    run = RunEvidence(
        models={"model-1": ModelSeen("model-1", name, shapes, ("Linear",) * 3, 109386)},
        passes=(seen,) if seen.trains else (epoch, seen),
        weights=(WeightsSeen(4, "model-1", 1.0, values(model)),),
    )
    probe = probe or ModelProbe("mlp", class_name="MLP", spec={"class": "MLP"})
    with ThreadPoolExecutor(1) as pool:
        evaluations = Evaluations({"train": (IMAGES, LABELS), "test": (IMAGES, LABELS)}, transform, pool)
        bench = Bench(kernel, {"mlp": probe}, loaders, evaluations, WANTED_DATA)
        return seen, confirm(bench, run, ASSIGNMENT.models[:1])


def same() -> ModelProbe:
    outputs = np.ones((2, 10), np.float32)
    return ModelProbe("mlp", class_name="MLP", comparisons=(Comparison(outputs, outputs),), spec={"class": "MLP"})


def test_weights_of_the_reference_s_model_give_the_recorded_loss():
    seen, (found,) = confirmed("relu", probe=same())
    assert found.certain
    assert len(found.scores) == 1
    assert agrees(seen, found.scores[0])


def test_a_loss_that_they_do_not_give_is_found_out():
    seen, (found,) = confirmed("relu", loss=0.1, probe=same())
    assert found.certain
    assert len(found.scores) == 2  # the student's own definition was asked as well
    assert not any(agrees(seen, one) for one in found.scores)


def test_a_pass_that_cannot_be_repeated_is_checked_roughly():
    part = dataclasses.replace(TEST, images=30)
    seen, (found,) = confirmed("relu", loss=2.5, probe=same(), loader=part, samples=30)
    assert found.rough
    assert confirms(found, seen)
    seen, (found,) = confirmed("relu", loss=0.1, probe=same(), loader=part, samples=30)
    assert not confirms(found, seen)
    training, (found,) = confirmed(
        "relu",
        probe=same(),
        loader=TRAIN,
        loaders={**LOADERS, "train": LOADERS["test"]},
        steps=2,
        backwards=2,
        losses=(2.2, 2.3),
    )
    assert found.rough
    assert confirms(found, training)


def test_a_model_of_another_class_is_never_certain_but_may_be_confirmed():
    seen, (found,) = confirmed("relu", probe=same(), name="Copy")
    assert not found.certain
    assert confirms(found, seen)
    seen, (found,) = confirmed("relu", loss=0.1, probe=same(), name="Copy")
    assert not found.certain
    assert not confirms(found, seen)


def test_another_model_is_evaluated_by_its_own_definition():
    seen, (found,) = confirmed("tanh")
    assert not found.certain
    assert [agrees(seen, one) for one in found.scores] == [False, True]


def test_a_test_in_training_mode_is_repeated_in_training_mode():
    activation = "relu(self.a(x.reshape(-1, 784))) if not self.training else torch.zeros_like"
    seen, (found,) = confirmed(activation, probe=same())
    assert len(found.scores) == 2  # the definition itself, in training mode, as it was recorded
    assert agrees(seen, found.scores[1]) is False  # in evaluation mode
    seen, (found,) = confirmed(activation, probe=same(), training=True)
    assert confirms(found, seen)


def test_a_model_that_knows_more_in_training_mode_is_not_believed(monkeypatch):
    monkeypatch.setattr(weights, "own_outputs", lambda *_: 9 * np.eye(10, dtype=np.float32)[LABELS])
    seen, (found,) = confirmed("relu", loss=0.0, probe=same(), accuracy=1.0, training=True)
    assert not confirms(found, seen)


@pytest.mark.parametrize(("slope", "offset"), [(0.5, 0.1), (0.3081, 0.1307)])
def test_another_scaling_is_read_off_the_first_batch(slope, offset):
    batch = (WANTED[:20] * slope + offset).astype(np.float32)
    served = as_served(LoaderProbe("test", TEST, first_batch=batch, expected_batch=WANTED[:20]), WANTED)
    assert served is not None
    assert np.allclose(served, WANTED * slope + offset, atol=1e-4)
    assert as_served(LOADERS["test"], WANTED) is None


@pytest.mark.parametrize(
    "turn", [lambda x: x[..., ::-1], lambda x: x[..., ::-1, :], lambda x: np.rot90(x, 3, (-2, -1))]
)
def test_mirrored_and_turned_images_are_read_off_the_first_batch(turn):
    batch = (turn(WANTED[:20]) * 0.5).astype(np.float32)
    served = as_served(LoaderProbe("test", TEST, first_batch=batch, expected_batch=WANTED[:20]), WANTED)
    assert served is not None
    assert np.allclose(served, turn(WANTED) * 0.5, atol=1e-4)


@pytest.mark.parametrize(
    "change",
    [
        lambda x: np.where(x > 1, np.float32(2.8), np.float32(-0.4)),
        lambda x: (x + 0.5) ** 2,
        lambda x: (x - x.mean((1, 2, 3), keepdims=True)) / x.std((1, 2, 3), ddof=1, keepdims=True),
        lambda x: (x - x.mean((1, 2, 3), keepdims=True))[..., ::-1] / x.std((1, 2, 3), ddof=1, keepdims=True),
    ],
    ids=["black-or-white", "other-greys", "standardised", "standardised-mirrored"],
)
def test_images_with_other_greys_are_read_off_the_first_batch(change):
    batch = change(WANTED[:20]).astype(np.float32)
    served = as_served(LoaderProbe("test", TEST, first_batch=batch, expected_batch=WANTED[:20]), WANTED)
    assert served is not None
    assert np.allclose(served, change(WANTED), atol=1e-3)


def test_pixels_that_no_scaling_explains_leave_it_open():
    batch = np.roll(WANTED[:20], 3, axis=-1)
    strange = {"test": LoaderProbe("test", TEST, first_batch=batch, expected_batch=WANTED[:20])}
    _, (found,) = confirmed("relu", loss=0.1, probe=same(), loaders=strange)
    assert not found.certain


def test_labels_are_taken_as_the_loader_serves_them():
    right = np.arange(20) % 10
    moved = LoaderProbe("test", TEST, labels=(right + 1) % 10, expected_labels=right)
    told = as_labelled(moved, LABELS)
    assert told is not None
    assert (told == (LABELS + 1) % 10).all()
    assert as_labelled(LoaderProbe("test", TEST), LABELS) is LABELS
    assert as_labelled(dataclasses.replace(moved, labels=right), LABELS) is LABELS


def test_labels_that_follow_no_rule_leave_it_open():
    right = np.arange(20) % 10
    for served, expected in ((right // 2 + np.arange(20), right), (np.ones(20, np.int64), np.zeros(20, np.int64))):
        loader = dataclasses.replace(LOADERS["test"], labels=served, expected_labels=expected)
        assert as_labelled(loader, LABELS) is None
        _, (found,) = confirmed("relu", probe=same(), loaders={"test": loader})
        assert not found.scores
        assert not found.certain


def test_only_equal_outputs_make_a_model_the_reference_s():
    assert is_reference(same())
    assert not is_reference(ModelProbe("mlp"))
    one, other = np.ones((2, 10), np.float32), np.zeros((2, 10), np.float32)
    assert not is_reference(ModelProbe("mlp", comparisons=(Comparison(other, one),)))


def test_infinite_logits_give_no_number_and_no_warning(recwarn):
    found = score(np.array([[np.inf, 1.0], [2.0, 3.0]], np.float32), np.array([0, 1]))
    assert np.isnan(found.loss)
    assert not recwarn.list


def test_the_score_is_torch_s_cross_entropy():
    outputs = RNG.normal(0, 5, (30, 10)).astype(np.float32)
    labels = RNG.integers(0, 10, 30)
    found = score(outputs, labels)
    wanted = nn.functional.cross_entropy(torch.from_numpy(outputs), torch.from_numpy(labels))
    assert found.loss == pytest.approx(float(wanted), rel=1e-5)
    assert found.accuracy == pytest.approx(float((outputs.argmax(1) == labels).mean()))


@pytest.mark.parametrize(
    ("kind", "base", "again", "named"),
    [
        ("CountingSGD", "SGD", True, "SGD"),
        ("CountingSGD", "SGD", False, "CountingSGD"),
        ("Adam", "", True, "Adam"),
    ],
)
def test_an_optimizer_whose_steps_were_repeated_is_named_by_its_base(kind, base, again, named):
    optimizer = OptimizerSeen(kind, 0.01, 0.5, model_share=1.0, base=base)
    epoch = Pass(4, TRAIN, 0.0, 0.5, 2, 40, True, model="model-1", steps=2, optimizer=optimizer)
    model = ModelSeen("model-1", "MLP", ((10, 784),), ("Linear",), 1)
    run = RunEvidence((), {"model-1": model}, (epoch,))
    after = weights.with_doubts(run, (), WANTED_DATA, (), frozenset({"model-1"} if again else ()))
    (seen,) = after.passes
    assert seen.optimizer is not None
    assert (seen.optimizer.kind, seen.optimizer.base) == (named, "SGD" if named == "CountingSGD" else "")
