"""The layers of a model beside the reference's."""

from dataclasses import replace

from grader.evidence.probes import Operation, Parameter
from grader.reports.layers import MOST_LAYERS, model_table
from tests.browser.samples import evidence

PROBE = evidence().models["mlp"]
RELU = Operation("relu", (1, 128), (1, 128))


def names(table):
    return [tuple(layer.name if layer else None for layer in row) for row in table.rows]


def test_equal_models_have_no_difference():
    table = model_table(replace(PROBE, operations=PROBE.reference_operations))
    assert table.differs is None
    assert [(layer.parameters, layer.macs) for layer in table.totals] == [(101_770, 101_632)] * 2
    assert [row[0].parameters for row in table.rows] == [100_480, 0, 1_290]


def test_one_layer_more_moves_no_other():
    table = model_table(replace(PROBE, operations=(RELU, *PROBE.reference_operations)))
    assert names(table)[0] == ("relu", None)
    assert table.differs == 0
    assert all(one == other for one, other in names(table)[1:])


def test_one_layer_less_and_another_size_are_seen():
    less = model_table(replace(PROBE, operations=PROBE.reference_operations[:1] + PROBE.reference_operations[2:]))
    assert (less.differs, names(less)[1]) == (1, (None, "relu"))
    other = Operation("linear", (1, 784), (1, 64), (64, 784))
    assert model_table(replace(PROBE, operations=(other, *PROBE.reference_operations[1:]))).differs == 0


def test_a_layer_without_bias_and_parameters_that_no_layer_uses():
    spare = (Parameter("fc1.weight", (128, 784)), Parameter("fc2.weight", (10, 128)), Parameter("spare", (7,)))
    table = model_table(replace(PROBE, parameters=spare))
    assert [row[0].parameters for row in table.rows] == [100_352, 0, 1_280, 0]
    assert table.totals[0].parameters == 101_639


def test_evidence_that_an_older_grader_kept_has_no_parameters_of_the_reference():
    table = model_table(replace(PROBE, reference_parameters=()))
    assert table.totals[1].parameters == 101_632


def test_a_very_deep_model_is_cut_short():
    table = model_table(replace(PROBE, operations=(RELU,) * 5000))
    assert len(table.rows) == MOST_LAYERS
    assert table.left_out == 5000 - MOST_LAYERS
