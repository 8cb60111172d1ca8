import dataclasses

import numpy as np
import pytest

from grader import probing_faults
from grader.checks import loops
from grader.evidence import Forward, LoaderSeen, LoopProbe, LoopRun, OptimizerSeen, Pass, ProbeError
from grader.rubric import Fail

BATCHES = 230
START = {"w": np.zeros((4, 3), np.float32)}
AFTER = {"w": np.ones((4, 3), np.float32)}
PILED_UP = {"w": np.full((4, 3), 3, np.float32)}
LOSSES = tuple(2.3 * 0.99**i for i in range(BATCHES))
STEPS_BEFORE = 640
TRAIN = tuple(Forward(4, True, True) for _ in range(BATCHES))

TEST_LOSSES, TEST_SIZES, TEST_CORRECT = (0.5, 0.7, 1.5), (32, 32, 7), (30, 25, 2)
TEST = tuple(Forward(size, False, False) for size in TEST_SIZES)
MEAN = sum(TEST_LOSSES) / 3


def recorded(indices, shift=1, start=STEPS_BEFORE):
    return {
        "train_losses": tuple(LOSSES[i] for i in indices),
        "steps": tuple(float(start + i + shift) for i in indices),
    }


def run(**changes) -> LoopRun:
    right = LoopRun(
        start=START,
        weights=AFTER,
        lists=recorded((0, 100, 200)),
        returned=(float(STEPS_BEFORE + BATCHES),),
        forwards=TRAIN,
        batches={"train": BATCHES},
    )
    return dataclasses.replace(right, **changes)


def train(**changes) -> LoopProbe:
    return LoopProbe(
        "cpu_train",
        source="cpu_train in cell 5",
        student=run(**changes),
        reference=run(),
        losses=LOSSES,
        current_step=STEPS_BEFORE,
        batch_sizes=(4,) * BATCHES,
        faults={"no_zero_grad": PILED_UP, "no_step": START},
    )


def evaluation(**changes) -> LoopProbe:
    base = LoopRun(
        start=START,
        weights=START,
        lists={"test_losses": (MEAN,), "test_accuracy": (57 / 71,), "steps": (640.0,)},
        forwards=TEST,
        batches={"test": 3},
        returned_nothing=True,
    )
    return LoopProbe(
        "cpu_test",
        student=dataclasses.replace(base, **changes),
        reference=base,
        losses=TEST_LOSSES,
        batch_sizes=TEST_SIZES,
        correct=TEST_CORRECT,
    )


def test_a_right_training_function_passes_every_check():
    probe = train()
    assert loops.exists(probe, "cpu_train")
    assert loops.trains(probe)
    assert loops.records_losses(probe, 100)
    assert loops.returns_step(probe)
    assert loops.mode_in_training(probe)


@pytest.mark.parametrize(
    ("indices", "shift"), [((0, 100, 200), 0), ((99, 199), 1), ((99, 199), 0), ((50, 150), 1), ((0, 100, 200, 229), 1)]
)
def test_any_phase_of_every_100_batches_is_right(indices, shift):
    assert loops.records_losses(train(lists=recorded(indices, shift)), 100)


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        ({}, "nothing was appended"),
        (recorded(range(BATCHES)), "every 1 batch"),
        (recorded(range(0, BATCHES, 10)), "every 10 batches"),
        (recorded((229,)), "one loss was recorded in 230 batches"),
        (recorded((0, 100)), "those of batches"),
        (recorded((0, 100, 200), start=0), "global steps are not"),
        ({"train_losses": (9.0, 8.0)}, "are not the losses"),
        ({"losses": tuple(float(np.mean(LOSSES[: i + 1])) for i in (0, 100, 200))}, "averages over several batches"),
    ],
)
def test_losses_recorded_wrongly_say_how(lists, message):
    with pytest.raises(Fail, match=message):
        loops.records_losses(train(lists=lists), 100)


def test_a_batch_of_the_same_loss_just_before_does_not_hide_the_interval():
    losses = list(LOSSES)
    losses[34] = losses[40]
    every_tenth = {"train_losses": tuple(losses[i] for i in range(0, BATCHES, 10))}
    probe = dataclasses.replace(train(lists=every_tenth), losses=tuple(losses))
    with pytest.raises(Fail, match="every 10 batches"):
        loops.records_losses(probe, 100)


def test_a_loss_that_happens_to_equal_another_batch_is_not_mistaken():
    losses = [2.0] * BATCHES
    losses[100], losses[200] = 1.5, 1.2
    losses[37] = losses[126] = 1.2001
    probe = dataclasses.replace(train(lists={"l": (2.0, 1.5, 1.2), "s": (641.0, 741.0, 841.0)}), losses=tuple(losses))
    assert loops.records_losses(probe, 100)


def test_losses_of_other_weights_are_judged_by_their_steps():
    other = {"train_losses": (5.0, 6.0, 7.0), "steps": (641.0, 741.0, 841.0)}
    assert loops.records_losses(train(weights=PILED_UP, lists=other), 100)
    with pytest.raises(Fail, match="are not the losses"):
        loops.records_losses(train(weights=PILED_UP, lists={**other, "steps": (1.0, 2.0, 3.0)}), 100)


