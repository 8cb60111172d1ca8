"""Put things into clusters in which any two are near each other: complete linkage, cut at a distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["complete_linkage"]


def complete_linkage(apart: NDArray[np.float32], farthest: float) -> list[list[int]]:
    """Return the clusters as sorted lists of rows: always the nearest two are joined while no two things in one
    cluster are farther apart than `farthest`.

    Follows chains of nearest neighbours, which takes time with the square of the number of things.

    >>> complete_linkage(np.array([[0, 0.1, 0.9], [0.1, 0, 0.5], [0.9, 0.5, 0]]), 0.6)
    [[0, 1], [2]]
    """
    table = np.array(apart, dtype=np.float32)
    np.fill_diagonal(table, np.inf)
    members = {at: [at] for at in range(len(table))}
    open_rows = set(members)
    chain: list[int] = []
    while open_rows:
        if not chain:
            chain = [min(open_rows)]
        last = chain[-1]
        nearest = int(np.argmin(table[last]))
        before = chain[-2] if len(chain) > 1 else None
        if before is not None and table[last, before] <= table[last, nearest]:
            nearest = before
        if not table[last, nearest] <= farthest:  # it can only get farther: this cluster is complete
            open_rows.discard(last)
            table[last], table[:, last] = np.inf, np.inf
            chain.pop()
        elif nearest == before:
            del chain[-2:]
            table[before] = table[:, before] = np.maximum(table[before], table[last])
            table[last], table[:, last] = np.inf, np.inf
            table[before, before] = np.inf
            members[before] += members.pop(last)
            open_rows.discard(last)
        else:
            chain.append(nearest)
    return sorted(sorted(one) for one in members.values())
