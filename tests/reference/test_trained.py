"""The trainings of the GPU and CNN items: a new model, a test after each epoch, and the optimizer's settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from grader.assignment import Evidence, Fail, Reference, Threshold
from grader.evidence.run import OptimizerSeen, Pass, RunEvidence
from reference.checks.epochs import converges, optimizer
from reference.checks.new_models import cnn_epochs, gpu_epochs
from reference.models import CNN, MLP
from tests.conftest import empty_evidence
from tests.reference.checks.test_epochs import SGD, TRAIN, left, models, trained
from tests.reference.checks.test_figures import RIGHT_TEST

LIMITS = {f"{role}.loss.{n}": Threshold(None, 2.0, "test") for role, n in (("mlp", 10), ("cnn", 2))}
LEARNS = {"q5": converges("q5", "mlp", "cuda", 10), "q7": converges("q7", "cnn", "cpu", 2)}


def evidence(passes: Sequence[Pass], of: type[MLP] | type[CNN] = MLP, high: float = 2.0) -> Evidence:
    limits = {key: replace(limit, high=high) for key, limit in LIMITS.items()}
    run = RunEvidence(models=models(2, of), passes=tuple(passes))
    return replace(empty_evidence("gpu"), run=run, reference=Reference(thresholds=limits))


def with_settings(passes: Sequence[Pass], **settings: object) -> list[Pass]:
    """Return the same passes with another optimizer."""
    other = replace(SGD, **settings)  # type: ignore[arg-type]
    return [replace(p, optimizer=other) if p.trains else p for p in passes]


def untested(passes: Sequence[Pass]) -> list[Pass]:
    return [p for p in passes if p.trains]


ON_GPU = trained(32, 10, device="cuda:0")
CNN_ON_CPU = trained(39, 2)


def test_right_trainings_pass() -> None:
    assert gpu_epochs(evidence(ON_GPU))
    assert cnn_epochs("q7", "cpu")(evidence(CNN_ON_CPU, CNN))
    assert LEARNS["q5"](evidence(ON_GPU))
    assert LEARNS["q7"](evidence(CNN_ON_CPU, CNN))
    # Another model had been trained on the CPU, and this one was tested there before it was trained.
    first = [p for p in trained(22, 1, model="model-2") if not p.trains]
    before = [replace(p, model="model-1", start=-5.0) for p in first]
    assert gpu_epochs(evidence([*before, *trained(22, 10, model="model-2"), *ON_GPU]))
    # A test within an epoch counts; epochs beyond those that were asked for need no test.
    midst = [replace(p, start=p.start - 2) if not p.trains else p for p in CNN_ON_CPU]
    assert cnn_epochs("q7", "cpu")(evidence(midst, CNN))
    assert cnn_epochs("q7", "cpu")(evidence([*CNN_ON_CPU, *untested(trained(39, 1, start=100.0))], CNN))


def test_epochs_that_are_not_tested() -> None:
    with pytest.raises(Fail, match="10 of the 10 epochs on the GPU were not tested") as caught:
        gpu_epochs(evidence(untested(ON_GPU)))
    assert caught.value.credit == 0.8
    with pytest.raises(Fail, match="1 of the 2 epochs on the CPU were not tested") as caught:
        cnn_epochs("q7", "cpu")(evidence([CNN_ON_CPU[0], *CNN_ON_CPU[2:]], CNN))
    assert caught.value.credit == 0.9


def over_training_images(passes: Sequence[Pass]) -> list[Pass]:
    return [seen if seen.trains else replace(seen, loader=TRAIN) for seen in passes]


def test_epochs_that_are_tested_on_the_training_images() -> None:
    loops = {"cpu_test": RIGHT_TEST, "gpu_test": replace(RIGHT_TEST, role="gpu_test")}
    on_gpu = replace(evidence(over_training_images(ON_GPU)), loops=loops)
    with pytest.raises(Fail, match="the tests after the epochs on the GPU go over the training images") as caught:
        gpu_epochs(on_gpu)
    assert caught.value.credit == 0.8
    cnn = replace(evidence(over_training_images(CNN_ON_CPU), CNN), loops=loops)
    with pytest.raises(Fail, match="the tests after the epochs on the CPU go over the training images"):
        cnn_epochs("q7", "cpu")(cnn)
    # It costs once, and nothing where it is not known that the function for tests uses the loader that it gets.
    everywhere = [*trained(22, 10, model="model-2"), *trained(32, 10, device="cuda:0", start=100.0)]
    assert gpu_epochs(replace(evidence(over_training_images(everywhere)), loops=loops))
    assert gpu_epochs(evidence(over_training_images(ON_GPU)))


def test_a_model_that_was_trained_on_the_cpu_before() -> None:
    with pytest.raises(Fail, match="the MLP that already had 10 epochs was trained further, on the GPU") as caught:
        gpu_epochs(evidence([*trained(22, 10), *trained(32, 10, device="cuda:0", start=100.0)]))
    assert caught.value.credit == 0.6


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"lr": 0.1}, "learning rate is 0.1"), ({"kind": "Adam"}, "optimizer is Adam"), ({"lr": 0.0}, "rate is 0")],
)
def test_other_settings_cost_half_of_what_learning_earns(settings: dict[str, object], message: str) -> None:
    for item, passes, of in (("q5", ON_GPU, MLP), ("q7", CNN_ON_CPU, CNN)):
        with pytest.raises(Fail, match=message) as caught:
            LEARNS[item](evidence(with_settings(passes, **settings), of))
        assert caught.value.credit == 0.5
        with pytest.raises(Fail, match=message) as caught:
            LEARNS[item](evidence(with_settings(passes, **settings), of, high=0.01))
        assert caught.value.credit == 0.0


def test_the_settings_of_other_trainings_do_not_count() -> None:
    tried = with_settings(trained(30, 1, model="model-2", device="cuda:0"), lr=0.1)
    later = with_settings(trained(34, 3, device="cuda:0", start=100.0), lr=0.1)
    assert LEARNS["q5"](evidence([*tried, *ON_GPU, *later]))


def test_settings_are_read_from_incomplete_passes_too() -> None:
    broken_off = replace(left(22, steps=1), optimizer=SGD)
    assert optimizer(evidence([broken_off]))
    with pytest.raises(Fail, match="the optimizer is Adam"):
        optimizer(evidence([replace(broken_off, optimizer=OptimizerSeen("Adam", 0.01, None, model_share=1.0))]))
    with pytest.raises(Fail, match="no optimizer took a step"):
        optimizer(evidence([replace(broken_off, model_device="cuda:0")]))
    doubted = replace(evidence([broken_off]).run, doubts={"model-1": "it cannot be"})
    with pytest.raises(Fail, match="not believed"):
        optimizer(replace(evidence([]), run=doubted))
