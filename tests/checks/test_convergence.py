import dataclasses

import pytest

from grader.assignment import Fail, Reference, Review, Threshold
from grader.checks.convergence import continues, converges, stepped
from grader.evidence.run import LoaderSeen, ModelSeen, OptimizerSeen, Pass, RunEvidence
from grader.evidence.trainings import Epoch, WantedData, assemble, trainings

TRAIN = LoaderSeen("loader-1", "MNIST", "train", 8192, 64, True)
TEST = LoaderSeen("loader-2", "MNIST", "test", 1024, 64, False)
OPTIMIZER = OptimizerSeen("SGD", 0.01, 0.5, model_share=1.0)
MLP = ModelSeen("model-1", "MLP", ((128, 784), (10, 128)), ("Linear", "Linear"), 1)


def train(number: int, loss: float, model: str = "model-1", **changes) -> Pass:
    right = Pass(
        4, TRAIN, 10.0 * number, 5.0, 2, 128, True, number, True, model, "cpu", "cpu", True, True, 2, 2, (loss, loss),
        optimizer=OPTIMIZER,
    )  # fmt: skip
    return dataclasses.replace(right, **changes)


def evaluated(number: int, loss: float | None, model: str = "model-1") -> Pass:
    return Pass(
        4, TEST, 10.0 * number + 6, 1.0, 16, 1024, True, model=model, training=False, mean_loss=loss, accuracy=0.9
    )


EPOCHS = [Epoch(train(i, 2.0 - i / 10), evaluated(i, 1.9 - i / 10)) for i in range(3)]


def test_epochs_are_paired_with_the_test_that_follows():
    passes = [p for e in EPOCHS for p in (e.train, e.test)] + [train(5, 1.0, "model-2")]
    run = RunEvidence(models={"model-1": MLP}, passes=tuple(p for p in passes if p))
    (training,) = trainings(run, lambda shapes: True)
    assert training.epochs == tuple(EPOCHS)
    assert (training.device, training.cells) == ("cpu", (4,))
    assert trainings(run, lambda shapes: False) == ()
    assert trainings(run, lambda shapes: True, "cuda") == ()


def test_a_test_after_the_epoch_is_preferred_to_one_during_it():
    midst = dataclasses.replace(evaluated(0, 2.1), start=2.0)
    for passes, wanted in (
        ((train(0, 2.2), midst, evaluated(0, 1.9), evaluated(0, 1.8)), 1.9),
        ((train(0, 2.2), midst, dataclasses.replace(midst, start=3.0)), 2.1),
    ):
        (training,) = trainings(RunEvidence(models={"model-1": MLP}, passes=passes), lambda shapes: True)
        assert [e.test and e.test.mean_loss for e in training.epochs] == [wanted]


def test_incomplete_passes_and_passes_over_test_images_are_not_epochs():
    passes = (train(0, 1.0, complete=False), train(1, 1.0, loader=TEST))
    assert trainings(RunEvidence(models={"model-1": MLP}, passes=passes), lambda shapes: True) == ()


def test_a_model_that_is_given_few_of_the_images_is_not_trained_on_all():
    few = Epoch(train(0, 1.0, scored=40))
    with pytest.raises(Fail, match="given 40 of the 128 images"):
        stepped([few], "the first epoch")
    for scored in (0, 120, 128):  # no logits, without the last smaller batch, all
        stepped([Epoch(train(0, 1.0, scored=scored))], "the first epoch")


def test_weights_that_are_set_anew_do_not_continue_a_training():
    first, tenth = Epoch(train(0, 2.3)), Epoch(train(9, 0.3))
    with pytest.raises(Fail, match="weights were set anew"):
        continues([first, tenth, Epoch(train(10, 2.29))], 2)
    for again in (0.28, 0.4, 1.2):  # a new optimizer, dropout, images that are hard
        assert "goes on" in continues([first, tenth, Epoch(train(10, again))], 2)
    assert "goes on" in continues([first, Epoch(train(9, 2.2)), Epoch(train(10, 2.2))], 2)  # it had not learned
    assert continues([first, tenth], 2) == "there is no later epoch"


