"""Evaluations of sent weights in the reference's models, each made once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from grader.authenticity.evaluations import (
    MOST_EARLY,
    ROUGHLY,
    Draw,
    Evaluations,
    Sent,
    outputs,
    sent_weights,
    transplant,
)
from grader.evidence.run import LoaderSeen, ModelSeen, NamedArray, Pass, RunEvidence, WeightsSeen, encode_array
from reference.contract import transform
from reference.models import MLP
from reference.rubric import ASSIGNMENT

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (80, 28, 28), dtype=np.uint8)
LABELS = RNG.integers(0, 10, 80)
DATA = {"train": (IMAGES, LABELS), "test": (IMAGES, LABELS)}
TEST = LoaderSeen("loader-2", "MNIST", "test", 80, 20, False)
TRAIN = LoaderSeen("loader-1", "MNIST", "train", 80, 20, True)
ROLES = ASSIGNMENT.models[:1]


class Counting(ThreadPoolExecutor):
    """A pool that counts what it was given."""

    def __init__(self) -> None:
        super().__init__(1)
        self.given = 0

    def submit(self, *args, **kwargs):
        self.given += 1
        return super().submit(*args, **kwargs)


@pytest.fixture
def pool() -> Iterator[Counting]:
    with Counting() as counting:
        yield counting


def trained(seed: int) -> MLP:
    torch.manual_seed(seed)
    return MLP()


# Made before anything is evaluated: the pool's threads draw from torch's global generator too.
FIRST, SECOND = trained(0), trained(1)


def weights(model: nn.Module, start: float = 1.0) -> WeightsSeen:
    named = tuple(NamedArray(n, encode_array(p.detach().numpy())) for n, p in model.named_parameters())
    return WeightsSeen(4, "model-1", start, named)


def evaluating(start: float, **changes: object) -> Pass:
    seen = Pass(4, TEST, start, 0.5, 4, 80, True, model="model-1", training=False)
    return dataclasses.replace(seen, **changes)  # type: ignore[arg-type]


def run(sent: list[WeightsSeen], passes: list[Pass]) -> RunEvidence:
    shapes = tuple(tuple(p.shape) for p in MLP().parameters())
    model = ModelSeen("model-1", "MLP", shapes, ("Linear",) * 3, 109386)
    return RunEvidence(models={"model-1": model}, passes=tuple(with_epochs(passes)), weights=tuple(sent))


def with_epochs(passes: list[Pass]) -> Iterator[Pass]:
    """Yield a training pass before each test."""
    for seen in passes:
        if not seen.trains:
            yield Pass(4, TRAIN, seen.start - 0.6, 0.5, 4, 80, True, model="model-1", steps=4, backwards=4)
        yield seen


def test_what_was_foreseen_is_not_evaluated_again(pool):
    model, evaluations = FIRST, Evaluations(DATA, transform, pool)
    seen = run([weights(model)], [evaluating(1.0)])
    evaluations.foresee(seen, ROLES)
    evaluations.foresee(run([weights(model)], [evaluating(1.0)]), ROLES)  # as it is told again after the next cell
    (sent,) = sent_weights(seen, ROLES)
    assert np.allclose(evaluations.outputs(sent, 80), outputs(model, transform(IMAGES)))
    assert np.allclose(evaluations.outputs(sent, 30), outputs(model, transform(IMAGES[:30])), atol=1e-5)
    assert pool.given == 1


def test_other_weights_under_the_same_name_are_evaluated_anew(pool):
    evaluations = Evaluations(DATA, transform, pool)
    evaluations.foresee(run([weights(FIRST)], [evaluating(1.0)]), ROLES)
    (sent,) = sent_weights(run([weights(SECOND)], [evaluating(1.0)]), ROLES)
    assert np.allclose(evaluations.outputs(sent, 80), outputs(SECOND, transform(IMAGES)))


def test_more_images_than_were_foreseen_are_evaluated(pool):
    evaluations = Evaluations({"test": (IMAGES[:50], LABELS[:50])}, transform, pool)
    (sent,) = sent_weights(run([weights(FIRST)], [evaluating(1.0)]), ROLES)
    few = evaluations.outputs(sent, 20)
    assert few is not None
    assert len(few) == 20
    assert np.allclose(evaluations.outputs(sent, 50), outputs(FIRST, transform(IMAGES[:50])))
    assert pool.given == 2


def test_weights_that_do_not_fit_or_cannot_be_read_have_no_outputs(pool):
    evaluations = Evaluations(DATA, transform, pool)
    named = weights(FIRST).values
    for values in (named[:-1], (*named[:-1], NamedArray("last", {"dtype": "float32", "shape": [10], "data": "no"}))):
        broken = dataclasses.replace(weights(FIRST), values=values)
        sent = Sent(ROLES[0], run([broken], []).models["model-1"], broken, evaluating(1.0))
        assert evaluations.outputs(sent, 80) is None


def test_a_notebook_cannot_keep_the_grader_busy_with_weights(pool):
    evaluations = Evaluations(DATA, transform, pool)
    for number in range(1, 2 * MOST_EARLY):
        seen = run([weights(FIRST, start=float(number))], [evaluating(float(number))])
        evaluations.foresee(seen, ROLES)
    assert pool.given == MOST_EARLY
    (sent,) = sent_weights(seen, ROLES)
    assert evaluations.outputs(sent, 80) is not None  # those that count are


def test_nor_with_ever_other_weights_under_the_same_name(pool):
    evaluations, named = Evaluations(DATA, transform, pool), weights(FIRST)
    for number in range(2 * MOST_EARLY):
        other = NamedArray("fc3.bias", encode_array(np.full(10, number, np.float32)))
        changed = dataclasses.replace(named, values=(*named.values[:-1], other))
        evaluations.foresee(run([changed], [evaluating(1.0)]), ROLES)
    assert pool.given == MOST_EARLY


def test_the_weights_after_the_first_a_drawn_and_the_last_epoch_count():
    starts = [float(number) for number in range(1, 6)]
    sent = [weights(FIRST, start=start) for start in starts]
    tests = [evaluating(start) for start in starts]

    def found(passes: list[Pass], draw: Draw | None = None) -> list[float]:
        return [each.weights.start for each in sent_weights(run(sent, passes), ROLES, None, draw)]

    assert found(tests) == [1.0, 5.0]
    assert [found(tests, lambda _, count, n=n: n)[1] for n in range(3)] == [2.0, 3.0, 4.0]
    training = [dataclasses.replace(seen, steps=4, backwards=4, loader=TRAIN) for seen in tests]
    assert found(training) == [1.0, 5.0]
    assert found([training[0], *tests[1:]]) == [1.0, 5.0]
    assert found([]) == []


@pytest.mark.parametrize(
    ("changes", "repeatable"),
    [({}, True), ({"backwards": 4}, False), ({"steps": 4}, False), ({"samples": 60}, False)],
)
def test_only_a_test_of_all_images_can_be_repeated(changes, repeatable):
    over = {"loader": TRAIN} if "steps" in changes or "backwards" in changes else {}
    (sent,) = sent_weights(run([weights(FIRST)], [evaluating(1.0, **changes, **over)]), ROLES)
    assert sent.repeatable(80) is repeatable
    assert not sent.repeatable(ROUGHLY)


def test_weights_fit_by_layer_and_shape_or_not_at_all():
    model = MLP()
    mine = {"x.w": np.ones((784, 128), np.float32), "x.b": np.ones(128, np.float32)}
    mine |= {"y.w": np.ones((64, 128), np.float32), "y.b": np.ones(64, np.float32)}
    mine |= {"z.w": np.ones((10, 64), np.float32), "z.b": np.ones(10, np.float32)}
    assert transplant(mine, model)
    assert all((p == 1).all() for p in model.parameters())
    assert not transplant({**mine, "more": np.ones(3, np.float32)}, model)
    assert not transplant({"a": np.ones((2, 2), np.float32)}, model)
