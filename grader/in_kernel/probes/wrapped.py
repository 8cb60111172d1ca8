"""Find the DataLoader inside an object of the notebook that goes over one, such as fast.ai's DeviceDataLoader."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn
from torch.utils.data import DataLoader, Dataset

MAX_DEPTH = 3  # wrappers around wrappers


def loader_in(value: Any, depth: int = MAX_DEPTH) -> DataLoader[Any] | None:
    """Return the one DataLoader that an iterable object keeps in an attribute, also deeper; None if it keeps none."""
    found = _place(value, depth)
    if found is None:
        return None
    return found[1] if isinstance(found[1], DataLoader) else loader_in(found[1], depth - 1)


def with_loader(value: Any, loader: DataLoader[Any]) -> Any:
    """Return a copy of a wrapper that goes over `loader`; the wrapper stays as it is. Raises what copying raises."""
    found = _place(value, MAX_DEPTH)
    if found is None:
        return loader
    name, inner = found
    copied = copy.copy(value)
    object.__setattr__(copied, name, loader if isinstance(inner, DataLoader) else with_loader(inner, loader))
    return copied


def wrappers(namespace: Mapping[str, Any]) -> Iterator[tuple[str, Any, DataLoader[Any]]]:
    """Yield name, wrapper and DataLoader for each of the names."""
    for name, value in list(namespace.items()):
        inner = None if name.startswith("_") else loader_in(value)
        if inner is not None:
            yield name, value, inner


def _place(value: Any, depth: int) -> tuple[str, Any] | None:
    """Return the attribute that holds the DataLoader or a wrapper around it, and what it holds."""
    other = (DataLoader, Dataset, nn.Module, type, list, tuple, dict, str)
    if depth <= 0 or isinstance(value, other) or not hasattr(type(value), "__iter__"):
        return None
    slots = [name for cls in type(value).__mro__ for name in _slots(cls)]
    held = {**{name: getattr(value, name, None) for name in slots}, **getattr(value, "__dict__", {})}
    found = [(name, one) for name, one in held.items() if isinstance(one, DataLoader)]
    found = found or [(name, one) for name, one in held.items() if loader_in(one, depth - 1) is not None]
    return found[0] if len(found) == 1 else None


def _slots(cls: type) -> tuple[str, ...]:
    slots = cls.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)
