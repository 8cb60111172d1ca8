import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from grader.evidence.run import decode_array
from grader.in_kernel.encoding import decode, encode

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)
numbers = st.sampled_from(["float32", "float64", "int64", "int32", "uint8", "bool"]).flatmap(
    lambda dtype: arrays(dtype, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
)


@given(plain)
def test_plain_values_are_unchanged(value: Any) -> None:
    assert encode(value) == value
    assert decode(json.loads(json.dumps(encode(value)))) == value


@given(numbers)
def test_arrays_come_back_equal(array: np.ndarray[Any, Any]) -> None:
    back = decode(json.loads(json.dumps(encode({"a": [array]}))))["a"][0]
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert np.array_equal(back, array, equal_nan=array.dtype.kind == "f")
    assert back.flags.writeable


@given(numbers)
def test_the_trusted_side_decodes_arrays(array: np.ndarray[Any, Any]) -> None:
    if array.dtype.kind != "f" or np.isfinite(array).all():
        assert np.array_equal(decode_array(encode(array)), array)


def test_tensors_of_every_kind() -> None:
    base = torch.arange(6.0).reshape(2, 3)
    tensors = [base, base.T, base[:, 1], base.clone().requires_grad_(), base.bool(), base.long(), torch.tensor(2.5)]
    for tensor in tensors:
        assert np.array_equal(decode(encode(tensor)), tensor.detach().numpy())
    assert np.array_equal(decode(encode(base.to(torch.bfloat16))), base.numpy())
    assert encode(torch.nn.Parameter(base))["dtype"] == "float32"


@pytest.mark.parametrize(
    ("dtype", "nearest"), [("float16", "float32"), ("int8", "int64"), ("uint16", "int64"), (">f4", "float32")]
)
def test_other_dtypes_become_the_nearest(dtype: str, nearest: str) -> None:
    encoded = encode(np.array([1, 2, 3], dtype=dtype))
    assert encoded["dtype"] == nearest
    assert decode(encoded).tolist() == [1, 2, 3]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float64("nan")])
def test_non_finite_numbers_become_none(value: float) -> None:
    assert encode([value]) == [None]


def test_numpy_scalars_tuples_sets_keys_and_dataclasses() -> None:
    @dataclass
    class Point:
        x: Any

    encoded = encode({1: (np.float32(0.5), np.int64(3), np.bool_(True)), "p": Point(torch.tensor(1)), "s": {7}})
    assert {key: encoded[key] for key in ("1", "s")} == {"1": [0.5, 3, True], "s": [7]}
    assert decode(encoded["p"]["x"]) == 1


@pytest.mark.parametrize("value", [object(), b"bytes", np.array(["a"]), np.array([1j]), np.array([None]), int])
def test_values_that_cannot_be_encoded_are_refused(value: object) -> None:
    with pytest.raises(TypeError, match="out of the kernel"):
        encode({"x": value})
