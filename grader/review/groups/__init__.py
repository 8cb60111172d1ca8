"""Propose groups of written answers that say the same, so that a person can decide on many at once.

A proposal only: answers that no other resembles stay alone, and a person takes single ones out of a group again.
docs/review_groups.md says why answers are compared in this way, and how good the groups are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from grader.review.groups.distances import distances
from grader.review.groups.linkage import complete_linkage

__all__ = ["FARTHEST", "Group", "propose"]

FARTHEST = 0.55
"""The largest distance of two answers in one group. 0 is the same text, 1 is nothing in common."""


@dataclass(frozen=True)
class Group:
    """Answers that say the same. `members` are their keys, the most typical answer first; `width` is their distance.

    The width is that of the two answers of the group that differ most: 0 if all have the same words.
    """

    members: tuple[str, ...]
    width: float = 0.0


def propose(answers: Mapping[str, str], farthest: float = FARTHEST) -> tuple[Group, ...]:
    """Return the groups of these answers to one question, by key; the largest first, and each answer in just one.

    Equal sizes are in the order of their first member in `answers`. Blank answers are a group of their own.

    >>> said = {"a": "It is 1.2 times faster.", "b": "It's 1.3 times faster!", "c": "The curves are flat."}
    >>> [group.members for group in propose(said)]
    [('a', 'b'), ('c',)]
    """
    keys = list(answers)
    if not keys:
        return ()
    apart = distances([answers[key] for key in keys])
    groups = []
    for places in complete_linkage(apart, farthest):
        among = apart[np.ix_(places, places)]
        typical = [places[at] for at in np.argsort(among.sum(axis=1), kind="stable")]
        groups.append((min(places), Group(tuple(keys[at] for at in typical), round(float(among.max()), 3))))
    return tuple(group for _, group in sorted(groups, key=lambda one: (-len(one[1].members), one[0])))