def test_an_outlier_among_the_losses_tells_new_weights_before_much_was_learned():
    slow = [1.5 + 0.02 * (i % 5) for i in range(16)]
    first, tenth = Epoch(train(0, 2.3)), Epoch(dataclasses.replace(train(9, 1.5), losses=tuple(slow)))
    with pytest.raises(Fail, match="weights were set anew"):
        continues([first, tenth, Epoch(train(10, 2.3))], 2)
    assert "goes on" in continues([first, tenth, Epoch(train(10, 1.7))], 2)
    for losses in (
        2 * [1.5, 1.0, 2.4, 1.2, 1.4, 2.2, 1.1, 1.3],  # 2.3 is nothing special among these
        slow[:8],  # too few to tell
        [4 + 0.1 * i for i in range(16)],  # a training that diverges
    ):
        tenth = Epoch(dataclasses.replace(train(9, 1.5), losses=tuple(losses)))
        assert "goes on" in continues([first, tenth, Epoch(train(10, 2.3))], 2)
        assert "goes on" in continues([first, tenth, Epoch(train(10, 2 * max(losses)))], 2)


def test_an_optimizer_of_another_model_is_named():
    stale = dataclasses.replace(OPTIMIZER, model_share=0.0, foreign=100)
    with pytest.raises(Fail, match="parameters of another model"):
        stepped([Epoch(train(0, 2.3, optimizer=stale))], "the CNN's training")


def test_no_step_and_half_an_optimizer_are_named():
    with pytest.raises(Fail, match="took no step"):
        stepped([Epoch(train(0, 2.3, steps=0, optimizer=None))], "q7")
    half = dataclasses.replace(OPTIMIZER, model_share=0.5)
    with pytest.raises(Fail, match="holds 50%"):
        stepped([Epoch(train(0, 2.3, optimizer=half))], "q7")
    assert "3 epochs" in stepped(EPOCHS, "q7")


def limits(high: float) -> Reference:
    return Reference({"mlp.loss.3": Threshold(None, high, "measured")})


def test_repeated_steps_need_no_threshold():
    assert "follow the reference" in str(converges(EPOCHS, Reference(), "mlp", classes=10, repeated=True))


def test_a_loss_above_the_threshold_fails_also_when_the_steps_are_true():
    with pytest.raises(Fail, match=r"after 3 epochs the loss is 1\.700"):
        converges(EPOCHS, limits(1.5), "mlp", classes=10, repeated=True)
    said = converges(EPOCHS, limits(1.5), "mlp", classes=10, repeated=True, charged="the training loader")
    assert "follow the reference" in str(said)  # on other data, for which the item on the data has taken its points


def test_what_was_charged_before_costs_nothing_here():
    said = converges(EPOCHS, limits(1.5), "mlp", classes=10, charged="the MLP")
    assert (
        said
        == "the loss is 1.700 after 3 epochs; this rests on the MLP, which cost points before, so it costs nothing here"
    )
    broken = [EPOCHS[0], Epoch(dataclasses.replace(EPOCHS[1].train, losses=(1.0, None)), evaluated(1, None))]
    said = converges(broken, limits(1.5), "mlp", classes=10, repeated=True, charged="the function 'fit'")
    assert "stops being a number in epoch 2; this rests on the function 'fit'" in str(said)


def test_hints_name_no_cause_that_was_not_measured():
    with pytest.raises(Fail) as caught:
        converges(EPOCHS, limits(1.5), "mlp", classes=10)
    assert not any(word in caught.value.hint for word in ("gradient", "rate", "optimizer", "right model"))


def test_other_trainings_are_held_against_the_threshold():
    assert "at most 1.750" in str(converges(EPOCHS, limits(1.75), "mlp", classes=10))
    with pytest.raises(Fail, match=r"after 3 epochs the loss is 1\.700"):
        converges(EPOCHS, limits(1.5), "mlp", classes=10)