def test_a_step_counted_from_the_epoch_is_as_good() -> None:
    probe = dataclasses.replace(train(lists=recorded((0, 100, 200), start=BATCHES), returned=(2.0 * BATCHES,)), epoch=1)
    assert loops.records_losses(probe, 100)
    assert loops.returns_step(probe)
    from_zero = dataclasses.replace(train(lists=recorded((0, 100, 200), start=0), returned=(float(BATCHES),)), epoch=1)
    with pytest.raises(Fail, match="global steps are not"):
        loops.records_losses(from_zero, 100)
    with pytest.raises(Fail, match="it returns"):
        loops.returns_step(from_zero)


def test_tensors_in_the_list_keep_half():
    with pytest.raises(Fail, match="holds tensors") as failure:
        loops.records_losses(train(list_types={"train_losses": "Tensor"}), 100)
    assert failure.value.credit == 0.5


def test_a_known_fault_is_named():
    with pytest.raises(Fail, match="gradients of earlier batches are still there"):
        loops.trains(train(weights=PILED_UP))
    with pytest.raises(Fail, match="no step was taken"):
        loops.trains(train(weights=START))


@pytest.mark.parametrize(
    ("done", "seen"),
    [
        ({"steps": 230, "backwards": 230}, "cleared between .* another model, or its learning rate is 0"),
        ({"steps": 230}, "no gradients were computed"),
        ({"backwards": 230}, "no step was taken$"),
        ({}, "no step was taken, and no gradients were computed"),
        ({"steps": 230, "backwards": 230, "forwards": ()}, "the model that the function was given was never called"),
    ],
)
def test_weights_that_never_moved_are_blamed_on_one_cause_only_where_no_other_is_left(done, seen):
    probe = train(weights=START, **done)
    for faults in ({}, {"zero_grad_after_backward": START}, {"zero_grad_after_backward": START, "no_backward": START}):
        with pytest.raises(Fail, match=seen):
            loops.trains(dataclasses.replace(probe, faults={**faults, "no_zero_grad": PILED_UP}))


def test_faults_that_end_alike_are_none_of_them():
    faults = {"two_steps": PILED_UP, "sum_loss": PILED_UP, "two_epochs": {"w": np.full((4, 3), 9, np.float32)}}
    assert loops.diagnose(PILED_UP, faults, 1.0) is None
    assert loops.diagnose(PILED_UP, {"two_steps": PILED_UP, "sum_loss": AFTER}, 1.0) == "two_steps"
    assert loops.diagnose(faults["two_epochs"], faults, 1.0) == "two_epochs"


def test_an_unknown_fault_says_how_far_off_the_weights_are():
    with pytest.raises(Fail, match="differ from the reference's by 50%"):
        loops.trains(train(weights={"w": AFTER["w"] * 1.5}))


def test_every_fault_that_a_probe_knows_has_words():
    assert {*loops.FAULTS, loops.EVALUATION_MODE} == set(probing_faults.FAULTS)
    assert all(seen and hint for seen, hint in loops.FAULTS.values())


def test_the_mode_alone_costs_the_check_of_the_mode_only():
    probe = dataclasses.replace(train(weights=PILED_UP), faults={"eval_mode": PILED_UP})
    assert "but for the model's mode" in loops.trains(probe)


def test_too_few_batches_are_counted():
    with pytest.raises(Fail, match="100 batches were taken from a training loader of 230"):
        loops.trains(train(weights={"w": AFTER["w"] * 0.4}, batches={"train": 100}))


def test_rounding_is_no_fault():
    assert loops.trains(train(weights={"w": AFTER["w"] * np.float32(1.0002)}))


def test_a_function_that_raises_shows_the_error_and_its_line():
    with pytest.raises(Fail, match=r"NameError: name 'x' is not defined \(cell 5, line 7\)"):
        loops.exists(train(error=ProbeError("NameError", "name 'x' is not defined", 7, 5)), "cpu_train")


@pytest.mark.parametrize(("returned", "nothing"), [((), True), ((5.0,), False)])
def test_a_wrong_return_value_is_told(returned, nothing):
    with pytest.raises(Fail) as failure:
        loops.returns_step(train(returned=returned, returned_nothing=nothing))
    assert failure.value.expected.startswith("870")


def test_evaluation_mode_in_training_is_a_fault():
    with pytest.raises(Fail, match="evaluation mode while training"):
        loops.mode_in_training(train(forwards=tuple(Forward(4, False, True) for _ in range(3))))


def test_a_right_test_function_passes_every_check():
    probe = evaluation()
    for check in (
        loops.mode_in_test,
        loops.gradients_off,
        loops.averages_loss,
        loops.accuracy,
        loops.leaves_model_alone,
    ):
        assert check(probe)


