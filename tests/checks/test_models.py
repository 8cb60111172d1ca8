import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.assignment import Fail, NotGraded
from grader.checks import models
from grader.evidence.probes import Comparison, ModelProbe, Operation, Parameter, ProbeError, ShapeTrial

RNG = np.random.default_rng(1)
LOGITS = RNG.normal(0, 3, (32, 10)).astype(np.float32)


def linear(inputs: int, outputs: int) -> Operation:
    return Operation("linear", (1, inputs), (1, outputs), (outputs, inputs))


def conv(cin: int, cout: int, size: int, **settings: str) -> Operation:
    return Operation("conv2d", (1, cin, 28, 28), (1, cout, size, size), (cout, cin, 3, 3), settings)


RELU = Operation("relu", (1, 128), (1, 128))
MLP_OPS = (linear(784, 128), RELU, linear(128, 64), RELU, linear(64, 10))


def probe(**changes: object) -> ModelProbe:
    right = ModelProbe(
        "mlp",
        source="class MLP in cell 3",
        parameters=(Parameter("a", (128, 784)), Parameter("b", (128,))),
        operations=MLP_OPS,
        reference_operations=MLP_OPS,
        trials=(ShapeTrial((1, 1, 28, 28), (1, 10)), ShapeTrial((7, 784), (7, 10))),
        comparisons=(Comparison(LOGITS, LOGITS), Comparison(LOGITS, LOGITS, training=True)),
    )
    return dataclasses.replace(right, **changes)  # type: ignore[arg-type]


def test_a_right_model_passes_every_check():
    right = probe()
    assert "cell 3" in models.exists(right, "MLP")
    assert "2 batch sizes from 1 to 7" in models.output_shapes(right, 10)
    assert models.parameter_count(right, 128 * 785)
    assert models.mac_count(right, 109_184)
    assert models.raw_logits(right)
    assert models.same_outputs(right)


def test_hints_at_the_sizes_of_layers():
    eleven = probe(
        trials=(ShapeTrial((1, 1, 28, 28), (1, 11)), ShapeTrial((7, 784), (7, 11))),
        operations=(*MLP_OPS[:-1], linear(64, 11)),
    )
    with pytest.raises(Fail, match=r"output of shape \(1, 11\)") as failure:
        models.output_shapes(eleven, 10)
    assert "how many classes" in failure.value.hint
    with pytest.raises(Fail, match="109,248 MACs") as failure:
        models.mac_count(eleven, 109_184)
    assert "layer sizes" in failure.value.hint
    flat = ShapeTrial((7, 1, 28, 28), (1, 10))
    with pytest.raises(Fail) as failure:
        models.output_shapes(probe(trials=(flat,)), 10)
    assert "batch dimension" in failure.value.hint
    turned = (conv(1, 32, 28), conv(32, 64, 14))
    with pytest.raises(Fail) as failure:
        models.mac_count(probe(operations=(conv(1, 32, 26), conv(32, 64, 14)), reference_operations=turned), 4_000_000)
    assert "Stride, padding" in failure.value.hint


def test_a_missing_or_broken_model_says_so():
    with pytest.raises(Fail, match="no class"):
        models.exists(ModelProbe("mlp", missing="no class MLP"), "MLP")
    with pytest.raises(Fail, match="TypeError: needs x") as failure:
        models.exists(probe(error=ProbeError("TypeError", "needs x", 4, 3)), "MLP")
    assert "cell 3, line 4" in failure.value.seen


def test_the_smallest_failing_batch_is_named_and_the_rest_keeps_credit():
    error = ProbeError("RuntimeError", "shape '[64, 784]' is invalid")
    with pytest.raises(Fail) as failure:
        models.output_shapes(probe(trials=(ShapeTrial((3, 784), (3, 10)), ShapeTrial((1, 28, 28), None, error))), 10)
    assert "(1, 28, 28) raises RuntimeError" in failure.value.seen
    assert 0 < failure.value.credit < 1
    assert "(B, 784) works" in failure.value.hint


def test_a_model_that_was_not_called_is_not_graded():
    with pytest.raises(NotGraded):
        models.output_shapes(probe(trials=()), 10)


def test_a_wrong_width_is_named_with_the_layer():
    narrow = (linear(784, 100), RELU, linear(100, 64), RELU, linear(64, 10))
    with pytest.raises(Fail, match="a linear layer 784→100 is found where a linear layer 784→128 is expected"):
        models.parameter_count(probe(operations=narrow, parameters=(Parameter("a", (100, 784)),)), 109_386)


def test_frozen_parameters_lose_half():
    frozen = (Parameter("a", (128, 784)), Parameter("b", (128,), trainable=False))
    with pytest.raises(Fail, match="b is frozen") as failure:
        models.parameter_count(probe(parameters=frozen), 128 * 785)
    assert failure.value.credit == 0.5


