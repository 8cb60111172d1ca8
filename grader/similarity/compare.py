"""Compare the works of a class: which pairs are more alike than independent ones, in what, and which belong together.

What is found is evidence for a person to look at. It does not say that anybody copied, nor who from whom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from grader.notebook.cells import Notebook
from grader.similarity.fingerprints import DEFAULT, Settings, fingerprints
from grader.similarity.index import Features, Found, Index, Likeness, alike, likeness, make_index
from grader.similarity.outputs import measured_lines, output_features, picture_features
from grader.similarity.prose import runs
from grader.similarity.tokens import units_of
from grader.similarity.work import Work

# Measured by tests/benchmarks/bench_similarity.py; docs/copied_work.md has the figures.
LEAST_CODE, LEAST_FRAGMENTS = 0.5, 8
LEAST_ANSWER, LEAST_RUNS = 0.4, 25
LEAST_LINES, LEAST_PICTURES = 3, 1
COMMON = 0.1  # of the class
MOST_PAIRS = 2_000

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Limits:
    """From which share of code, or of an answer, on a pair is listed.

    What more than the fraction `common` of the class has does not count.
    """

    code: float = LEAST_CODE
    answer: float = LEAST_ANSWER
    common: float = COMMON


@dataclass(frozen=True)
class Pair:
    """Two works that are more alike than independent ones, by their names; and in what.

    `code` is how alike their code is, listed or not. `answers` holds the written answers that are alike, by item.
    `lines` and `pictures` are the numbers of saved lines with measured numbers, and of saved figures, that both have
    and hardly anybody else.
    """

    first: str
    second: str
    code: Likeness
    answers: Mapping[str, Likeness]
    lines: int = 0
    pictures: int = 0

    def strength(self, least_code: float) -> float:
        """Return what pairs are sorted by: the sum of what was found, each at most 1, code twice.

        Code that is alike by less than `least_code`, as that of independent notebooks may be, does not count.
        """
        code = self.code.share if self.code.share >= least_code else 0.0
        best = max((one.share for one in self.answers.values()), default=0.0)
        return 2 * code + best + min(1.0, self.lines / 10) + min(1.0, self.pictures / 2)


@dataclass(frozen=True)
class Comparison:
    """The pairs of a class, strongest first, and the clusters that they form: each the names of its works.

    `spread` tells how many of all pairs have a share of code in each twentieth from 0 to 1. `left_out` is the number of
    pairs beyond those that are kept.
    """

    works: tuple[str, ...]
    pairs: tuple[Pair, ...]
    clusters: tuple[tuple[str, ...], ...]
    spread: tuple[int, ...]
    limits: Limits = Limits()
    left_out: int = 0


@dataclass(frozen=True)
class Compared:
    """A comparison, with the features that both works of a pair have and that count: `common`."""

    comparison: Comparison
    code: Index
    answers: Mapping[str, Index]
    lines: Index
    at: Mapping[str, int]

    def common_code(self, pair: Pair) -> frozenset[int]:
        """Return the fingerprints that both works have."""
        return _common(self.code, self.at[pair.first], self.at[pair.second])

    def common_runs(self, pair: Pair, item: str) -> frozenset[int]:
        """Return the runs of letters that both answers have."""
        return _common(self.answers[item], self.at[pair.first], self.at[pair.second])

    def common_lines(self, pair: Pair) -> frozenset[int]:
        """Return the digests of the saved lines that both have."""
        return _common(self.lines, self.at[pair.first], self.at[pair.second])


def compare(
    works: Sequence[Work],
    base: Sequence[Notebook] = (),
    limits: Limits | None = None,
    settings: Settings = DEFAULT,
    progress: Progress | None = None,
) -> Compared:
    """Compare all works with each other. What `base` holds, as the handout and the solution, does not count."""
    limits = limits or Limits()
    code: list[Features] = []
    for done, work in enumerate(works, 1):
        code.append(fingerprints(units_of(work.notebook), settings))
        if progress is not None:
            progress(done)
    known = [fingerprints(units_of(one), settings) for one in base]
    nothing = np.empty(0, np.uint64)
    index = make_index(code, np.unique(np.concatenate(known)) if known else nothing, limits.common)
    like_code = alike(index, limits.code, LEAST_FRAGMENTS)

    items = sorted({item for work in works for item in work.answers})
    answers = {
        item: make_index([runs(work.answers.get(item, "")) for work in works], nothing, limits.common) for item in items
    }
    theirs = [output_features(one) for one in base]
    lines = make_index(
        [output_features(work.notebook) for work in works],
        np.unique(np.concatenate(theirs)) if theirs else nothing,
        limits.common,
    )
    pictures = make_index(
        [picture_features(one for each in work.pictures.values() for one in each) for work in works],
        nothing,
        limits.common,
    )
    found = _Pairs(works, index)
    found.add(like_code.found)
    for item, of_item in answers.items():
        found.add_answers(item, alike(of_item, limits.answer, LEAST_RUNS).found)
    found.add_numbers(found.lines, alike(lines, 0.0, LEAST_LINES).found)
    found.add_numbers(found.pictures, alike(pictures, 0.0, LEAST_PICTURES).found)
    pairs = sorted(found.pairs(), key=lambda pair: (-pair.strength(limits.code), pair.first, pair.second))
    comparison = Comparison(
        tuple(work.name for work in works),
        tuple(pairs[:MOST_PAIRS]),
        tuple(clusters((pair.first, pair.second) for pair in pairs)),
        like_code.spread,
        limits,
        max(0, len(pairs) - MOST_PAIRS),
    )
    return Compared(comparison, index, answers, lines, {work.name: at for at, work in enumerate(works)})


class _Pairs:
    """Collects what was found of each pair."""

    def __init__(self, works: Sequence[Work], code: Index) -> None:
        self.works, self.index = works, code
        self.keys: set[tuple[int, int]] = set()
        self.answers: dict[tuple[int, int], dict[str, Likeness]] = {}
        self.lines: dict[tuple[int, int], int] = {}
        self.pictures: dict[tuple[int, int], int] = {}

    def add(self, found: Iterable[Found]) -> list[Found]:
        """Add pairs, those of the same people left out; return those that were added."""
        kept = [one for one in found if not self.works[one.first].same_people(self.works[one.second])]
        self.keys.update((one.first, one.second) for one in kept)
        return kept

    def add_answers(self, item: str, found: Iterable[Found]) -> None:
        """Add answers that are alike."""
        for one in self.add(found):
            self.answers.setdefault((one.first, one.second), {})[item] = one.likeness

    def add_numbers(self, numbers: dict[tuple[int, int], int], found: Iterable[Found]) -> None:
        """Add the numbers of features that are common."""
        for one in self.add(found):
            numbers[one.first, one.second] = one.likeness.common

    def pairs(self) -> Iterator[Pair]:
        """Yield all pairs."""
        for key in self.keys:
            first, second = (self.works[at].name for at in key)
            yield Pair(
                first,
                second,
                likeness(self.index, *key),
                self.answers.get(key, {}),
                self.lines.get(key, 0),
                self.pictures.get(key, 0),
            )


def clusters(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Return the groups that pairs link together, the largest first.

    >>> clusters([("a", "b"), ("c", "d"), ("b", "e")])
    [('a', 'b', 'e'), ('c', 'd')]
    """
    groups: dict[str, list[str]] = {}
    for first, second in pairs:
        one, other = groups.setdefault(first, [first]), groups.setdefault(second, [second])
        if one is not other:
            small, large = sorted((one, other), key=len)
            large += small
            groups.update(dict.fromkeys(small, large))
    distinct = {id(group): tuple(sorted(group)) for group in groups.values()}
    return sorted(distinct.values(), key=lambda group: (-len(group), group))


def common_measured(first: Notebook, second: Notebook, common: frozenset[int]) -> Iterator[tuple[int, int, str]]:
    """Yield the saved lines that both have: the cells, and the line as the first one has it."""
    theirs = {digest: cell for digest, cell, _ in measured_lines(second)}
    seen: set[int] = set()
    for digest, cell, line in measured_lines(first):
        if digest in common and digest in theirs and digest not in seen:
            seen.add(digest)
            yield cell, theirs[digest], line


def _common(index: Index, first: int, second: int) -> frozenset[int]:
    common = np.intersect1d(index.counted(first), index.counted(second), assume_unique=True)
    return frozenset(map(int, common))
