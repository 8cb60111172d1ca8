"""Encode values as JSON: arrays and tensors become {"dtype", "shape", "data": base64 of little-endian bytes}."""

from __future__ import annotations

import base64
import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_DTYPES = ("float32", "float64", "int64", "int32", "uint8", "bool")
_ARRAY_KEYS = {"dtype", "shape", "data"}


def encode(value: object) -> Any:
    """Return `value` as JSON data. Non-finite numbers become None, other dtypes the nearest supported one.

    Raises TypeError for a value that cannot be encoded.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [encode(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return encode(asdict(value))
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")  # not imported: no value can be an array
    if torch is not None and isinstance(value, torch.Tensor):
        return encode_array(_from_tensor(torch, value))
    if numpy is not None and isinstance(value, numpy.generic):
        return encode(value.item())
    if numpy is not None and isinstance(value, numpy.ndarray):
        return encode_array(value)
    raise TypeError(f"cannot send a {type(value).__name__} out of the kernel")


def encode_array(array: np.ndarray[Any, Any]) -> dict[str, object]:
    """Encode one array. Raises TypeError for an array that does not hold numbers."""
    import numpy as np

    if array.dtype.name not in _DTYPES:
        nearest = {"f": "float32", "i": "int64", "u": "int64"}.get(array.dtype.kind)
        if nearest is None:
            raise TypeError(f"cannot send an array of {array.dtype} out of the kernel")
        array = array.astype(nearest)
    name = array.dtype.name
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return {"dtype": name, "shape": list(array.shape), "data": base64.b64encode(little.tobytes()).decode()}


def decode(value: Any) -> Any:
    """Return JSON data with every encoded array in it turned back into a writable array."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() != _ARRAY_KEYS:
        return {key: decode(item) for key, item in value.items()}
    import numpy as np

    raw = base64.b64decode(value["data"])
    flat = np.frombuffer(raw, dtype=np.dtype(value["dtype"]).newbyteorder("<"))
    return flat.reshape(value["shape"]).astype(value["dtype"])


def _from_tensor(torch: Any, tensor: Any) -> np.ndarray[Any, Any]:
    tensor = tensor.detach().cpu().resolve_conj().resolve_neg()
    if tensor.dtype in (torch.bfloat16, torch.float16):
        tensor = tensor.float()
    array: np.ndarray[Any, Any] = tensor.numpy()
    return array
