from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from grader.assignment import ModelRole
from grader.authenticity import plausibility
from grader.authenticity.plausibility import Confirmation, Score, agrees, doubted, find_doubts, unconfirmed
from grader.evidence.run import (
    CellRun,
    LoaderSeen,
    ModelSeen,
    NamedArray,
    OptimizerSeen,
    Pass,
    RunEvidence,
    WeightsSeen,
    encode_array,
)
from grader.evidence.trainings import WantedData, doubt, trainings
from grader.in_kernel.recorder import weights
from grader.run.recorded_run import own_events

TRAIN = LoaderSeen("loader-1", "MNIST", "train", 512, 64, True)
TEST = LoaderSeen("loader-2", "MNIST", "test", 256, 64, False)
MLP = ModelSeen("model-1", "MLP", ((128, 784), (10, 128)), ("Linear", "Linear"), 1)
ROLE = ModelRole("mlp", ("MLP",), lambda: None, ((1, 28, 28),), lambda shapes: True)
OPTIMIZER = OptimizerSeen("SGD", 0.01, 0.5, model_share=1.0)
WANTED = WantedData({"train": 512, "test": 256})
ZERO = NamedArray("weight", encode_array(np.zeros((2, 2), np.float32)))


def train(of: int, loss: float = 2.0, **changes) -> Pass:
    right = Pass(
        4, TRAIN, 10.0 + of, 0.4, 8, 512, True, of, True, "model-1", "cpu", "cpu", True, True, 8, 8,
        (loss,) * 8, optimizer=OPTIMIZER,
    )  # fmt: skip
    return dataclasses.replace(right, **changes)


def evaluated(number: int, loss: float = 1.9, **changes) -> Pass:
    right = Pass(
        4, TEST, 10.5 + number, 0.2, 4, 256, True, model="model-1", training=False, sample_loss=loss, accuracy=0.5
    )
    return dataclasses.replace(right, **changes)


def run(*passes: Pass, **changes) -> RunEvidence:
    shown = passes or tuple(p for n in range(3) for p in (train(n), evaluated(n)))
    right = RunEvidence(
        (CellRun(2, "ok", 9.0), CellRun(4, "ok", 4.0)),
        {"model-1": MLP},
        shown,
        weights=tuple(WeightsSeen(p.cell, "model-1", p.start, (ZERO,)) for p in shown),
    )
    return dataclasses.replace(right, **changes)


def why(seen: RunEvidence, confirmations=()) -> str:
    return find_doubts(seen, (ROLE,), WANTED, confirmations).get("model-1", "")


def test_an_honest_run_leaves_no_doubt():
    assert why(run()) == ""
    assert why(run(), [Confirmation("model-1", 12.5, (Score(1.9003, 0.5),), certain=True)]) == ""


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (run(train(0), evaluated(0, start=70.0)), "take 60.2 s, and the cell ran for 4.0 s"),
        (run(train(0, start=1.0)), "starting before the cell did"),
        (run(train(0, cell=9)), "which did not run"),
        (run(train(0, seconds=0.0)), "which no machine can do"),
        (run(train(0, seconds=-1.0)), "ended before it began"),
        (run(train(0, losses=(1.0,) * 9)), "9 losses of 8 backward passes"),
        (run(train(0, steps=1, backwards=-1)), "negative count"),
        (run(train(0), evaluated(0, accuracy=3.0)), "an accuracy of 3"),
        (run(train(0), evaluated(0, sample_loss=-0.1)), "below 0"),
        (run(train(0), train(1, number=0)), "after its pass 1"),
        (run(train(0, seconds=1.3), train(1)), "at the same time"),
    ],
)
def test_what_clocks_and_counts_rule_out(seen, words):
    assert words in why(seen)


def test_a_key_that_the_recorder_does_not_give_is_foreign():
    mine = dataclasses.replace(MLP, key="<b>")
    seen = run(train(0, model="<b>"), models={"<b>": mine})
    assert "names no model" in find_doubts(seen, (ROLE,), WANTED)["<b>"]


def test_epochs_without_weights_are_not_believed():
    assert "without the weights" in why(run(weights=()))
    other_cell = (WeightsSeen(2, "model-1", 12.5, (ZERO,)),)
    assert "without the weights" in why(run(weights=other_cell))
    large = dataclasses.replace(MLP, shapes=((1000, 784), (10, 1000)))
    assert why(run(weights=(), models={"model-1": large})) == ""


