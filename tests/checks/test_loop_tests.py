"""Checks on test functions, on made-up runs: modes, averages and unchanged weights."""

import dataclasses

import pytest

from grader.assignment import Fail
from grader.checks import loop_tests
from grader.evidence.probes import Forward, SecondCall
from tests.checks.loop_probes import (
    AFTER,
    MEAN,
    STEPS_BEFORE,
    TEST_LOSSES,
    TEST_SIZES,
    evaluation,
)


def test_a_right_test_function_passes_every_check():
    probe = evaluation()
    for check in (
        loop_tests.mode_in_test,
        loop_tests.gradients_off,
        loop_tests.averages_loss,
        loop_tests.accuracy,
        loop_tests.leaves_model_alone,
    ):
        assert check(probe)


def test_an_average_over_images_is_right_too():
    per_image = sum(a * b for a, b in zip(TEST_LOSSES, TEST_SIZES, strict=True)) / 71
    assert loop_tests.averages_loss(evaluation(lists={"l": (per_image,)}))


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
        loop_tests.averages_loss(evaluation(lists={"test_losses": (value,)}))


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
        loop_tests.accuracy(evaluation(lists={"test_accuracy": (value,)}))


def test_modes_gradients_and_loader_of_a_test_are_checked():
    with pytest.raises(Fail, match="training mode during the test"):
        loop_tests.mode_in_test(evaluation(forwards=(Forward(32, True, False),)))
    with pytest.raises(Fail, match="gradients are recorded"):
        loop_tests.gradients_off(evaluation(forwards=(Forward(32, False, True),)))
    with pytest.raises(Fail, match="the training loader was used"):
        loop_tests.leaves_model_alone(evaluation(batches={"train": 3}))
    with pytest.raises(Fail, match="1 batches were taken from a test loader of 3"):
        loop_tests.leaves_model_alone(evaluation(batches={"test": 1}))
    with pytest.raises(Fail, match="changes the model's weights"):
        loop_tests.leaves_model_alone(evaluation(weights=AFTER))


def test_a_model_that_was_never_called_is_a_fault():
    with pytest.raises(Fail, match="never called"):
        loop_tests.mode_in_test(evaluation(forwards=()))


@pytest.mark.parametrize("divide", [lambda total: total / 3, lambda total: total / 71, lambda total: total])
def test_losses_of_training_mode_outweigh_forged_calls(divide):
    in_training = (0.9, 0.8, 2.5)
    figures = {"test_losses": (divide(sum(in_training)),), "test_accuracy": (57 / 71,)}
    lied = dataclasses.replace(evaluation(lists=figures), training_losses=in_training)
    with pytest.raises(Fail, match="training mode during the test"):
        loop_tests.mode_in_test(lied)
    assert loop_tests.mode_in_test(dataclasses.replace(evaluation(), training_losses=in_training))


def test_a_wrong_average_that_comes_near_the_losses_of_training_mode_is_a_wrong_average():
    off_by_one = sum(TEST_LOSSES) / 2
    in_training = tuple(loss * off_by_one / MEAN * 1.0004 for loss in TEST_LOSSES)
    found = evaluation(lists={"test_losses": (off_by_one,), "test_accuracy": (57 / 71,)})
    found = dataclasses.replace(found, training_losses=in_training)
    assert loop_tests.mode_in_test(found)
    with pytest.raises(Fail, match="average loss"):
        loop_tests.averages_loss(found)


def test_a_value_close_to_one_of_evaluation_mode_is_not_an_excuse():
    in_training = (0.9, 0.8, 2.5)
    figures = {"test_losses": (sum(in_training) / 71,), "test_accuracy": (sum(TEST_LOSSES) * 1.0005,)}
    lied = dataclasses.replace(evaluation(lists=figures), training_losses=in_training)
    with pytest.raises(Fail, match="training mode during the test"):
        loop_tests.mode_in_test(lied)


def test_a_coincidence_with_training_mode_costs_a_right_function_nothing():
    in_training = (0.9, 0.8, 2.5)
    figures = {"test_losses": (MEAN,), "test_accuracy": (sum(in_training),)}
    found = dataclasses.replace(evaluation(lists=figures), training_losses=in_training)
    assert loop_tests.mode_in_test(found)


def test_the_weights_after_a_test_are_compared_with_those_that_were_handed_in():
    with pytest.raises(Fail, match="changes the model's weights"):
        loop_tests.leaves_model_alone(evaluation(start=AFTER, weights=AFTER))


BOUND = {"steps": "steps", "current_step": "current_step"}


@pytest.mark.parametrize(
    ("steps", "seen"), [((), "no step in 'steps'"), ((1.0,), "recorded in 'steps' is 1"), ((64.0,), "is 64")]
)
def test_a_test_that_was_given_its_step_records_it(steps, seen):
    lists = {"test_losses": (MEAN,), "test_accuracy": (57 / 71,), "steps": steps}
    probe = dataclasses.replace(evaluation(lists=lists), bindings=BOUND, current_step=STEPS_BEFORE)
    with pytest.raises(Fail, match=seen) as raised:
        loop_tests.averages_loss(probe)
    assert raised.value.credit == 0.5
    assert "average loss" in loop_tests.averages_loss(dataclasses.replace(probe, bindings={"steps": "steps"}))


def test_a_test_that_records_its_step_in_any_list_is_right():
    lists = {"test_losses": (MEAN,), "x": (float(STEPS_BEFORE),), "steps": ()}
    probe = dataclasses.replace(evaluation(lists=lists), bindings=BOUND, current_step=STEPS_BEFORE)
    assert "average loss" in loop_tests.averages_loss(probe)


@pytest.mark.parametrize("divisor", [2, 3])
def test_a_last_batch_that_is_left_out_is_told(divisor):
    with pytest.raises(Fail, match="the last, smaller batch is left out"):
        loop_tests.averages_loss(evaluation(lists={"test_losses": (sum(TEST_LOSSES[:-1]) / divisor,)}))


def second_call(**changes):
    run = dataclasses.replace(evaluation().student, **changes)
    return dataclasses.replace(evaluation(), again=SecondCall(run, (1.0, 2.0, 6.0), (3, 2, 1)))


def test_a_second_call_must_be_right_too():
    right = {"test_losses": (3.0,), "test_accuracy": (6 / 71,), "steps": (640.0,)}
    probe = second_call(lists=right)
    assert loop_tests.averages_loss(probe)
    assert loop_tests.accuracy(probe)
    for check, wrong in (
        (loop_tests.averages_loss, {**right, "test_losses": ((MEAN + 3.0) / 2,)}),
        (loop_tests.accuracy, {**right, "test_accuracy": (63 / 142,)}),
    ):
        with pytest.raises(Fail, match="right in a first call, but not in the next") as caught:
            check(second_call(lists=wrong))
        assert caught.value.credit == 0.5