def test_an_average_over_images_is_right_too():
    per_image = sum(a * b for a, b in zip(TEST_LOSSES, TEST_SIZES, strict=True)) / 71
    assert loops.averages_loss(evaluation(lists={"l": (per_image,)}))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (sum(TEST_LOSSES) / 71, "divided by the number of images"),
        (sum(TEST_LOSSES), "not divided"),
        (1.5, "only the last batch's loss"),
        (0.5, "only the first batch's loss"),
        (9.0, "holds no average loss"),
    ],
)
def test_wrong_averages_are_named(value, message):
    with pytest.raises(Fail, match=message):
        loops.averages_loss(evaluation(lists={"test_losses": (value,)}))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (100 * 57 / 71, "in percent"),
        (57.0, "number of correct images"),
        (2 / 7, "only the last batch's accuracy"),
        ((30 / 32 + 25 / 32 + 2 / 7) / 3, "averaged although the last batch is smaller"),
        (57 / 3, "divided by the number of batches"),
        (14 / 71, "share of wrong images"),
        (0.123, "holds no such accuracy"),
    ],
)
def test_wrong_accuracies_are_named(value, message):
    with pytest.raises(Fail, match=message):
        loops.accuracy(evaluation(lists={"test_accuracy": (value,)}))


def test_modes_gradients_and_loader_of_a_test_are_checked():
    with pytest.raises(Fail, match="training mode during the test"):
        loops.mode_in_test(evaluation(forwards=(Forward(32, True, False),)))
    with pytest.raises(Fail, match="gradients are recorded"):
        loops.gradients_off(evaluation(forwards=(Forward(32, False, True),)))
    with pytest.raises(Fail, match="the training loader was used"):
        loops.leaves_model_alone(evaluation(batches={"train": 3}))
    with pytest.raises(Fail, match="1 batches were taken from a test loader of 3"):
        loops.leaves_model_alone(evaluation(batches={"test": 1}))
    with pytest.raises(Fail, match="changes the model's weights"):
        loops.leaves_model_alone(evaluation(weights=AFTER))


def test_a_model_that_was_never_called_is_a_fault():
    with pytest.raises(Fail, match="never called"):
        loops.mode_in_test(evaluation(forwards=()))


LOADER = LoaderSeen("loader-1", "MNIST", "train", 8192, 64, True)


def seen(optimizer: OptimizerSeen | None) -> list[Pass]:
    return [Pass(4, LOADER, 0.0, 1.0, 128, 8192, True, steps=128, optimizer=optimizer)]


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (OptimizerSeen("Adam", 0.01), "the optimizer is Adam"),
        (OptimizerSeen("SGD", 0.1, 0.5), "learning rate is 0.1"),
        (OptimizerSeen("SGD", 0.01, 0.0), "momentum is 0"),
        (OptimizerSeen("SGD", 0.01, 0.5, weight_decay=1e-4), "weight decay"),
    ],
)
def test_optimizer_settings(optimizer, message):
    with pytest.raises(Fail, match=message):
        loops.optimizer_settings(seen(optimizer), "SGD", 0.01, 0.5)


def test_right_optimizer_settings_and_none_seen():
    assert loops.optimizer_settings(seen(OptimizerSeen("SGD", 0.01, 0.5)), "SGD", 0.01, 0.5)
    with pytest.raises(Fail, match="no optimizer took a step"):
        loops.optimizer_settings(seen(None), "SGD", 0.01, 0.5)


def test_calls_that_are_said_to_be_right_do_not_outweigh_the_weights():
    lied = dataclasses.replace(train(weights=PILED_UP), faults={loops.EVALUATION_MODE: PILED_UP})
    with pytest.raises(Fail, match="evaluation mode while training"):
        loops.mode_in_training(lied)


@pytest.mark.parametrize("divide", [lambda total: total / 3, lambda total: total / 71, lambda total: total])
def test_calls_that_are_said_to_be_right_do_not_outweigh_the_losses(divide):
    in_training = (0.9, 0.8, 2.5)
    figures = {"test_losses": (divide(sum(in_training)),), "test_accuracy": (57 / 71,)}
    lied = dataclasses.replace(evaluation(lists=figures), training_losses=in_training)
    with pytest.raises(Fail, match="training mode during the test"):
        loops.mode_in_test(lied)
    assert loops.mode_in_test(dataclasses.replace(evaluation(), training_losses=in_training))


def test_a_wrong_average_that_comes_near_the_losses_of_training_mode_is_a_wrong_average():
    off_by_one = sum(TEST_LOSSES) / 2
    in_training = tuple(loss * off_by_one / MEAN * 1.0004 for loss in TEST_LOSSES)
    found = evaluation(lists={"test_losses": (off_by_one,), "test_accuracy": (57 / 71,)})
    found = dataclasses.replace(found, training_losses=in_training)
    assert loops.mode_in_test(found)
    with pytest.raises(Fail, match="average loss"):
        loops.averages_loss(found)


def test_the_weights_after_a_test_are_compared_with_those_that_were_handed_in():
    with pytest.raises(Fail, match="changes the model's weights"):
        loops.leaves_model_alone(evaluation(start=AFTER, weights=AFTER))