def test_macs_of_the_cnn_are_those_of_the_assignment():
    cnn = [conv(1, 32, 28), conv(32, 64, 14), conv(64, 128, 7), linear(128, 64), linear(64, 10)]
    pool = Operation("adaptive_max_pool2d", (1, 128, 7, 7), (1, 128, 1, 1))
    average = dataclasses.replace(pool, name="adaptive_avg_pool2d")
    assert models.count_macs([*cnn, pool]) == 7_459_968
    assert models.count_macs([*cnn, average]) == 7_466_368  # thop's figure for average pooling, by measurement
    norm = Operation("batch_norm", (1, 128, 7, 7), (1, 128, 7, 7), (128,))
    assert models.count_macs([*cnn, norm]) == 7_485_056  # thop's, by measurement
    unpadded = [conv(1, 32, 26), conv(32, 64, 13), conv(64, 128, 7), linear(128, 64), linear(64, 10)]
    assert models.count_macs(unpadded) == 6_931_200


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda x: x, None),
        (lambda x: np.exp(x) / np.exp(x).sum(1, keepdims=True), "softmax"),
        (lambda x: x - np.log(np.exp(x).sum(1, keepdims=True)), "log_softmax"),
        (lambda x: np.maximum(x, 0), "a ReLU"),
        (lambda x: 1 / (1 + np.exp(-x)), "a sigmoid"),
        (lambda x: np.tanh(3 * x), "a tanh"),
    ],
)
def test_squashing_is_recognised_by_the_outputs(change, expected):
    assert models.squashing(change(LOGITS).astype(np.float32)) == expected


@given(st.integers(0, 2**32 - 1), st.floats(0.5, 20))
def test_spread_logits_are_never_called_squashed(seed, scale):
    outputs = np.random.default_rng(seed).normal(0, scale, (32, 10)).astype(np.float32)
    assert models.squashing(outputs) is None


def test_outputs_that_differ_name_the_layer():
    missing = (linear(784, 128), linear(128, 64), RELU, linear(64, 10))
    with pytest.raises(Fail, match="after a linear layer 784→128, ReLU is missing"):
        models.same_outputs(probe(comparisons=(Comparison(LOGITS * 1.5, LOGITS),), operations=missing))


def test_a_difference_in_training_mode_alone_points_at_dropout():
    comparisons = (Comparison(LOGITS, LOGITS), Comparison(LOGITS * 1.1, LOGITS, training=True))
    with pytest.raises(Fail, match="in training mode only"):
        models.same_outputs(probe(comparisons=comparisons))


def test_weights_that_cannot_be_transplanted_fail_with_the_reason():
    with pytest.raises(Fail, match="no layer takes"):
        models.same_outputs(probe(comparisons=(Comparison(None, LOGITS, why="no layer takes the weights (64, 128)"),)))


def test_rounding_differences_are_no_difference():
    assert models.same_outputs(probe(comparisons=(Comparison(LOGITS * (1 + 1e-6), LOGITS),)))


def test_layers_like_the_reference_s_with_its_weights_cannot_give_other_outputs():
    lied = probe(comparisons=(Comparison(LOGITS + 1, LOGITS), Comparison(LOGITS, LOGITS, training=True)))
    for check in (lambda: models.parameter_count(lied, 128 * 785), lambda: models.mac_count(lied, 109_184)):
        with pytest.raises(Fail, match="cannot be true"):
            check()


def test_another_order_of_the_pixels_or_other_layers_explain_other_outputs():
    other = (Comparison(LOGITS + 1, LOGITS),)
    view = Operation("view:permute", (1, 28, 28), (1, 28, 28))
    turned = probe(operations=(*MLP_OPS, view), comparisons=other)
    assert not models.contradicted(turned)
    assert models.mac_count(turned, 109_184)
    assert models.first_difference(turned.operations, turned.reference_operations) is None
    assert not models.contradicted(probe(operations=(*MLP_OPS, RELU), comparisons=other))
    assert not models.contradicted(probe(comparisons=(Comparison(LOGITS * 1.001, LOGITS),)))


def test_a_long_message_of_a_student_s_exception_is_cut():
    assert len(models.describe_error(ProbeError("E" * 5000, "x" * 5000, 4, 3))) < 700


def test_a_model_that_can_be_called_and_gives_no_outputs_is_not_believed():
    refused = (Comparison(None, LOGITS, error=ProbeError("Malformed", "no array")),)
    assert models.contradicted(probe(comparisons=refused))
    broken = (*probe().trials, ShapeTrial((64, 784), None, ProbeError("RuntimeError", "64 is too many")))
    assert not models.contradicted(probe(comparisons=refused, trials=broken))
    assert not models.contradicted(probe(comparisons=(Comparison(None, LOGITS, why="no such layer"),)))


def test_a_relu_whose_result_is_thrown_away_is_no_accusation():
    vain = dataclasses.replace(RELU, name="unused:relu")
    wrong = Comparison(LOGITS + 1, LOGITS)
    found = probe(operations=(*MLP_OPS[:3], linear(64, 10), vain), comparisons=(wrong,))
    with pytest.raises(Fail, match=r"ReLU is missing \(ReLU is computed, but nothing uses its result\)"):
        models.same_outputs(found)
    assert "parameters" in models.parameter_count(found, 128 * 785)
    assert not models.contradicted(found)
    assert not models.contradicted(probe(operations=(*MLP_OPS, vain), comparisons=(wrong,)))
    assert models.contradicted(probe(comparisons=(wrong,)))


def test_work_whose_result_is_thrown_away_is_counted():
    again = dataclasses.replace(linear(64, 10), name="unused:linear")
    assert models.count_macs((*MLP_OPS, again)) == models.count_macs(MLP_OPS) + 640
