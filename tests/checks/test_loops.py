"""Checks on training functions, on made-up runs: right ones, and each fault by its name."""

import dataclasses

import numpy as np
import pytest

from grader.assignment import Fail
from grader.checks import loop_records, loops
from grader.evidence.probes import Forward, ProbeError
from grader.probe import known_faults
from tests.checks.loop_probes import (
    AFTER,
    PILED_UP,
    START,
    train,
)


def test_a_right_training_function_passes_every_check():
    probe = train()
    assert loops.exists(probe, "cpu_train")
    assert loops.trains(probe)
    assert loop_records.records_losses(probe, 100)
    assert loop_records.returns_step(probe)
    assert loops.mode_in_training(probe)


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
def test_unchanged_weights_are_blamed_on_one_cause_only_if_no_other_is_possible(done, seen):
    probe = train(weights=START, **done)
    for faults in ({}, {"zero_grad_after_backward": START}, {"zero_grad_after_backward": START, "no_backward": START}):
        with pytest.raises(Fail, match=seen):
            loops.trains(dataclasses.replace(probe, faults={**faults, "no_zero_grad": PILED_UP}))


def test_faults_that_give_the_same_weights_are_not_told_apart():
    faults = {"two_steps": PILED_UP, "sum_loss": PILED_UP, "two_epochs": {"w": np.full((4, 3), 9, np.float32)}}
    assert loops.diagnose(PILED_UP, faults, 1.0) is None
    assert loops.diagnose(PILED_UP, {"two_steps": PILED_UP, "sum_loss": AFTER}, 1.0) == "two_steps"
    assert loops.diagnose(faults["two_epochs"], faults, 1.0) == "two_epochs"


def test_an_unknown_fault_says_how_far_off_the_weights_are():
    with pytest.raises(Fail, match="differ from the reference's by 50%"):
        loops.trains(train(weights={"w": AFTER["w"] * 1.5}))


def test_every_fault_that_a_probe_knows_has_a_message():
    assert {*loops.FAULTS, loops.EVALUATION_MODE} == set(known_faults.FAULTS)
    assert all(seen and hint for seen, hint in loops.FAULTS.values())


def test_the_mode_alone_costs_the_check_of_the_mode_only():
    probe = dataclasses.replace(train(weights=PILED_UP), faults={"eval_mode": PILED_UP})
    assert "except for the model's mode" in loops.trains(probe)


def test_too_few_batches_are_counted():
    with pytest.raises(Fail, match="100 batches were taken from a training loader of 230"):
        loops.trains(train(weights={"w": AFTER["w"] * 0.4}, batches={"train": 100}))


def test_rounding_is_not_a_fault():
    assert loops.trains(train(weights={"w": AFTER["w"] * np.float32(1.0002)}))


def test_a_function_that_raises_shows_the_error_and_its_line():
    with pytest.raises(Fail, match=r"NameError: name 'x' is not defined \(cell 5, line 7\)"):
        loops.exists(train(error=ProbeError("NameError", "name 'x' is not defined", 7, 5)), "cpu_train")


def test_evaluation_mode_in_training_is_a_fault():
    with pytest.raises(Fail, match="evaluation mode while training"):
        loops.mode_in_training(train(forwards=tuple(Forward(4, False, True) for _ in range(3))))


def test_weights_of_evaluation_mode_outweigh_forged_calls():
    lied = dataclasses.replace(train(weights=PILED_UP), faults={loops.EVALUATION_MODE: PILED_UP})
    with pytest.raises(Fail, match="evaluation mode while training"):
        loops.mode_in_training(lied)


@pytest.mark.parametrize(("steps", "share"), [(115, "50%"), (46, "80%")])
def test_updates_that_are_missing_are_counted(steps, share):
    weights = {"w": np.full((4, 3), 0.4, np.float32)}
    with pytest.raises(Fail, match=f"{share} of the updates are missing"):
        loops.trains(train(weights=weights, steps=steps))
