"""A new training begins with empty lists and from step 0."""

from dataclasses import replace

import pytest

from grader.evidence.probes import LoopProbe
from grader.evidence.run import Argument
from grader.evidence.trainings import Epoch, Training
from reference.checks.fresh_start import carried_over
from tests.checks.test_convergence import MLP, evaluated, train
from tests.conftest import empty_evidence

STEP = "current_step"
BINDINGS = {"epoch": "epoch", "train_losses": "losses", "at": "steps", "current_step": "current_step"}


def evidence(bindings=BINDINGS):
    loops = {
        "gpu_train": LoopProbe("gpu_train", function="fit", bindings=bindings),
        "gpu_test": LoopProbe("gpu_test", function="check", bindings={"tested": "losses", "current_step": STEP}),
    }
    return replace(empty_evidence(), loops=loops)


def training(lengths=(0, 0), step=0.0, function="fit", tested=0, **changes):
    lists = (Argument("train_losses", "list", length=lengths[0]), Argument("at", "list", length=lengths[1]))
    arguments = (Argument("epoch", "int", value=3.0), *lists, Argument(STEP, "int", value=step))
    test = replace(
        evaluated(0, 2.0),
        function="check",
        arguments=(Argument("tested", "list", length=tested), Argument(STEP, "int", value=128.0)),
    )
    return Training(MLP, (Epoch(train(0, 2.3, function=function, arguments=arguments, **changes), test),))


@pytest.mark.parametrize(
    ("begun", "words"),
    [
        (training(), ""),
        (training((20, 0)), "the list 'train_losses' held 20 values already"),
        (training((20, 20)), "the lists 'train_losses' and 'at' held 20 values already"),
        (training((20, 1)), "the list 'train_losses' held 20 values already and the list 'at' held 1 value already"),
        (training((0, 20), 5.0), "the list 'at' held 20 values already and its steps began at 5"),
        (training(step=2560.0), "its steps began at 2560"),
        (training(tested=20), "the list 'tested' held 20 values already"),
        (training((20, 20), 5.0, function="unknown"), ""),  # nobody knows what its lists are
        (training((20, 20), 5.0, function=None), ""),  # at cell level
    ],
)
def test_what_was_carried_over_is_told(begun, words):
    assert carried_over(evidence(), begun) == words


def test_lists_of_other_things_are_no_records():
    assert carried_over(evidence({"train_losses": "names"}), training((10, 10), 3.0)) == ""


def test_an_inner_function_counts_too():
    inner = training(inner_function="fit", inner_arguments=(Argument("at", "list", length=7),), function="main")
    assert carried_over(evidence(), inner) == "the list 'at' held 7 values already"