@pytest.mark.parametrize("status", ["dead", "killed"])
def test_a_kernel_that_died_is_no_reason_for_doubt(status):
    cells = (CellRun(2, "ok", 9.0), CellRun(4, status, 4.0))
    first = (WeightsSeen(4, "model-1", 10.5, (ZERO,)),)
    assert why(run(cells=cells, weights=first)) == ""
    assert why(run(train(0), cells=cells, weights=())) == ""
    assert "without the weights" in why(run(cells=cells, weights=()))


def test_losses_that_the_weights_do_not_give():
    wrong = Confirmation("model-1", 12.5, (Score(2.3, 0.1),), certain=True)
    assert "recorded as 1.900, but the weights that it had then give 2.300" in why(run(), [wrong])
    assert why(run(), [dataclasses.replace(wrong, certain=False)]) == ""
    assert why(run(), [dataclasses.replace(wrong, scores=())]) == ""
    assert why(run(), [dataclasses.replace(wrong, scores=(*wrong.scores, Score(1.9, 0.5)))]) == ""


def test_a_loader_may_make_more_of_an_image_than_one():
    doubled = train(0, samples=1024)  # by its collate_fn
    assert why(run(doubled)) == ""


def test_a_loss_in_another_unit_is_no_contradiction():
    parts = train(0, 2.3 / 4, backwards=32)  # of four backward passes a batch each
    divided = train(0, 2.3 / 64, mean_loss=2.3)
    for seen in (parts, divided):
        assert why(run(seen, evaluated(0))) == ""
        found = Confirmation("model-1", seen.start, (Score(2.2, 0.2),), True, True)
        assert why(run(seen), [found]) == ""
    knowing = train(0, 0.1, backwards=16)
    assert "before it was trained" in why(run(knowing))


def test_a_model_that_knows_the_digits_before_it_is_trained():
    assert "before it was trained" in why(run(train(0, 0.1), evaluated(0)))
    warmed_up = train(0, 2.3, start=9.1, seconds=0.1, complete=False, canonical=False)
    assert why(run(warmed_up, train(0, 0.1), evaluated(0))) == ""


def test_rounding_and_half_precision_are_no_contradiction():
    assert agrees(evaluated(0, 0.100), Score(0.105, 0.51))
    assert agrees(evaluated(0, sample_loss=None), Score(5.0, 0.1))
    assert not agrees(evaluated(0, 0.3), Score(2.3, 0.5))
    assert not agrees(evaluated(0, 1.9), Score(1.9, 0.1))


def test_events_that_name_another_cell_are_foreign():
    events = [
        {"kind": "pass", "cell": 4},
        {"kind": "note", "cell": 3},
        {"kind": "model"},
        {"kind": "pass", "cell": True},
        {},
    ]
    assert own_events(events, 4) == ([events[0], events[2]], 3)


def test_a_doubted_training_counts_for_nothing_and_says_why():
    seen = doubted(run(), {"model-1": "a clock ran backward"})
    assert trainings(seen, lambda shapes: True) == ()
    assert doubt(seen, lambda shapes: True) == "the recorded training is not believed: a clock ran backward"
    assert doubt(seen, lambda shapes: False) == ""
    assert [note.text for note in seen.notes] == ["not believed: a clock ran backward"]


def test_a_training_is_confirmed_at_each_epoch_that_was_examined():
    first, last = (Confirmation("model-1", start, (Score(2.3, 0.1), Score(1.9, 0.5))) for start in (10.5, 12.5))
    assert unconfirmed(run(), (ROLE,), WANTED, [first, last]) == {}
    wrong = dataclasses.replace(last, scores=(Score(2.3, 0.1),))
    assert "after epoch 3 do not give" in unconfirmed(run(), (ROLE,), WANTED, [first, wrong])["model-1"]
    assert "could not be checked" in unconfirmed(run(), (ROLE,), WANTED, [])["model-1"]
    assert unconfirmed(doubted(run(), {"model-1": "no"}), (ROLE,), WANTED, []) == {}


def test_what_may_be_missing_is_what_the_sender_leaves_out():
    """Both sides have their own constants: if only one changed, honest weights would be missed, or forged ones not."""
    assert plausibility.MAX_EVENTS == weights.MAX_EVENTS
    assert plausibility.MAX_ELEMENTS == weights.MAX_ELEMENTS
    assert 0.9 * weights.MAX_SENT < plausibility.BUDGET < weights.MAX_SENT
