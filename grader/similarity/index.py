"""Compare many sets of features with each other by an inverted index, without looking at each pair.

What more than a fraction of the class has, such as what the handout holds or what every right solution needs, does not
count. The rest counts the more the fewer have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.uint64]

FEW = 5  # what so many have counts in a class of any size


class Likeness(NamedTuple):
    """The similarity of two sets.

    `share` tells how much of what counts in the smaller one the other has too, from 0 to 1; a set that is smaller than
    half of the usual one is taken as that large, so that a few features do not make all of it. `common` is the number
    of features that both have, `first` and `second` are the numbers that each has.
    """

    share: float
    common: int
    first: int
    second: int


class Found(NamedTuple):
    """Two sets with features in common, by their places, the first one smaller."""

    first: int
    second: int
    likeness: Likeness


@dataclass(frozen=True)
class Index:
    """The features that count, with their weights; `places` are those of each set, `totals` their weights together.

    A set whose total is below `floor` is compared as if it were that.
    """

    features: Features
    weights: NDArray[np.float64]
    places: tuple[NDArray[np.int64], ...]
    totals: NDArray[np.float64]
    floor: float = 0.0

    def counted(self, one: int) -> Features:
        """Return the features of a set that count."""
        return self.features[self.places[one]]


def most_owners(count: int, fraction: float) -> int:
    """Return how many of `count` sets may have a feature that still counts.

    >>> [most_owners(count, 0.1) for count in (2, 4, 30, 200)]
    [5, 5, 5, 20]
    """
    return max(FEW, int(count * fraction))


def make_index(sets: Sequence[Features], base: Features, fraction: float) -> Index:
    """Return an index of sets of features, each sorted and without repetition; those in `base` do not count."""
    everything = np.concatenate(sets) if sets else np.empty(0, np.uint64)
    features, owners = np.unique(everything, return_counts=True)
    counts = (owners <= most_owners(len(sets), fraction)) & ~np.isin(features, base)
    features, owners = features[counts], owners[counts]
    weights = np.log((len(sets) + 1) / np.maximum(owners, 2)) + 1e-9 if len(features) else np.empty(0)
    places = []
    for one in sets:
        at = np.searchsorted(features, one)
        at[at == len(features)] = 0
        places.append(at[features[at] == one] if len(features) else np.empty(0, np.int64))
    totals = np.array([float(weights[at].sum()) for at in places])
    some = totals[totals > 0]
    return Index(features, weights, tuple(places), totals, float(np.median(some)) / 2 if len(some) else 0.0)


def likeness(index: Index, first: int, second: int) -> Likeness:
    """Return how alike two sets are."""
    one, other = index.places[first], index.places[second]
    common = np.intersect1d(one, other, assume_unique=True)
    smaller = max(min(index.totals[first], index.totals[second]), index.floor)
    share = float(index.weights[common].sum()) / float(smaller) if smaller else 0.0
    return Likeness(min(1.0, share), len(common), len(one), len(other))


class Alike(NamedTuple):
    """The pairs that were found, and how many of all pairs have a share in each twentieth from 0 to 1."""

    found: tuple[Found, ...]
    spread: tuple[int, ...]


STEPS = 20


def alike(index: Index, least_share: float, least_common: int) -> Alike:
    """Return the pairs that have at least so much in common, in the order of the sets."""
    found: list[Found] = []
    spread = np.zeros(STEPS, np.int64)
    owners = _owners(index)
    count = len(index.places)
    for first in range(count - 1):
        shares, numbers = _row(index, owners, first)
        spread += np.histogram(shares, STEPS, (0.0, 1.0))[0]
        for later in np.flatnonzero((numbers >= least_common) & (shares >= least_share)):
            second = first + 1 + int(later)
            found.append(Found(first, second, likeness(index, first, second)))
    return Alike(tuple(found), tuple(map(int, spread)))


def _row(
    index: Index, owners: Sequence[NDArray[np.int64]], first: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the shares and the numbers of common features with all later sets."""
    places, count = index.places[first], len(index.places)
    lists = [owners[at] for at in places]
    common = np.concatenate(lists) if lists else np.empty(0, np.int64)
    weights = np.repeat(index.weights[places], [len(one) for one in lists])
    shared = np.bincount(common, weights, minlength=count)[first + 1 :]
    numbers = np.bincount(common, minlength=count)[first + 1 :]
    smaller = np.maximum(np.minimum(index.totals[first + 1 :], index.totals[first]), max(index.floor, 1e-12))
    return np.minimum(1.0, shared / smaller), numbers


def _owners(index: Index) -> list[NDArray[np.int64]]:
    """Return the sets that have each feature."""
    if not len(index.features):
        return []
    features = np.concatenate(index.places)
    sets = np.repeat(np.arange(len(index.places)), [len(at) for at in index.places])
    order = np.argsort(features, kind="stable")
    ends = np.cumsum(np.bincount(features, minlength=len(index.features)))
    return np.split(sets[order], ends[:-1])
