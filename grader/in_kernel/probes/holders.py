"""Find and copy objects that hold the parts of a loop and are passed as one argument, as in `state.model`."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

from grader.in_kernel.probes.callees import Callee, taken_from
from grader.in_kernel.probes.ownership import inner_functions
from grader.in_kernel.probes.parts import entries, holds_parts, is_named_tuple, is_plain_object

MAX_DEPTH = 3  # of objects in objects whose lists are emptied


def holder_of(parameter: str, callee: Callee, namespace: Mapping[str, Any]) -> Any:
    """Return an object of the notebook that can be passed for a parameter; None if nothing in it fits.

    It holds a part of a loop and has all that the function takes directly from the parameter. The object with the
    parameter's name comes first, then the last one that was defined.
    """
    used = {key for function in inner_functions(callee.function) for key in keys_used(function.__code__, parameter)}
    if not used:
        return None
    named = [namespace[parameter]] if parameter in namespace else []
    for value in (*named, *reversed(list(namespace.values()))):
        if holds_parts(value, namespace) and all(_has(value, key) for key in used):
            return value
    return None


def _has(value: Any, key: str) -> bool:
    return key in entries(value) or hasattr(type(value), key)


def keys_used(code: CodeType, variable: str) -> Iterator[str]:
    """Yield the attributes and the constant keys that code, or a function in it, takes from a variable."""
    yield from (name for name, _ in taken_from(code, variable))
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from keys_used(inner, variable)


@dataclass(frozen=True)
class HolderCopy:
    """A copy of a holder with empty lists; `held` may be changed until `value` is called."""

    original: Any
    held: dict[str, Any]

    @classmethod
    def of(cls, original: Any) -> HolderCopy:
        """Copy a holder."""
        return cls(original, {key: _emptied(one) for key, one in entries(original).items()})

    def value(self) -> Any:
        """Return the copy as an object of the original's type."""
        if is_named_tuple(self.original):
            return self.original._replace(**self.held)
        copied = copy.copy(self.original)
        (copied if isinstance(copied, dict) else vars(copied)).update(self.held)
        return copied


def _emptied(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return an empty list for a list, and a copy of a dict or plain object with such lists; else the value itself."""
    if type(value) is list:
        return []
    if depth and type(value) is dict:
        return {key: _emptied(one, depth - 1) for key, one in value.items()}
    if depth and is_plain_object(value, {}):
        copied = copy.copy(value)
        vars(copied).update({key: _emptied(one, depth - 1) for key, one in vars(value).items()})
        return copied
    return value
