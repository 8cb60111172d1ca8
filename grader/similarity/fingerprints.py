"""Fingerprints of token sequences by winnowing (Schleimer, Wilkerson, Aiken: SIGMOD 2003).

Every run of K tokens has a hash; of each WINDOW hashes in a row the smallest is kept. So a passage of
K + WINDOW - 1 tokens that two notebooks share always gives them a fingerprint in common.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from grader.similarity.tokens import Unit

K = 12
WINDOW = 4
_BASE = np.uint64(0x9E3779B97F4A7C15)
Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Settings:
    """The settings of winnowing: how many tokens are hashed together, and of how many hashes one is kept."""

    k: int = K
    window: int = WINDOW


DEFAULT = Settings()


@lru_cache(maxsize=100_000)
def digest(text: str) -> int:
    """Return a 64-bit digest of a text, the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little")


def hashes(texts: Sequence[str], k: int) -> Hashes:
    """Return the hash of each run of `k` tokens, in order; the same in every process.

    >>> list(hashes("abcabc", 3) == hashes("abcabc", 3)[0])
    [True, False, False, True]
    """
    count = len(texts) - k + 1
    if count < 1:
        return np.empty(0, np.uint64)
    codes = np.array([digest(text) for text in texts], np.uint64)
    found = np.zeros(count, np.uint64)
    for at in range(k):  # all sums and products are modulo 2 ** 64
        found = found * _BASE + codes[at : at + count]
    found ^= found >> np.uint64(31)
    found *= np.uint64(0xBF58476D1CE4E5B9)
    mixed: Hashes = found ^ (found >> np.uint64(29))
    return mixed


def winnow(values: Hashes, window: int) -> Hashes:
    """Return the smallest of each `window` hashes in a row, each once."""
    if len(values) <= window:
        return np.array([values.min()], np.uint64) if len(values) else values
    lowest: Hashes = np.lib.stride_tricks.sliding_window_view(values, window).min(axis=1)
    return np.unique(lowest)


def fingerprints(units: Sequence[Unit], settings: Settings = DEFAULT) -> Hashes:
    """Return the fingerprints of a notebook's units, sorted and each once.

    A function that is shorter than `k` tokens has none.
    """
    kept = [winnow(hashes([token.text for token in unit.tokens], settings.k), settings.window) for unit in units]
    return np.unique(np.concatenate(kept)) if kept else np.empty(0, np.uint64)
