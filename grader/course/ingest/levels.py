"""Find the part of a path that the course system wrote: only this part says whose file it is.

A student chooses the names of the own files and of the folders in which they are packed, and may choose such a name as
the system itself gives. What the system wrote comes first in a path, so the first part that fits decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

from grader.course.ingest.sources import SUFFIXES

Layout = Literal[
    "canvas", "moodle", "blackboard", "brightspace", "gradescope", "autolab", "nbgrader", "folders", "plain"
]

CANVAS = re.compile(
    r"(?:(?P<who>[^\W\d_]\w*?)_)??(?:(?P<late>LATE)_)?(?P<id>\d+|anon_\w{5})(?:_(?P<file>\d+)_(?P<name>.+)|_(?:text|link)\.html)",
    re.DOTALL,
)
MOODLE = re.compile(r"(?P<who>.+?)_(?P<id>\d+)_assignsubmission_(?P<kind>\w+?)(?:_(?P<name>[^/]*))?", re.DOTALL)
BLACKBOARD = re.compile(
    r"(?P<prefix>.+?)_attempt_(?P<time>\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)(?:_(?P<name>.+)|\.txt)", re.DOTALL
)
# The two numbers differ between classes; the time is in the language of whoever made the download.
BRIGHTSPACE = re.compile(
    r"(?P<id>\d+)-\d+ - (?P<who>.+?) - (?P<time>(?:(?! - ).)*?\b\d{4}\b(?:(?! - ).)*?)(?: - (?P<name>.+))?", re.DOTALL
)
# An underscore in the name of all hand-ins brings the version before the address.
AUTOLAB = re.compile(
    r"(?:(?P<first>\d+)_(?=[^@]+@[^@_]+_(?!\d+_)))?(?P<email>[^@\s]+@[^@\s_]+)_(?:(?P<version>\d+)_)?(?P<name>.+)",
    re.DOTALL,
)
GRADESCOPE = re.compile(r"submission_(\d+)")
SUBMITTED = "submitted"


@dataclass(frozen=True)
class Levels:
    """The folders of a download in which its submissions lie.

    `flat` has for Canvas, Blackboard and Autolab the folders that hold the system's files, `assignments` for each of
    Blackboard's the beginning of all its files: the assignment's name. `submitted` is the place of nbgrader's folder of
    this name in the paths, None if there is none.
    """

    flat: Mapping[str, frozenset[PurePosixPath]] = field(default_factory=dict)
    assignments: Mapping[PurePosixPath, str] = field(default_factory=dict)
    submitted: int | None = None


def levels(paths: Iterable[PurePosixPath]) -> Levels:
    """Return the levels of a download from the paths of all its files."""
    handed = [path for path in paths if path.suffix.lower() in SUFFIXES]
    flat = {
        name: frozenset(path.parent for path in handed if fits(path.name) is not None) for name, fits in _FLAT.items()
    }
    prefixes: dict[PurePosixPath, set[str]] = {}
    for path in handed:
        at = _in_flat(path, "blackboard", flat["blackboard"])
        if at is not None and (found := BLACKBOARD.fullmatch(path.parts[at])):
            prefixes.setdefault(PurePosixPath(*path.parts[:at]), set()).add(found["prefix"])
    return Levels(flat, {folder: _assignment(found) for folder, found in prefixes.items()}, _submitted(handed))


def fits_canvas(name: str) -> re.Match[str] | None:
    """Return the match of a name that Canvas gives to a file, None for other names."""
    found = CANVAS.fullmatch(name)
    return found if found and (found["who"] or found["id"].startswith("anon_")) else None


_FLAT: Mapping[str, Callable[[str], re.Match[str] | None]] = {
    "canvas": fits_canvas,
    "blackboard": BLACKBOARD.fullmatch,
    "autolab": AUTOLAB.fullmatch,
}


def decisive(path: PurePosixPath, layout: Layout, found: Levels) -> int | None:
    """Return the index of the part of the path that says whose file it is; None if there is none.

    For nbgrader, this is the student's folder. `plain` has none.
    """
    parts = path.parts
    if layout in _FLAT:
        return _in_flat(path, layout, found.flat.get(layout, frozenset()))
    if layout == "moodle":
        return next((at for at, part in enumerate(parts) if MOODLE.fullmatch(part)), None)
    if layout == "brightspace":
        return next((at for at, part in enumerate(parts) if BRIGHTSPACE.fullmatch(part)), None)
    if layout == "gradescope":
        return next((at for at, part in enumerate(parts[:-1]) if GRADESCOPE.fullmatch(part)), None)
    if layout == "nbgrader":
        above = found.submitted
        at = above + 1 if above is not None and parts[above : above + 1] == (SUBMITTED,) else 0
        return at if len(parts) >= at + 3 else None
    return 0 if layout == "folders" and len(parts) > 1 else None


def _in_flat(path: PurePosixPath, layout: str, tops: frozenset[PurePosixPath]) -> int | None:
    """Return the first part that fits, from the outermost folder on that holds files of the system.

    A folder that fits is an archive of a student that was unpacked.
    """
    fits = _FLAT[layout]
    last = len(path.parts) - 1
    outermost = next((len(up.parts) for up in reversed(path.parents) if up in tops), last)
    return next((at for at in range(max(0, outermost), last + 1) if fits(path.parts[at])), None)


def _assignment(prefixes: Collection[str]) -> str:
    """Return the common beginning of 'Homework_3_jdoe' and 'Homework_3_h_mueller'; '' if there is but one."""
    if len(prefixes) < 2:
        return ""
    first, last = min(prefixes), max(prefixes)
    common = next((at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    return first[:common].rpartition("_")[0]


def _submitted(handed: Sequence[PurePosixPath]) -> int | None:
    """Return the place of the folder 'submitted' in the paths.

    Deeper than below one folder it must be in all of them, since there a student's own folder may have this name.
    """
    places = [path.parts.index(SUBMITTED) for path in handed if SUBMITTED in path.parts[:-1]]
    if not places:
        return None
    first = min(places)
    everywhere = all(path.parts[first : first + 1] == (SUBMITTED,) for path in handed)
    return first if first <= 1 or everywhere else None
