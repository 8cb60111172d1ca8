"""Judge a class again from the kept evidence, with another limit on losses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from grader.assignment import Assignment
from grader.course.changes import changing
from grader.course.decisions import MarkError, text_of
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


def apply_limits(store: Store, moved: Iterable[Moved], by: str, reason: str) -> tuple[str, ...]:
    """Let the verdicts with other limits count, as a person's verdicts; return what was left as it was, and why.

    All of it is one step in the audit. Raises MarkError for an empty reason, and StoreError.
    """
    said = text_of(reason, "the reason", needed=True)
    problems: list[str] = []
    with changing(store, by) as change:
        for one in moved:
            row = store.row(one.submission)
            for check in one.checks:
                if row is None or check.now is None or check.same_points:
                    continue
                if check.check in row.final.overrides:
                    problems.append(f"{one.submission}: a person had decided on {check.check} before")
                    continue
                try:
                    change.override(one.submission, check.check, check.now.score, f"{said} ({check.now.message})")
                except MarkError as error:
                    problems.append(f"{one.submission}: {error}")
    return tuple(problems)
