"""Records of trainings that were not trained as asked for earn nothing; their honest neighbours lose nothing."""

from __future__ import annotations

import dataclasses

import pytest

from grader.assignment import Evidence, Fail, Review
from grader.authenticity.copies import copied
from grader.evidence.answers import BuiltParameter
from grader.evidence.probes import LoaderProbe, ModelProbe
from grader.evidence.run import LoaderSeen, Pass, RunEvidence, WeightsSeen
from grader.evidence.trainings import WantedData
from reference.checks.epochs import converges, mlp_converges, ten_epochs, twenty_epochs
from reference.checks.new_models import cnn_epochs, gpu_epochs
from reference.models import CNN, MLP
from reference.rubric import ASSIGNMENT
from tests.authenticity import test_repetition as real
from tests.conftest import empty_evidence
from tests.reference.checks.test_epochs import models, shapes, trained

pytestmark = pytest.mark.attack

TRAIN = LoaderSeen("loader-1", "MNIST", "train", 8192, 64, True)
FEW = dataclasses.replace(TRAIN, key="loader-9", dataset="Subset", images=64)


def evidence(passes: list[Pass], judged: LoaderSeen | None = TRAIN, of: type = MLP, **changes: object) -> Evidence:
    run = dataclasses.replace(RunEvidence(models=models(2, of), passes=tuple(passes)), **changes)  # type: ignore[arg-type]
    loaders = {} if judged is None else {"train": LoaderProbe("train", judged)}
    return dataclasses.replace(empty_evidence("gpu"), run=run, loaders=loaders)


def over(loader: LoaderSeen, passes: list[Pass]) -> list[Pass]:
    return [dataclasses.replace(p, loader=loader) if p.trains else p for p in passes]


@pytest.mark.parametrize(
    ("loader", "words"),
    [
        (FEW, "20 epochs of the MLP went over 64 images of MNIST's training images"),
        (dataclasses.replace(TRAIN, images=1, split=None), "over 1 image of 'MNIST'"),  # one image 8,192 times
        (dataclasses.replace(TRAIN, dataset="FakeData", split=None), "over 8,192 images of 'FakeData'"),
    ],
)
def test_a_training_on_other_images_earns_nothing_and_names_them(loader: LoaderSeen, words: str) -> None:
    e = evidence(over(loader, trained(22, 20)))
    for check in (ten_epochs, twenty_epochs, mlp_converges):
        with pytest.raises(Fail) as caught:
            check(e)
        assert caught.value.credit == 0
        assert words in caught.value.seen
        assert "8,192 images of the training loader" in caught.value.seen
        assert caught.value.hint


def test_a_debugging_subset_costs_its_points_once() -> None:
    e = evidence(over(FEW, trained(22, 20)), judged=FEW)
    assert isinstance(ten_epochs(e), str)
    assert isinstance(twenty_epochs(e), str)


def test_one_image_again_and_again_is_no_subset() -> None:
    copies = dataclasses.replace(TRAIN, images=1)  # what the probe of such a loader finds
    with pytest.raises(Fail, match="over 1 image of 'MNIST'"):
        ten_epochs(evidence(over(dataclasses.replace(copies, split=None), trained(22, 10)), judged=copies))


def test_another_loader_over_all_images_counts() -> None:
    workers = dataclasses.replace(TRAIN, key="loader-5", workers=2)
    assert isinstance(ten_epochs(evidence(over(workers, trained(22, 10)))), str)
    assert isinstance(ten_epochs(evidence(over(workers, trained(22, 10)), judged=None)), str)


def test_a_test_on_a_few_images_is_no_test() -> None:
    few = LoaderSeen("loader-8", "Subset", "test", 64, 64, False)
    passes = [p if p.trains else dataclasses.replace(p, loader=few) for p in trained(22, 10)]
    with pytest.raises(Fail, match="10 of the 10 epochs were not tested"):
        ten_epochs(evidence(passes))


