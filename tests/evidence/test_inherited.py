"""A model that begins with the weights that another was trained to is no new one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from grader.evidence.inherited import inherited
from grader.evidence.run import NamedArray, RunEvidence, WeightsSeen, encode_array

FRESH, TRAINED, OTHER = ((0.0, 1.0), (2.0, 3.0)), ((0.5, 1.0), (2.0, 2.0)), ((0.1, 0.9), (2.1, 2.8))


def weights(model: str, start: float, values: Sequence[Sequence[float]], before: bool = False) -> WeightsSeen:
    arrays = (NamedArray("w", encode_array(np.array(values, np.float32))),)
    return WeightsSeen(1, model, start, arrays, before)


@pytest.mark.parametrize(
    ("first", "last", "begun", "copied"),
    [
        (FRESH, TRAINED, TRAINED, True),
        (FRESH, TRAINED, FRESH, False),  # the harness gives both models the same initial weights
        (FRESH, TRAINED, OTHER, False),
        (FRESH, FRESH, FRESH, False),  # the other one was trained without a step
    ],
)
def test_trained_weights_are_told_from_new_ones(first, last, begun, copied):
    found = (
        weights("model-1", 5.0, first, before=True),
        weights("model-1", 6.0, OTHER),
        weights("model-1", 7.0, last),
        weights("model-2", 9.0, begun, before=True),
        weights("model-2", 9.0, OTHER),
    )
    assert (inherited(RunEvidence(weights=found), "model-2") is not None) == copied
    assert inherited(RunEvidence(weights=found), "model-1") is None


def test_a_model_of_another_shape_has_weights_of_its_own():
    found = (
        weights("model-1", 5.0, FRESH, before=True),
        weights("model-1", 6.0, TRAINED),
        weights("model-2", 9.0, (*TRAINED, (1.0, 1.0)), before=True),
    )
    assert inherited(RunEvidence(weights=found), "model-2") is None


def test_without_the_first_weights_nothing_is_known():
    found = (weights("model-1", 6.0, TRAINED), weights("model-2", 9.0, TRAINED, before=True))
    assert inherited(RunEvidence(weights=found), "model-2") is None
    assert inherited(RunEvidence(weights=found[:1]), "model-2") is None
