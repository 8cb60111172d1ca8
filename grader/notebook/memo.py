"""Remember what was made of texts, up to a total length: the cells of one notebook are read many times."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")

MOST_CHARACTERS = 4_000_000  # as much code as one notebook may hold
_EACH = 100  # characters that each text counts more


class Remembered(Generic[T]):
    """A function of one text that remembers its results; those used longest ago are forgotten first.

    The texts together are limited, not their number: with a limit of the number, a notebook with more cells than that
    would have each of its cells read again by every stage.
    """

    def __init__(self, function: Callable[[str], T], most: int = MOST_CHARACTERS) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._most = most
        self._lock = Lock()
        self.cache_clear()

    def __call__(self, text: str) -> T:
        """Return what the function makes of the text. Raises what the function raises."""
        with self._lock:
            if text in self._known:
                self._known.move_to_end(text)
                return self._known[text]
        found = self._function(text)
        with self._lock:
            if text not in self._known:
                self._known[text] = found
                self._held += len(text) + _EACH
            while self._held > self._most and len(self._known) > 1:
                self._held -= len(self._known.popitem(last=False)[0]) + _EACH
        return found

    def __len__(self) -> int:
        """Return how many results are remembered."""
        return len(self._known)

    def cache_clear(self) -> None:
        """Forget all results."""
        self._known: OrderedDict[str, T] = OrderedDict()
        self._held = 0
