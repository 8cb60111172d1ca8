"""The one place where JSON from a process that ran student code becomes data: `decode_json`, `convert`, `decode_array`.

What passes holds no number outside its range, nothing deep, nothing huge, no text that a terminal or a file stumbles over,
and exactly the fields of the record that was agreed; everything else raises `Malformed`. See docs/protocol.md.
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

T = TypeVar("T")

MAX_ARRAY_BYTES = 64 * 1024 * 1024
MAX_VALUES = 1_000_000  # in one document: each costs up to a hundred bytes once it is decoded
MAX_DEPTH = 16
MAX_TEXT = 100_000  # characters of a string that is no array's data
MAX_NUMBER = 2**53  # the integers that every reader of JSON can hold
MAX_DIMENSIONS = 16
_ITEM_SIZES = {"float32": 4, "float64": 8, "int64": 8, "int32": 4, "uint8": 1, "bool": 1}

Count = Annotated[int, Meta(ge=0, le=MAX_NUMBER)]
Shape = Annotated[tuple[Count, ...], Meta(max_length=MAX_DIMENSIONS)]

# Control characters but tab and newline, C1, line separators, marks that reorder text, lone surrogates.
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Malformed(ValueError):
    """Something that came out of the sandbox does not have the agreed form."""


# --- text -> JSON ------------------------------------------------------------------------------------------------


def decode_json(raw: str | bytes, kind: Any = Any, *, max_values: int | None = MAX_VALUES) -> Any:
    """The JSON document in `raw`, which must be short enough to be held a few times. Raises Malformed.

    Numbers are finite. `kind` is what msgspec decodes into; `max_values` may be None for one that cannot hold many. Of a key
    that comes twice the last counts: nothing else reads the text. Lone surrogates, which an honest text may hold, become
    question marks.
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
    """The document anew, each lone surrogate and what is no UTF-8 replaced; None if it is no JSON even so."""
    try:
        text = json.dumps(json.loads(data.decode("utf-8", "replace")), ensure_ascii=False)
    except (ValueError, RecursionError):
        return None
    return _SURROGATE.sub("?", text).encode()


def safe_text(text: str) -> str:
    """`text` with what no terminal, file or report should meet replaced by U+FFFD."""
    return text if text.isprintable() else _UNSAFE.sub("\ufffd", text)


def bounded(value: Any, *, max_depth: int = MAX_DEPTH) -> Any:
    """A copy of JSON data with every text made safe. Raises Malformed for what is out of bounds."""
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
        raise Malformed(f"a {type(value).__name__} is no JSON data")
    if value.keys() == {"dtype", "shape", "data"} and isinstance(value["data"], str):  # base64, read by decode_array
        plain = {key: bounded(value[key], max_depth=max_depth - 1) for key in ("dtype", "shape")}
        return {**plain, "data": value["data"]}
    found: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str) or len(key) > MAX_TEXT:
            raise Malformed("a key is no text, or a long one")
        found[safe_text(key)] = bounded(item, max_depth=max_depth - 1)
    return found


def _as_float(value: int) -> float:
    """An integer that is none of ours: a notebook may well name such a number."""
    try:
        return float(value)
    except OverflowError:
        raise Malformed("a number is out of range") from None


# --- JSON -> records ---------------------------------------------------------------------------------------------


def convert(value: object, kind: type[T]) -> T:
    """Build a record of `kind` from JSON data, strictly. Raises Malformed, naming the field."""
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
    """Keys in `data`, which has been converted to `kind`, that no field takes; msgspec passes over those of dataclasses."""
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
    """The fields of a record, and of those that hold records the type."""
    return {name: hint if _record_in(hint) else None for name, hint in get_type_hints(record).items()}


def _record_in(kind: Any) -> type | None:
    """The dataclass that a type is, or that a tuple, an optional or a mapping of that type holds."""
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
    """An array as it crosses: `data` is base64 of its little-endian bytes."""

    dtype: Literal["float32", "float64", "int64", "int32", "uint8", "bool"]
    shape: Annotated[tuple[Count, ...], Meta(max_length=8)]
    data: str


def decode_array(value: object, *, max_bytes: int = MAX_ARRAY_BYTES) -> NDArray[Any]:
    """Decode an EncodedArray, or its {"dtype", "shape", "data"}, into an array of its own.

    Raises Malformed for an unlisted dtype, a wrong byte count, a size over `max_bytes`, booleans that are neither 0 nor 1,
    and values that are not finite.
    """
    import numpy as np

    encoded = value if isinstance(value, EncodedArray) else convert(value, EncodedArray)
    size = math.prod(encoded.shape) * _ITEM_SIZES[encoded.dtype]
    if (
        math.prod(n or 1 for n in encoded.shape) * _ITEM_SIZES[encoded.dtype] > max_bytes
    ):  # zeros hide no huge dimension
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
    """The form that `decode_array` reads."""
    import numpy as np

    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": base64.b64encode(little.tobytes()).decode()}