@pytest.mark.parametrize("reference", [Reference(), limits(3.32), limits(2.303)])
def test_without_a_limit_below_guessing_a_person_decides(reference):
    found = converges(EPOCHS, reference, "mlp", classes=10)
    assert isinstance(found, Review)
    assert found.credit == 0


def test_a_loss_that_is_not_a_number_fails():
    broken = [EPOCHS[0], Epoch(dataclasses.replace(EPOCHS[1].train, losses=(1.0, None)), evaluated(1, None))]
    with pytest.raises(Fail, match="stops being a number in epoch 2") as caught:
        converges(broken, Reference(), "mlp", classes=10)
    assert "rate" not in caught.value.hint


def test_losses_that_were_never_propagated_are_those_of_the_outputs():
    unseen = [
        Epoch(dataclasses.replace(epoch.train, losses=(), backwards=0, sample_loss=1.5), epoch.test) for epoch in EPOCHS
    ]
    assert converges(unseen, limits(2.0), "mlp", classes=10).startswith("the loss is 1.700 after 3 epochs")
    unknown = [Epoch(dataclasses.replace(epoch.train, losses=(), backwards=0), None) for epoch in EPOCHS]
    with pytest.raises(Fail, match="stops being a number"):
        converges(unknown, limits(2.0), "mlp", classes=10)


def test_a_test_over_the_wrong_images_is_a_test_unless_a_right_one_follows():
    wrong = train(0, 0.0, start=16.0, steps=0, backwards=0, losses=(), optimizer=None)
    right = evaluated(0, 1.0)
    right = dataclasses.replace(right, start=17.0)

    def epochs(*passes: Pass):
        return trainings(RunEvidence(models={"model-1": MLP}, passes=passes), lambda shapes: True)[0].epochs

    assert epochs(train(0, 1.0), wrong) == (Epoch(train(0, 1.0), wrong),)
    assert epochs(train(0, 1.0), wrong, right) == (Epoch(train(0, 1.0), right),)
    assert epochs(train(0, 1.0), right, dataclasses.replace(wrong, start=18.0)) == (Epoch(train(0, 1.0), right),)


FEW = dataclasses.replace(TRAIN, dataset="Subset", images=64)
SIZES = {"train": 8192, "test": 1024}


@pytest.mark.parametrize(
    ("loader", "judged", "counts"),
    [
        (TRAIN, TRAIN, True),
        (TRAIN, None, True),
        (TRAIN, FEW, True),  # all the images, whatever the judged loader serves
        (FEW, FEW, True),  # a debugging subset that was left in: the item on the data has taken its points
        (FEW, TRAIN, False),
        (FEW, None, False),
        (dataclasses.replace(TRAIN, split=None), TRAIN, False),  # images that are not MNIST's
        (dataclasses.replace(TRAIN, images=1), TRAIN, False),  # one image again and again
        (dataclasses.replace(TRAIN, key="loader-9", workers=2), TRAIN, True),
    ],
)
def test_an_epoch_goes_over_the_wanted_images(loader, judged, counts):
    run = RunEvidence(models={"model-1": MLP}, passes=(train(0, 2.0, loader=loader), evaluated(0, 1.9)))
    wanted = WantedData(SIZES, {} if judged is None else {"train": judged})
    assert len(assemble(run, wanted)) == counts


@pytest.mark.parametrize(
    ("changes", "tested"),
    [({}, True), ({"images": 64}, False), ({"split": None}, False), ({"split": "train", "images": 1000}, True)],
)
def test_a_test_goes_over_a_good_many_images(changes, tested):
    over = dataclasses.replace(evaluated(0, 1.9), loader=dataclasses.replace(TEST, **changes))
    run = RunEvidence(models={"model-1": MLP}, passes=(train(0, 2.0), over))
    (training,) = assemble(run, WantedData(SIZES))
    assert (training.epochs[0].test is not None) == tested
