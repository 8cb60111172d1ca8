"""Attach data to a student's objects: by identity, and only as long as the objects live."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

V = TypeVar("V")


class Attached(Generic[V]):
    """A mapping from objects to values that neither keeps the objects alive nor calls their __eq__ or __hash__."""

    def __init__(self) -> None:
        self._entries: dict[int, tuple[weakref.ref[Any], V]] = {}

    def get(self, owner: object) -> V | None:
        """Return the value attached to `owner`; None if there is none."""
        entry = self._entries.get(id(owner))
        return entry[1] if entry is not None and entry[0]() is owner else None

    def put(self, owner: object, value: V) -> V:
        """Attach a value, and return it. Raises TypeError if `owner` cannot be weakly referenced."""
        key = id(owner)

        def forget(reference: weakref.ref[Any]) -> None:
            entry = self._entries.get(key)
            if entry is not None and entry[0] is reference:
                del self._entries[key]

        self._entries[key] = (weakref.ref(owner, forget), value)
        return value

    def items(self) -> Iterator[tuple[Any, V]]:
        """Yield the living objects with their values, in the order in which they were attached."""
        for reference, value in list(self._entries.values()):
            owner = reference()
            if owner is not None:
                yield owner, value

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Remove all entries."""
        self._entries.clear()
