"""Collect the lists and numbers that a probed function filled or returned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor
from torch.nn import Module

from grader.in_kernel.probes.namespace import kind, number
from grader.in_kernel.probes.ownership import is_written

MAX_NUMBERS = 20_000


class Growth:
    """Records what a call appends to lists among some globals, also lists inside dicts, and removes it again."""

    def __init__(self, names: dict[str, Any], wanted: list[str]) -> None:
        self.before: dict[str, tuple[list[Any], list[Any]]] = {}
        for name in dict.fromkeys(wanted):
            for key, values in sequences(name, names.get(name), set()).items():
                self.before[key] = (values, list(values))
        self.wanted = wanted

    def ended(self, names: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Return the appended items by list name, and restore the lists."""
        found: dict[str, list[Any]] = {}
        for name in dict.fromkeys(self.wanted):
            for key, values in sequences(name, names.get(name), set()).items():
                old = self.before.get(key, (None, []))[1]
                if len(values) > len(old):
                    found[key] = list(values[len(old) :])
        for values, old in self.before.values():
            values[:] = old
        return found


def sequences(name: str, value: Any, seen: set[int]) -> dict[str, list[Any]]:
    """Return the lists in a value by name: the value itself, or those in a dict or a plain object ('history.loss').

    Of a list of such objects, as callbacks are, those in the objects.
    """
    if isinstance(value, list):
        if not value or len(value) > 20 or not all(map(_is_plain_object, value)):
            return {name: value}
        value = {str(at): item for at, item in enumerate(value)}
    elif _is_plain_object(value):
        value = vars(value)
    if isinstance(value, dict) and id(value) not in seen and len(value) < 100:
        seen.add(id(value))
        found: dict[str, list[Any]] = {}
        for key, item in value.items():
            if isinstance(key, str):
                found.update(sequences(f"{name}.{key}", item, seen))
        return found
    return {}


def _is_plain_object(value: Any) -> bool:
    module = type(value).__module__
    own = module in ("__main__", "types") or is_written(module)
    return own and not isinstance(value, (Module, type)) and isinstance(getattr(value, "__dict__", None), dict)


def returned_lists(result: Any) -> dict[str, list[Any]]:
    """Return the lists that a function returns, alone, in a tuple or in a dict."""
    if isinstance(result, tuple):
        parts = [sequences(f"returned[{at}]", value, set()) for at, value in enumerate(result[:20])]
        return {name: values for part in parts for name, values in part.items()}
    return sequences("returned", result, set())


def columns(lists: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the lists, those of pairs such as (step, loss) taken apart."""
    found: dict[str, list[Any]] = {}
    for name, values in lists.items():
        widths = {len(value) if isinstance(value, (tuple, list)) else 0 for value in values[:MAX_NUMBERS]}
        width = widths.pop() if len(widths) == 1 else 0
        if 2 <= width <= 6:
            found.update({f"{name}[{at}]": [value[at] for value in values] for at in range(width)})
        else:
            found[name] = values
    return found


def type_of(values: list[Any]) -> str:
    """Return the type of a list's items: 'float', 'int', 'Tensor', … or 'mixed'.

    A tensor of one element that requires no gradient counts as a number.
    """
    types = {_type_of_tensor(v) if isinstance(v, Tensor) else _plain_type(v) for v in values}
    return types.pop() if len(types) == 1 else "mixed"


def _type_of_tensor(value: Tensor) -> str:
    if value.requires_grad or value.numel() != 1:
        return "Tensor"
    return "float" if value.is_floating_point() else "int"


def _plain_type(value: Any) -> str:
    word = kind(value)
    if word in ("int", "float"):
        return word
    if type(value).__module__ == "numpy":
        return "float" if "float" in type(value).__name__ else "int"
    return word


def flattened(value: Any, depth: int = 0) -> list[float | None]:
    """Return the numbers in a function's return value, in order."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)) and depth < 4:
        found: list[float | None] = []
        for item in value[:MAX_NUMBERS]:
            found.extend(flattened(item, depth + 1))
        return found[:MAX_NUMBERS]
    is_number = isinstance(value, (bool, int, float, np.number)) or (isinstance(value, Tensor) and value.numel() == 1)
    return [number(value)] if is_number else []
