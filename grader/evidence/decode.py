"""The only place that decodes JSON from a process that ran student code: `decode_json`, `convert`, `decode_array`.

Decoded data has numbers within their range, bounded depth and size, text that is safe for a terminal and a file, and
exactly the fields of the agreed record. Anything else raises `Malformed`. See docs/protocol.md.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import functools
import json
import math
import re
import types
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Count",
    "EncodedArray",
    "Malformed",
    "Shape",
    "bounded",
    "convert",
    "decode_array",
    "decode_json",
    "encode_array",
    "safe_text",
]

T = TypeVar("T")

MAX_ARRAY_BYTES = 64 * 1024 * 1024
MAX_VALUES = 1_000_000  # in one document: a decoded value takes up to a hundred bytes
MAX_DEPTH = 16
MAX_TEXT = 100_000  # characters of a string, other than an array's data
MAX_NUMBER = 2**53  # the integers that every reader of JSON can hold
MAX_DIMENSIONS = 16
_ITEM_SIZES = {"float32": 4, "float64": 8, "int64": 8, "int32": 4, "uint8": 1, "bool": 1}

Count = Annotated[int, Meta(ge=0, le=MAX_NUMBER)]
"""An integer from 0 to 2**53."""
Shape = Annotated[tuple[Count, ...], Meta(max_length=MAX_DIMENSIONS)]
"""The shape of an array or tensor: at most 16 dimensions."""

# Control characters except tab and newline, C1, line separators, marks that reorder text, lone surrogates.
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Malformed(ValueError):
    """Raised for data from the sandbox that does not have the agreed form."""


# --- text -> JSON ------------------------------------------------------------------------------------------------


def decode_json(raw: str | bytes, kind: Any = Any, *, max_values: int | None = MAX_VALUES) -> Any:
    """Return the JSON document in `raw`. Raises Malformed.

    `raw` must be short enough to be copied a few times. Numbers are finite. `kind` is the type that msgspec decodes
    into; `max_values` may be None for one that cannot hold many values. The last of duplicate keys counts, which is
    safe because nothing else reads the text. Lone surrogates, which an honest text may hold, become question marks.

    >>> decode_json('{"cell": 3}')
    {'cell': 3}
    """
    data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    if max_values is not None and sum(map(data.count, (b",", b"[", b"{"))) > max_values:
        raise Malformed(f"a document of more than {max_values} values")
    try:
        return msgspec.json.decode(data, type=kind)
    except (ValueError, RecursionError) as error:
        problem = error
    mended = _mended(data) if rb"\ud" in data.lower() or not _is_utf8(data) else None
    if mended is None:
        raise Malformed(safe_text(str(problem))[:200])
    return decode_json(mended, kind, max_values=max_values)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _mended(data: bytes) -> bytes | None:
    """Return the document with lone surrogates and invalid UTF-8 replaced; None if it still is not JSON."""
    try:
        text = json.dumps(json.loads(data.decode("utf-8", "replace")), ensure_ascii=False)
    except (ValueError, RecursionError):
        return None
    return _SURROGATE.sub("?", text).encode()


def safe_text(text: str) -> str:
    """Return `text` with the characters that are unsafe in a terminal, file or report replaced by U+FFFD.

    >>> safe_text("loss" + chr(27)) == "loss" + chr(0xFFFD)
    True
    """
    return text if text.isprintable() else _UNSAFE.sub("\ufffd", text)


def bounded(value: Any, *, max_depth: int = MAX_DEPTH) -> Any:
    """Return a copy of JSON data with every text made safe. Raises Malformed for data that is out of bounds.

    >>> bounded({"shape": (1, 28, 28)})
    {'shape': [1, 28, 28]}
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -MAX_NUMBER <= value <= MAX_NUMBER else _as_float(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Malformed("a number is not finite")
        return value
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise Malformed(f"a text of {len(value)} characters")
        return safe_text(value)
    if not max_depth:
        raise Malformed("data is nested too deeply")
    if isinstance(value, (list, tuple)):
        return [bounded(item, max_depth=max_depth - 1) for item in value]
    if not isinstance(value, Mapping):
        raise Malformed(f"a {type(value).__name__} is not JSON data")
    if value.keys() == {"dtype", "shape", "data"} and isinstance(value["data"], str):  # base64, read by decode_array
        plain = {key: bounded(value[key], max_depth=max_depth - 1) for key in ("dtype", "shape")}
        return {**plain, "data": value["data"]}
    found: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str) or len(key) > MAX_TEXT:
            raise Malformed("a key is not text, or is too long")
        found[safe_text(key)] = bounded(item, max_depth=max_depth - 1)
    return found


def _as_float(value: int) -> float:
    """Return an integer beyond MAX_NUMBER as a float: it comes from the notebook, not from the recorder."""
    try:
        return float(value)
    except OverflowError:
        raise Malformed("a number is out of range") from None


