"""Choose which of a student's files counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath

from grader.course.ingest.layouts import Owner
from grader.notebook.helper_files import Beside

_NEVER = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Candidate:
    """A file that a student handed in. `shown` is its path for messages, `stamp` its modification time.

    `beside` returns the helper files of a notebook from an archive of the student; None for a notebook that was handed
    in as it is.
    """

    owner: Owner
    shown: PurePosixPath
    stamp: float
    fetch: Callable[[], Path]
    beside: Callable[[], Beside] | None = None


@dataclass(frozen=True)
class StudentFiles:
    """All that one student handed in: the notebooks, latest first, and the names of other files."""

    owner: Owner
    notebooks: tuple[Candidate, ...]
    others: tuple[str, ...]


def latest_first(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Sort by submission time, then the system's number, then the modification time, then the name (v10 after v9)."""
    return tuple(sorted(candidates, key=_order, reverse=True))


def _order(one: Candidate) -> tuple[datetime, int, float, list[tuple[int, int, str]]]:
    submitted = one.owner.submitted.astimezone() if one.owner.submitted else _NEVER
    return submitted, one.owner.order, one.stamp, natural(one.shown.name)


def natural(name: str) -> list[tuple[int, int, str]]:
    """Return a sort key that compares numbers in names by value."""
    parts = re.findall(r"\d+|\D+", name.casefold())
    return [(0, int(part[:18]), "") if part[0].isdecimal() else (1, 0, part) for part in parts]


def by_student(owned: Iterable[tuple[Owner, Iterable[Candidate], str]]) -> tuple[StudentFiles, ...]:
    """Group by student. Each input is (owner, the notebooks in a file, the file's name or '' for a system's note)."""
    groups: dict[str, tuple[list[Owner], list[Candidate], list[str]]] = {}
    for owner, candidates, name in owned:
        owners, notebooks, others = groups.setdefault(owner.group, ([], [], []))
        found = list(candidates)
        owners.append(owner)
        notebooks += found
        if name and not found:
            others.append(name)
    result = []
    for owners, notebooks, others in groups.values():
        ordered = latest_first(notebooks)
        newest = max(owners, key=lambda o: (o.submitted.astimezone() if o.submitted else _NEVER, o.order))
        result.append(StudentFiles(ordered[0].owner if ordered else newest, ordered, tuple(others)))
    return tuple(sorted(result, key=lambda one: one.owner.label))
