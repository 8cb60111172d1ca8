"""What if a limit on losses were another: judge a class again from the kept evidence, with the limit changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from grader.assignment import Assignment
from grader.course.store import Store, StoreError, read_document
from grader.course.what_if import WhatIfError
from grader.grading.replay import Replayed, ReplayError, material, with_limits


@dataclass(frozen=True)
class Moved:
    """A submission whose verdicts differ with other limits. `points` is what it would win; negative: lose."""

    submission: str
    student: str
    checks: tuple[Replayed, ...]

    @property
    def points(self) -> float:
        """The points that it would win, negative if it would lose some."""
        gains = ((one.now.score if one.now else 0.0) - (one.was.score if one.was else 0.0) for one in self.checks)
        return round(sum(gains), 2)


@dataclass(frozen=True)
class Unknown:
    """A submission that could not be judged again, and why."""

    submission: str
    why: str


def moved_by(
    store: Store,
    assignment: Assignment,
    limits: Mapping[str, float],
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Iterator[Moved | Unknown]:
    """Yield the submissions of a class whose verdicts differ with these limits, and those that cannot be judged again.

    `progress` is told how many of how many were judged. A submission takes about half a second. Raises WhatIfError for
    a limit that the assignment lacks, and StoreError.
    """
    rows = list(store.rows())
    for number, row in enumerate(rows, 1):
        if row.machine.status != "failed":
            try:
                result = read_document(store.document(row.key)).with_evidence(store.evidence(row.key))
                found = material(result)
            except (ReplayError, StoreError) as error:
                yield Unknown(row.entry.name, str(error))
            else:
                try:
                    checks = with_limits(found, assignment, limits)
                except ReplayError as error:
                    raise WhatIfError(str(error)) from None
                if checks:
                    yield Moved(row.entry.name, row.entry.student_name, checks)
        progress(number, len(rows))