@pytest.mark.parametrize("check", [ten_epochs, twenty_epochs, mlp_converges])
def test_what_is_not_confirmed_waits_for_a_person(check) -> None:
    found = check(evidence(trained(22, 20), unchecked={"model-1": "the weights do not give the loss"}))
    assert isinstance(found, Review)
    assert found.credit == 0
    assert "could not be" in found.message or "cannot tell" in found.message


def test_nor_is_it_on_the_gpu() -> None:
    why = {"model-1": "the weights do not give the loss"}
    e = evidence(trained(32, 10, device="cuda:0"), unchecked=why)
    assert [found.credit for found in (gpu_epochs(e), converges("q5", "mlp", "cuda", 10)(e))] == [0, 0]  # type: ignore[union-attr]
    e = evidence(trained(39, 2), of=CNN, unchecked=why)
    found = cnn_epochs("q7", "cpu")(e)
    assert isinstance(found, Review)
    assert found.credit == 0


LINEAR = ((10, 784), (10,))


def linear(own: tuple[tuple[int, ...], ...]) -> Evidence:
    """Return the evidence of a linear classifier's training; `own` are the parameters of the notebook's MLP."""
    e = evidence(trained(22, 20))
    seen = {key: dataclasses.replace(model, shapes=LINEAR) for key, model in e.run.models.items()}
    parameters = tuple(BuiltParameter(str(n), shape, True, "fc") for n, shape in enumerate(own))
    probes = {"mlp": ModelProbe("mlp", parameters=parameters)}
    return dataclasses.replace(e, run=dataclasses.replace(e.run, models=seen), models=probes)


def test_a_linear_classifier_beside_the_mlp_is_not_the_mlp() -> None:
    with pytest.raises(Fail, match="cell 22 has no hidden layer, so it is not the MLP"):
        ten_epochs(linear(shapes(MLP)))


def test_a_notebook_whose_mlp_is_linear_loses_for_that_once() -> None:
    assert isinstance(ten_epochs(linear(LINEAR)), str)


# --- records of one device, told as the other's -------------------------------------------------------------------


def both(other: RunEvidence, name: str = "model-2") -> RunEvidence:
    """Return the run of the CPU with another training, on the GPU, after it."""
    later = [dataclasses.replace(p, model=name, start=p.start + 100, model_device="cuda:0") for p in other.passes]
    sent = [WeightsSeen(w.cell, name, w.start + 100, w.values, w.before) for w in other.weights]
    known = real.RIGHT.models["model-1"]
    return RunEvidence(
        models={"model-1": known, name: dataclasses.replace(known, key=name)},
        passes=(*real.RIGHT.passes, *later),
        weights=(*real.RIGHT.weights, *sent),
    )


def told_twice(run: RunEvidence, judged: LoaderSeen = real.LOADER) -> dict[str, str]:
    sizes = {"train": real.IMAGES_, "test": real.IMAGES_}
    return copied(run, ASSIGNMENT.models[:1], WantedData(sizes, {"train": judged}))


def test_the_records_of_the_cpu_are_not_those_of_the_gpu() -> None:
    assert "has the weights of the one" in told_twice(both(real.RIGHT))["model-2"]


def test_nor_with_a_little_noise() -> None:
    noisy = real.run(lr=0.010001)
    assert told_twice(both(noisy)).keys() == {"model-2"}


def test_a_training_from_the_same_weights_in_the_gpu_s_order_is_another() -> None:
    assert told_twice(both(real.run(device="cuda"))) == {}


def test_a_loader_that_does_not_shuffle_gives_both_the_same_weights() -> None:
    unshuffled = dataclasses.replace(real.LOADER, shuffled=False)
    assert told_twice(both(real.RIGHT), unshuffled) == {}


def test_training_the_same_again_on_the_cpu_is_no_copy() -> None:
    twice = both(real.RIGHT)
    on_cpu = dataclasses.replace(twice, passes=tuple(dataclasses.replace(p, model_device="cpu") for p in twice.passes))
    assert told_twice(on_cpu) == {}
