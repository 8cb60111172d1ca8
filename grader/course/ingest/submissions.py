"""A submission: one notebook of one student, and the name of its folder of results."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Submission:
    """A notebook and the name of its result folder, unique in the batch and safe on any file system.

    `late` is None when nobody knows. `superseded` names what the same student handed in besides. `problem` says why there
    is no notebook to grade: then `path` is what was handed in instead.
    """

    path: Path
    name: str
    student_id: str = ""
    student_name: str = ""
    submitted: datetime | None = None
    late: bool | None = None
    superseded: tuple[str, ...] = ()
    problem: str = ""


def with_unique_names(submissions: Iterable[Submission]) -> tuple[Submission, ...]:
    """The submissions, sorted by name, each name made safe and unique also where capitals do not count."""
    taken: set[str] = set()
    named = []
    for submission in submissions:
        name = _unique(_safe(submission.name), taken)
        taken.add(name.casefold())
        named.append(replace(submission, name=name))
    return tuple(named)


_OURS = ("summary.csv", "class.csv", "results.sqlite", "result.json", "report.html")  # beside the folders, or in them
MAX_PART, MAX_NAME = 200, 1000  # bytes


def _safe(label: str) -> str:
    parts = [re.sub(r"[^\w.()@+ -]", "_", part).strip(" .") or "_" for part in Path(label).parts]
    parts = [f"{part}_" if part.casefold().startswith(_OURS) else part for part in parts]
    return _short("/".join(_short(part[:120], MAX_PART) for part in parts), MAX_NAME).strip("/") or "_"


def _short(text: str, size: int) -> str:
    return text.encode()[:size].decode("utf-8", "ignore")


def _unique(name: str, taken: set[str]) -> str:
    candidate, count = name, 1
    while candidate.casefold() in taken:
        count += 1
        candidate = f"{name}-{count}"
    return candidate


def is_late(submitted: datetime | None, said: bool | None, due: datetime | None) -> bool | None:
    """Whether it was late: by the deadline where both times are known, else as the system said.

    A time without a zone is in local time.
    """
    if submitted is None or due is None:
        return said
    return submitted.astimezone() > due.astimezone()
