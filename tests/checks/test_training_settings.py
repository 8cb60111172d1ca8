"""Checks on criterion and optimizer: each wrong setting by its name, and what is right in spite of its looks."""

import dataclasses

import pytest

from grader.assignment import Fail
from grader.checks import training_settings
from grader.evidence.run import OptimizerSeen
from tests.checks.loop_probes import seen
from tests.checks.test_convergence import train


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (OptimizerSeen("Adam", 0.01), "the optimizer is Adam"),
        (OptimizerSeen("SGD", 0.1, 0.5), "learning rate is 0.1"),
        (OptimizerSeen("SGD", 0.01, 0.0), "momentum is 0"),
        (OptimizerSeen("SGD", 0.01, 0.5, weight_decay=1e-4), "weight decay"),
        (OptimizerSeen("SGD", 0.01, 0.5, dampening=0.5), "dampening"),
        (OptimizerSeen("SGD", 0.01, 0.5, maximize=True), "makes the loss grow"),
        (OptimizerSeen("SGD", 0.01, 0.5, lowest_lr=0.01, highest_lr=0.1), r"from 0\.01 to 0\.1"),
        (OptimizerSeen("SGD", 0.01, 0.5, lowest_lr=0.0, highest_lr=0.01), "from 0 to 0.01"),
    ],
)
def test_optimizer_settings(optimizer, message):
    with pytest.raises(Fail, match=message):
        training_settings.optimizer_settings(seen(optimizer), "SGD", 0.01, 0.5)


def test_right_optimizer_settings_and_none_seen():
    right = OptimizerSeen("SGD", 0.01, 0.5, dampening=0.0, lowest_lr=0.01, highest_lr=0.01)
    assert training_settings.optimizer_settings(seen(right), "SGD", 0.01, 0.5)
    with pytest.raises(Fail, match="no optimizer took a step"):
        training_settings.optimizer_settings(seen(None), "SGD", 0.01, 0.5)


def test_a_setting_that_changes_later_is_reported_as_a_change():
    right = seen(OptimizerSeen("SGD", 0.01, 0.5))
    with pytest.raises(Fail, match=r"learning rate is 0\.003 in a later epoch") as caught:
        training_settings.optimizer_settings([*right, *seen(OptimizerSeen("SGD", 0.003, 0.5))], "SGD", 0.01, 0.5)
    assert "scheduler" in caught.value.hint


def losses(given, own, batches=2, samples=128, **changes):
    changed = {"batches": batches, "backwards": batches, "samples": samples, "losses": (given,) * batches}
    return dataclasses.replace(train(0, 1.0), **{**changed, "mean_loss": own, **changes})


@pytest.mark.parametrize(
    ("given", "own", "words"),
    [
        (64 * 1.2, 1.2, "the sum over its images"),
        (1.42, 1.2, "1.420 on average"),  # smoothed labels
        (-0.07, 2.3, "-0.070 on average"),  # NLLLoss on logits
        (0.3, 1.2, "0.300 on average"),
    ],
)
def test_another_criterion_is_told_by_its_losses(given, own, words):
    with pytest.raises(Fail, match=words):
        training_settings.cross_entropy([losses(1.0, 1.0), losses(given, own)])


@pytest.mark.parametrize(
    "right",
    [
        losses(1.2, 1.2),
        losses(1.201, 1.2),  # half precision
        losses(65536 * 1.2, 1.2),  # a gradient scaler
        losses(None, 1.2),  # no number: another check's
        losses(1.2, None),  # outputs that are no logits
        losses(0.3, 1.2, backwards=8),  # the loss of a batch in parts
        losses(0.0, 0.001),
    ],
)
def test_mean_cross_entropies_in_other_ways_are_right(right):
    assert training_settings.cross_entropy([right]) == "the losses are mean cross-entropies"
