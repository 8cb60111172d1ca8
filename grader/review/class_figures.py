"""The figures of the class: the distribution of the points, and how each item went. Fast enough for thousands."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from grader.reports.class_summary import BINS, KINDS, OTHER, WAITS, ClassSummary, Success

if TYPE_CHECKING:
    from grader.course.scores import ItemStanding
    from grader.course.store import Row


def figures(rows: Iterable[Row], items: Sequence[str]) -> ClassSummary:
    """Return the distribution of the points and the items of a class, without its members and faults.

    What waits for a person is neither earned nor lost: the shares are those of the points that are decided.
    """
    bins, shares = [0] * BINS, []
    tallies = {item: _Tally() for item in items}
    for row in rows:
        final = row.final.standing
        if final.status != "failed" and final.decided > 0:
            share = 100 * final.confirmed / final.decided
            shares.append(share)
            bins[min(BINS - 1, max(0, int(share * BINS / 100)))] += 1
        for item in final.items:
            tally = tallies.get(item.id)
            if tally is None:
                tally = tallies[item.id] = _Tally()
            tally.add(item)
    return ClassSummary(
        (),
        bins=tuple(bins),
        mean=sum(shares) / len(shares) if shares else None,
        median=statistics.median(shares) if shares else None,
        items=tuple(tally.success(item) for item, tally in tallies.items() if tally.any),
    )


class _Tally:
    """Counts the outcomes of one item."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(KINDS, 0)
        self._share, self._decided = 0.0, 0
        self.any = False

    def add(self, item: ItemStanding) -> None:
        status = WAITS if item.open or item.status == "error" else item.status
        self._counts[status if status in self._counts else OTHER] += 1
        self.any = True
        if status not in (WAITS, OTHER) and item.max_score > 0:
            self._share += 100 * item.score / item.max_score
            self._decided += 1

    def success(self, item: str) -> Success:
        return Success(item, "", self._counts, self._share / self._decided if self._decided else None)