# --- JSON -> records ---------------------------------------------------------------------------------------------


def convert(value: object, kind: type[T]) -> T:
    """Return a record of `kind` that holds JSON data, checked strictly. Raises Malformed, which names the field.

    >>> convert({"dtype": "uint8", "shape": [1], "data": "AA=="}, EncodedArray).shape
    (1,)
    >>> convert({"dtype": "uint8", "shape": [-1], "data": ""}, EncodedArray)
    Traceback (most recent call last):
    grader.evidence.decode.Malformed: EncodedArray: Expected `int` >= 0 - at `$.shape[0]`
    """
    name = getattr(kind, "__name__", str(kind))
    try:
        data = bounded(value)
        record = msgspec.convert(data, kind)
    except Malformed as problem:
        raise Malformed(f"{name}: {problem}") from None
    except (msgspec.ValidationError, RecursionError, OverflowError) as problem:
        raise Malformed(f"{name}: {safe_text(str(problem))[:200]}") from None
    unknown = next(_unknown(data, kind), None)
    if unknown is not None:
        raise Malformed(f"{name}: unknown field {unknown[:50]!r}")
    return record


def _unknown(data: Any, kind: Any) -> Iterator[str]:
    """Yield the keys in `data`, converted to `kind`, that are not fields; msgspec ignores those of dataclasses."""
    inner = _record_in(kind)
    if inner is None:
        return
    if isinstance(data, list):
        for item in data:
            yield from _unknown(item, inner)
    elif isinstance(data, dict) and get_origin(kind) is not None and _is_mapping(kind):
        for item in data.values():
            yield from _unknown(item, inner)
    elif isinstance(data, dict):
        fields = _fields(inner)
        for key, item in data.items():
            if key not in fields:
                yield key
            elif fields[key] is not None:
                yield from _unknown(item, fields[key])


@functools.lru_cache(maxsize=256)
def _fields(record: type) -> dict[str, Any]:
    """Return the fields of a record: the type of those that hold records, None for others."""
    return {name: hint if _record_in(hint) else None for name, hint in get_type_hints(record).items()}


def _record_in(kind: Any) -> type | None:
    """Return the dataclass that a type is, or that the tuple, optional or mapping holds; None without one."""
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return kind
    return next((found for part in get_args(kind) if (found := _record_in(part)) is not None), None)


def _is_mapping(kind: Any) -> bool:
    if get_origin(kind) in (Union, types.UnionType, Annotated):
        return any(_is_mapping(part) for part in get_args(kind))
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Mapping)


# --- arrays ------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class EncodedArray:
    """An array as it is sent: `data` is base64 of its little-endian bytes."""

    dtype: Literal["float32", "float64", "int64", "int32", "uint8", "bool"]
    shape: Annotated[tuple[Count, ...], Meta(max_length=8)]
    data: str


def decode_array(value: object, *, max_bytes: int = MAX_ARRAY_BYTES) -> NDArray[Any]:
    """Return a new array from an EncodedArray, or from its {"dtype", "shape", "data"}.

    Raises Malformed for an unlisted dtype, a wrong byte count, a size over `max_bytes`, booleans that are neither 0 nor
    1, and values that are not finite.

    >>> decode_array({"dtype": "uint8", "shape": [2], "data": "AAE="})
    array([0, 1], dtype=uint8)
    """
    import numpy as np

    encoded = value if isinstance(value, EncodedArray) else convert(value, EncodedArray)
    size = math.prod(encoded.shape) * _ITEM_SIZES[encoded.dtype]
    # Zeros count as ones: a dimension of zero must not hide a huge one.
    if math.prod(n or 1 for n in encoded.shape) * _ITEM_SIZES[encoded.dtype] > max_bytes:
        raise Malformed("an array is larger than allowed")
    if len(encoded.data) != -(-size // 3) * 4:
        raise Malformed("an array does not hold what its shape says")
    try:
        raw = base64.b64decode(encoded.data, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("an array's data is not base64") from None
    if len(raw) != size:
        raise Malformed(f"an array holds {len(raw)} bytes where its shape needs {size}")
    if encoded.dtype == "bool" and raw.translate(None, b"\x00\x01"):
        raise Malformed("an array of booleans holds something else")
    array = np.frombuffer(raw, dtype=np.dtype(encoded.dtype).newbyteorder("<")).reshape(encoded.shape)
    array = array.astype(encoded.dtype)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise Malformed("an array holds values that are not finite")
    return array


def encode_array(array: NDArray[Any]) -> dict[str, object]:
    """Return the array in the form that `decode_array` reads.

    >>> import numpy as np
    >>> encode_array(np.uint8([0, 1]))
    {'dtype': 'uint8', 'shape': [2], 'data': 'AAE='}
    """
    import numpy as np

    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": base64.b64encode(little.tobytes()).decode()}
