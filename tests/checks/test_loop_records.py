"""Losses and steps that a training function records and returns, on made-up runs."""

import dataclasses

import numpy as np
import pytest

from grader.assignment import Fail
from grader.checks import loop_records
from tests.checks.loop_probes import (
    BATCHES,
    LOSSES,
    PILED_UP,
    STEPS_BEFORE,
    recorded,
    train,
)


@pytest.mark.parametrize(
    ("indices", "shift"), [((0, 100, 200), 0), ((99, 199), 1), ((99, 199), 0), ((50, 150), 1), ((0, 100, 200, 229), 1)]
)
def test_any_phase_of_every_100_batches_is_right(indices, shift):
    assert loop_records.records_losses(train(lists=recorded(indices, shift)), 100)


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
        loop_records.records_losses(train(lists=lists), 100)


def test_a_batch_of_the_same_loss_just_before_does_not_hide_the_interval():
    losses = list(LOSSES)
    losses[34] = losses[40]
    every_tenth = {"train_losses": tuple(losses[i] for i in range(0, BATCHES, 10))}
    probe = dataclasses.replace(train(lists=every_tenth), losses=tuple(losses))
    with pytest.raises(Fail, match="every 10 batches"):
        loop_records.records_losses(probe, 100)


def test_a_loss_that_happens_to_equal_another_batch_is_not_mistaken():
    losses = [2.0] * BATCHES
    losses[100], losses[200] = 1.5, 1.2
    losses[37] = losses[126] = 1.2001
    probe = dataclasses.replace(train(lists={"l": (2.0, 1.5, 1.2), "s": (641.0, 741.0, 841.0)}), losses=tuple(losses))
    assert loop_records.records_losses(probe, 100)


def test_losses_of_other_weights_are_judged_by_their_steps():
    other = {"train_losses": (5.0, 6.0, 7.0), "steps": (641.0, 741.0, 841.0)}
    assert loop_records.records_losses(train(weights=PILED_UP, lists=other), 100)
    with pytest.raises(Fail, match="are not the losses"):
        loop_records.records_losses(train(weights=PILED_UP, lists={**other, "steps": (1.0, 2.0, 3.0)}), 100)


def test_a_step_counted_from_the_epoch_is_as_good() -> None:
    probe = dataclasses.replace(train(lists=recorded((0, 100, 200), start=BATCHES), returned=(2.0 * BATCHES,)), epoch=1)
    assert loop_records.records_losses(probe, 100)
    assert loop_records.returns_step(probe)
    from_zero = dataclasses.replace(train(lists=recorded((0, 100, 200), start=0), returned=(float(BATCHES),)), epoch=1)
    with pytest.raises(Fail, match="global steps are not"):
        loop_records.records_losses(from_zero, 100)
    with pytest.raises(Fail, match="it returns"):
        loop_records.returns_step(from_zero)


def test_tensors_in_the_list_keep_half():
    with pytest.raises(Fail, match="holds tensors") as failure:
        loop_records.records_losses(train(list_types={"train_losses": "Tensor"}), 100)
    assert failure.value.credit == 0.5


@pytest.mark.parametrize(("returned", "nothing"), [((), True), ((5.0,), False)])
def test_a_wrong_return_value_is_told(returned, nothing):
    with pytest.raises(Fail) as failure:
        loop_records.returns_step(train(returned=returned, returned_nothing=nothing))
    assert failure.value.expected.startswith("870")


def test_texts_instead_of_losses_are_told():
    lists = {"train_losses": (None, None, None), "steps": (641.0, 741.0, 841.0)}
    with pytest.raises(Fail, match="'train_losses' holds texts, not numbers"):
        loop_records.records_losses(train(lists=lists, list_types={"train_losses": "str", "steps": "int"}), 100)


def test_a_count_of_the_updates_that_were_made_is_right_where_some_were_left_out():
    returned = (float(STEPS_BEFORE + BATCHES - 1),)
    fewer = train(weights=PILED_UP, steps=BATCHES - 1, returned=returned)
    assert "after 229 batches" in loop_records.returns_step(fewer)
    with pytest.raises(Fail, match="it returns"):
        loop_records.returns_step(train(steps=BATCHES - 1, returned=returned))
