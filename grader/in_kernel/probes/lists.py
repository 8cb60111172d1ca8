"""Collect the lists and numbers that a probed function filled or returned."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor
from torch.nn import Module

from grader.in_kernel.probes.namespace import kind, number
from grader.in_kernel.probes.ownership import is_written
from grader.in_kernel.probes.parts import entries, is_named_tuple

MAX_NUMBERS = 20_000
MAX_COLUMNS = 20


class Growth:
    """Records what a call appends to lists among some globals, also lists inside dicts, and removes it again."""

    def __init__(self, names: dict[str, Any], wanted: list[str]) -> None:
        self.before: dict[str, tuple[list[Any], list[Any]]] = {}
        pairs: list[dict[Any, Any]] = []
        for name in dict.fromkeys(wanted):
            for key, values in sequences(name, names.get(name), set(), pairs).items():
                self.before[key] = (values, list(values))
        self.pairs = [(held, dict(held)) for held in pairs]
        self.wanted = wanted

    def ended(self, names: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Return the appended items by list name, and restore the lists."""
        # A list that now holds objects would be taken for them, so the lists that were there come first.
        found = {key: list(values[len(old) :]) for key, (values, old) in self.before.items() if len(values) > len(old)}
        for name in dict.fromkeys(self.wanted):
            for key, values in sequences(name, names.get(name), set()).items():
                old = self.before.get(key, (None, []))[1]
                if len(values) > len(old) and key not in found:
                    found[key] = list(values[len(old) :])
        for values, old in self.before.values():
            values[:] = old
        for held, before in self.pairs:
            held.clear()
            held.update(before)
        return found


def sequences(name: str, value: Any, seen: set[int], pairs: list[dict[Any, Any]] | None = None) -> dict[str, list[Any]]:
    """Return the lists in a value by name: the value itself, or those in a dict or a plain object ('history.loss').

    Of a list of such objects, as callbacks are, those in the objects. A dict such as {step: loss} is a list of pairs,
    and an array is a list, since np.append makes a longer one. Dicts that hold such pairs, or nothing, are added to
    `pairs`.
    """
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return {name: list(value[:MAX_NUMBERS])}
    if isinstance(value, list):
        if not value or len(value) > 20 or not all(map(_is_plain_object, value)):
            return {name: value}
        value = {str(at): item for at, item in enumerate(value)}
    elif _is_plain_object(value) or is_named_tuple(value):
        value = entries(value)
    if isinstance(value, dict) and all(kind(key) in ("int", "float") for key in value):
        if pairs is not None:
            pairs.append(value)
        return {name: [_entry(*pair) for pair in list(value.items())[:MAX_NUMBERS]]} if value else {}
    if isinstance(value, dict) and id(value) not in seen and len(value) < 100:
        seen.add(id(value))
        found: dict[str, list[Any]] = {}
        for key, item in value.items():
            if isinstance(key, str):
                found.update(sequences(f"{name}.{key}", item, seen, pairs))
        return found
    return {}


def _entry(key: Any, value: Any) -> Any:
    """Return a dict's key and value as one row or tuple."""
    if isinstance(value, dict):
        return {"key": key, **value}
    return (key, *value) if isinstance(value, (tuple, list)) else (key, value)


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
    """Return the lists; those of pairs such as (step, loss) or rows such as {'step': 1, 'loss': 2.3} taken apart."""
    found: dict[str, list[Any]] = {}
    for name, values in lists.items():
        rows = [row(value) for value in values[:MAX_NUMBERS]]
        if rows and all(rows):
            found.update(_of_rows(name, rows, found))
            continue
        widths = {len(value) if isinstance(value, (tuple, list)) else 0 for value in values[:MAX_NUMBERS]}
        width = widths.pop() if len(widths) == 1 else 0
        if 2 <= width <= 6:
            found.update({f"{name}[{at}]": [value[at] for value in values] for at in range(width)})
        else:
            found[name] = values
    return found


def row(value: Any) -> dict[str, Any]:
    """Return the named entries of a dict or a plain object, such as a dataclass; {} if it is neither."""
    if _is_plain_object(value) or is_named_tuple(value):
        value = entries(value)
    is_row = isinstance(value, dict) and len(value) <= MAX_COLUMNS and all(isinstance(key, str) for key in value)
    return value if is_row else {}


def _of_rows(name: str, rows: Sequence[dict[str, Any]], taken: Collection[str]) -> dict[str, list[Any]]:
    """Return the columns of rows; those of training and those of testing, which have other keys, apart."""
    found: dict[str, list[Any]] = {}
    for keys in list(dict.fromkeys(tuple(row) for row in rows))[:MAX_COLUMNS]:
        for key in keys:
            column = f"{name}[{key}]"
            if column in found or column in taken:
                column = f"{name}[{', '.join(keys)}][{key}]"
            found[column] = [row[key] for row in rows if tuple(row) == keys]
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
