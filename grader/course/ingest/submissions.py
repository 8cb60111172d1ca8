"""A submission: one notebook of one student, and the name of its result folder."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from grader.notebook.helper_files import Beside, read_helper_files


@dataclass(frozen=True)
class Submission:
    """A notebook and the name of its result folder, unique in the batch and safe on any file system.

    `late` is None if unknown. `superseded` names the student's other notebooks, which do not count. `problem` says why
    there is no notebook to grade; `path` is then the file that was handed in. `beside` are the helper files from the
    same submission.
    """

    path: Path
    name: str
    student_id: str = ""
    student_name: str = ""
    submitted: datetime | None = None
    late: bool | None = None
    superseded: tuple[str, ...] = ()
    problem: str = ""
    beside: Beside = ()

    def identity(self, sha256: str) -> str:
        """Return a digest of all that was handed in, of a notebook with this SHA-256; '' if that is unknown."""
        files = read_helper_files(self.beside).digest if self.beside and sha256 else ""
        return hashlib.sha256(f"{sha256} {files}".encode()).hexdigest() if files else sha256


def with_unique_names(submissions: Iterable[Submission]) -> tuple[Submission, ...]:
    """Return the submissions with names made safe, and unique even if case is ignored."""
    taken: set[str] = set()
    named = []
    for submission in submissions:
        name = _unique(safe_name(submission.name), taken)
        taken.add(name.casefold())
        named.append(replace(submission, name=name))
    return tuple(named)


# The grader writes these files beside or into the result folders.
_OURS = (
    "summary.csv",
    "class.csv",
    "class.html",
    "results.sqlite",
    "result.json",
    "report.html",
    "executed.ipynb",
    "marks.json",
    "similar.sqlite",
)
MAX_PART, MAX_NAME = 200, 1000  # bytes


def safe_name(label: str) -> str:
    """Return a label as the name of a result folder, safe on any file system."""
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
    """Return whether a submission was late: by the deadline if both times are known, else as the system `said`.

    A time without a zone is local time.
    """
    if submitted is None or due is None:
        return said
    return submitted.astimezone() > due.astimezone()
