"""What the harness knows of a student's objects, kept beside them: by identity, and only as long as they live."""

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
        """What is attached to `owner`, None if nothing is."""
        entry = self._entries.get(id(owner))
        return entry[1] if entry is not None and entry[0]() is owner else None

    def put(self, owner: object, value: V) -> V:
        """Attach a value, and return it. Raises TypeError where `owner` has no weak references."""
        key = id(owner)

        def forget(reference: weakref.ref[Any]) -> None:
            entry = self._entries.get(key)
            if entry is not None and entry[0] is reference:
                del self._entries[key]

        self._entries[key] = (weakref.ref(owner, forget), value)
        return value

    def items(self) -> Iterator[tuple[Any, V]]:
        """The objects that live, with their values, in the order in which they were attached."""
        for reference, value in list(self._entries.values()):
            owner = reference()
            if owner is not None:
                yield owner, value

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
