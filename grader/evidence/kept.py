"""Write the evidence of a grading as compressed JSON, and read it again: `dump`, `load`. Records may follow each other.

A kept file is written and read by the grader alone. It is still read as data: nothing in it can run.
"""

from __future__ import annotations

import base64
import dataclasses
import math
import types
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from grader.evidence.decode import Malformed, encode_array

__all__ = ["after", "dump", "load", "load_fields"]

T = TypeVar("T")
Build = Callable[[Any], Any]

MAX_BYTES = 32 << 20  # of the JSON, which takes 2 MB
_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def dump(record: object) -> bytes:
    """Return a dataclass with everything in it as zlib-compressed JSON.

    It may hold numbers, text, bytes, paths, tuples, sets, mappings with text as keys, NumPy arrays and other
    dataclasses. Raises ValueError if it is too large.

    >>> from grader.evidence.run import CellRun
    >>> load(dump(CellRun(3, "ok", stdout="42")), CellRun).stdout
    '42'
    """
    text = msgspec.json.encode(_plain(record))
    if len(text) > MAX_BYTES:
        raise ValueError(f"{len(text):,} bytes of evidence are too many")
    return zlib.compress(text, 6)


def load(data: bytes, kind: type[T], types: Sequence[type] = ()) -> T:
    """Return the record of `kind` that `dump` wrote, whatever follows it. Raises Malformed for anything else.

    `types` are those that the record's module imports for type checkers only.
    """
    value = _decoded(data, Any)
    try:
        return _builder(kind, tuple(types))(value)  # type: ignore[arg-type, no-any-return]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _misfit(error) from None


def load_fields(data: bytes, kinds: Mapping[str, Any]) -> dict[str, Any]:
    """Return some fields of the record that `dump` wrote, by name; `kinds` are their types.

    The others are skipped, which takes a tenth of the time. Raises Malformed as `load` does.
    """
    parts = _decoded(data, dict[str, msgspec.Raw])
    try:
        return {name: _builder(kind, ())(msgspec.json.decode(parts[name])) for name, kind in kinds.items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _misfit(error) from None


def _decoded(data: bytes, kind: Any) -> Any:
    packed = zlib.decompressobj()
    try:
        value = msgspec.json.decode(packed.decompress(data, MAX_BYTES), type=kind)
    except (zlib.error, ValueError, RecursionError) as error:
        raise Malformed(f"the kept evidence cannot be read: {error}") from None
    if not packed.eof:
        raise Malformed("the kept evidence is cut short, or too large")
    return value


def _misfit(error: Exception) -> Malformed:
    return Malformed(f"the kept evidence does not fit this version of the grader: {error}")


def after(data: bytes) -> bytes:
    """Return what follows the first record of the data, nothing if it is the only one. Raises Malformed.

    >>> from grader.evidence.run import CellRun
    >>> load(after(dump(CellRun(3, "ok")) + dump(CellRun(5, "ok"))), CellRun).index
    5
    """
    packed = zlib.decompressobj()
    try:
        packed.decompress(data, MAX_BYTES)
    except zlib.error as error:
        raise Malformed(f"the kept evidence cannot be read: {error}") from None
    if not packed.eof:
        raise Malformed("the kept evidence is cut short, or too large")
    return packed.unused_data


@lru_cache(maxsize=64)
def _builder(kind: Any, types: tuple[type, ...]) -> Build:
    return _Builders({one.__name__: one for one in types}).builder(kind)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(_plain(item) for item in value)
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return _plain_array(value)
    raise TypeError(f"a {type(value).__name__} cannot be kept")


def _plain_array(value: Any) -> Any:
    import numpy as np

    if not value.shape and not isinstance(value, np.ndarray):
        return _plain(value.item())
    return encode_array(value)


class _Builders:
    """Makes a function for each type that builds it from JSON data; evidence has tens of thousands of values.

    `types` are the names that a record's module does not define at run time.
    """

    def __init__(self, types: Mapping[str, type]) -> None:
        import numpy as np
        from numpy.typing import NDArray

        self._array: type = np.ndarray
        self._names = {"np": np, "NDArray": NDArray, **types}
        self._records: dict[type, Build] = {}

    def builder(self, hint: Any) -> Build:
        """Return the function that builds what `hint` names. It raises ValueError and the like for other data."""
        origin, parts = get_origin(hint), get_args(hint)
        if hint is Any or hint is object:
            return lambda value: value
        if origin is Annotated:
            return self.builder(parts[0])
        if origin in (Union, types.UnionType):
            return self._one_of(parts)
        if self._array in (hint, origin):
            return _build_array
        if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            return self._record(hint)
        if origin is tuple and parts[-1] is not ...:
            return _build_tuple([self.builder(part) for part in parts])
        if origin in (tuple, frozenset):
            return _build_many(origin, self.builder(parts[0]))
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return _build_mapping(self.builder(parts[1]))
        return _builder_of_value(hint, parts)

    def _record(self, kind: type) -> Build:
        if kind not in self._records:
            made: dict[str, Build] = {}

            def build(value: Any) -> Any:
                if value.keys() - made.keys():
                    raise ValueError(f"unknown field {min(value.keys() - made.keys())}")
                return kind(**{name: made[name](item) for name, item in value.items()})

            self._records[kind] = build  # before its fields, which may hold such records again
            hints = get_type_hints(kind, localns=self._names, include_extras=True)
            made.update({name: self.builder(hint) for name, hint in hints.items()})
        return self._records[kind]

    def _one_of(self, parts: tuple[Any, ...]) -> Build:
        nothing = type(None) in parts
        builders = [self.builder(part) for part in parts if part is not type(None)]

        def build(value: Any) -> Any:
            if value is None and nothing:
                return None
            for one in builders:
                try:
                    return one(value)
                except (KeyError, TypeError, ValueError, AttributeError):
                    continue
            raise ValueError(f"{str(value)[:50]!r} is none of {parts}")

        return build


def _build_tuple(builders: Sequence[Build]) -> Build:
    return lambda value: tuple(one(item) for one, item in zip(builders, value, strict=True))


def _build_many(kind: type, one: Build) -> Build:
    return lambda value: kind(map(one, value))


def _build_mapping(one: Build) -> Build:
    return lambda value: {key: one(item) for key, item in value.items()}


def _builder_of_value(hint: Any, parts: tuple[Any, ...]) -> Build:
    def build(value: Any) -> Any:
        if type(value) is hint and hint is not bytes:
            return value
        return _build_value(value, hint, parts)

    return build


def _build_value(value: Any, hint: Any, parts: tuple[Any, ...]) -> Any:
    if parts and value in parts:  # of a Literal
        return value
    if hint is Path and isinstance(value, str):
        return Path(value)
    if hint is bytes:
        return base64.b64decode(value, validate=True)
    if hint is float and isinstance(value, dict):
        return _NOT_FINITE[value["float"]]
    if hint is float and type(value) in (int, float):
        return float(value)
    if isinstance(hint, type) and type(value) is hint:
        return value
    raise ValueError(f"{str(value)[:50]!r} is no {hint}")


def _build_array(value: Any) -> Any:
    """Return an array, which may hold values that are not finite: `decode_array` refuses these."""
    import numpy as np

    kind = np.dtype(value["dtype"])
    if kind.kind not in "biuf":
        raise ValueError(f"an array of {kind}")
    flat = np.frombuffer(base64.b64decode(value["data"], validate=True), kind.newbyteorder("<"))
    return flat.reshape(value["shape"]).astype(kind)
