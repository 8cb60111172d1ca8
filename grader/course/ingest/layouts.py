"""Find the owner of a file from its path: each layout is a function from a path to an `Owner`.

Canvas:      doejane_12345_67890_hw.ipynb, doejane_LATE_12345_67890_hw.ipynb, anon_ab1cD_67890_hw.ipynb
Moodle:      Jane Doe_123456_assignsubmission_file_/hw.ipynb, or all of it in one file name
Blackboard:  Homework 3_jdoe_attempt_2026-11-01-12-00-00_hw.ipynb, and a .txt with the same prefix
Brightspace: 271836-442356 - Jane Doe - Nov 1, 2026 926 PM/hw.ipynb, or all of it in one file name
Autolab:     jdoe@example.edu_3_hw.ipynb
Gradescope:  submission_123456/hw.ipynb, with the owners in submission_metadata.yml
nbgrader:    jdoe/hw3/hw3.ipynb below 'submitted', and jdoe/hw3/timestamp.txt
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import PurePosixPath
from types import MappingProxyType

from grader.course.ingest.levels import (
    AUTOLAB,
    BLACKBOARD,
    BRIGHTSPACE,
    MOODLE,
    SUBMITTED,
    Layout,
    Levels,
    decisive,
    fits_canvas,
    levels,
)
from grader.course.ingest.sources import SUFFIXES, Found

SYSTEMS = ("canvas", "moodle", "blackboard", "brightspace", "gradescope", "autolab", "nbgrader")
LAYOUTS = ("auto", *SYSTEMS, "folders", "plain")
METADATA, TIMESTAMP = "submission_metadata.yml", "timestamp.txt"
SECRET = "submission_secret.txt"  # nbgrader knows a submission by it, and hands out the feedback


@dataclass(frozen=True)
class Owner:
    """The owner of a file. `label` names the result folder; `group` is the same for all files of one student.

    `order` sorts files that one student submitted at the same time; `late` is the system's statement, None if it makes
    none. `note` is True for a file that the system added to a submission.
    """

    label: str
    group: str
    student_id: str = ""
    student_name: str = ""
    order: int = 0
    submitted: datetime | None = None
    late: bool | None = None
    note: bool = False


@dataclass(frozen=True)
class Context:
    """Facts about the whole download: the levels of its submissions, and the files that the course system wrote.

    `notes` are the texts of notes by path, `gradescope` Gradescope's owners by the path of the submission's folder.
    """

    levels: Levels = field(default_factory=Levels)
    notes: Mapping[PurePosixPath, str] = field(default_factory=dict)
    gradescope: Mapping[PurePosixPath, Owner] = field(default_factory=dict)


def canvas(path: PurePosixPath, context: Context) -> Owner | None:
    """Canvas: sortable name without spaces, LATE, student number, file number, file name."""
    at = decisive(path, "canvas", context.levels)
    found = fits_canvas(path.parts[at]) if at is not None else None
    if found is None:
        return None
    who, number, order = found["who"] or "", found["id"], found["file"] or "0"
    label = f"{who}_{number}" if who else number
    return Owner(label, number, number, who, int(order[:18]), late=found["late"] is not None)


def moodle(path: PurePosixPath, context: Context) -> Owner | None:
    """Moodle: full name, number, kind of submission; as a folder or as a prefix of the file name."""
    at = decisive(path, "moodle", context.levels)
    found = MOODLE.fullmatch(path.parts[at]) if at is not None else None
    if found is None:
        return None
    name, number = found["who"], found["id"]
    return Owner(f"{name}_{number}", number, number, name, note=found["kind"] != "file")


def blackboard(path: PurePosixPath, context: Context) -> Owner | None:
    """Blackboard: assignment, user name, time of the attempt.

    The first line of the .txt gives the student's full name, and tells which part of the prefix is the user name; else
    it is what follows the beginning that all files share.
    """
    at = decisive(path, "blackboard", context.levels)
    found = BLACKBOARD.fullmatch(path.parts[at]) if at is not None else None
    if found is None:
        return None
    folder = PurePosixPath(*path.parts[:at])
    prefix, assignment = found["prefix"], context.levels.assignments.get(folder, "")
    name, user = "", prefix[len(assignment) + 1 :] if assignment else prefix.rpartition("_")[2]
    note = context.notes.get(folder / f"{prefix}_attempt_{found['time']}.txt", "").lstrip("\ufeff\r\n ")
    said = re.match(r"Name: *(.+?) *\(([^()\s]+)\)[^\S\n]*(?:\n|$)", note)  # further lines are the student's
    if said and f"_{prefix}".endswith(f"_{said[2]}"):
        name, user = said[1], said[2]
    try:
        time = datetime.strptime(found["time"], "%Y-%m-%d-%H-%M-%S")
    except ValueError:
        return None
    return Owner(user, user, user, name, submitted=time, note=found["name"] is None)


_CLOCK = re.compile(
    r"(?P<month>[A-Za-z]{3})[a-z]*\.? (?P<rest>\d{1,2},? \d{4}) (?P<hour>\d{1,2})(?P<minute>\d\d)(?P<half> [AP]M)?"
)


def brightspace(path: PurePosixPath, context: Context) -> Owner | None:
    """Brightspace: two numbers, full name, time; as a folder or as a prefix of the file name.

    The first number is the student's inside Brightspace, which no gradebook shows: it only keeps namesakes apart. A
    time in another language than English is unknown.
    """
    at = decisive(path, "brightspace", context.levels)
    found = BRIGHTSPACE.fullmatch(path.parts[at]) if at is not None else None
    if found is None:
        return None
    who = found["who"].strip()
    label = f"{who}_{found['id']}"
    return Owner(label, label, student_name=who, submitted=_brightspace_time(found["time"]))


def _brightspace_time(text: str) -> datetime | None:
    """Parse 'Nov 1, 2026 926 PM', in which the colon is missing."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    day = f"{found['month']} {found['rest'].replace(',', '')} {found['hour']}:{found['minute']}{found['half'] or ''}"
    try:
        return datetime.strptime(day, "%b %d %Y %I:%M %p" if found["half"] else "%b %d %Y %H:%M")
    except ValueError:
        return None


def autolab(path: PurePosixPath, context: Context) -> Owner | None:
    """Autolab: address, version, file name; the latest version counts."""
    at = decisive(path, "autolab", context.levels)
    found = AUTOLAB.fullmatch(path.parts[at]) if at is not None else None
    if found is None:
        return None
    version = found["version"] or found["first"] or "0"
    return Owner(found["email"], found["email"].casefold(), found["email"], order=int(version[:18]))


def gradescope(path: PurePosixPath, context: Context) -> Owner | None:
    """Gradescope: a folder for each submission; the students and the time are in the export's metadata."""
    at = decisive(path, "gradescope", context.levels)
    if at is None:
        return None
    folder = path.parts[at]
    known = context.gradescope.get(PurePosixPath(*path.parts[: at + 1]))
    return known or Owner(folder, folder, order=int(folder.rpartition("_")[2][:18]))


def nbgrader(path: PurePosixPath, context: Context) -> Owner | None:
    """nbgrader: STUDENT/ASSIGNMENT/files, with the time in timestamp.txt; assignments are kept separate.

    The secret of the submission is none of its files: no notebook sees it, and equal notebooks are equal.
    """
    at = decisive(path, "nbgrader", context.levels)
    if at is None:
        return None
    student, assignment = path.parts[at : at + 2]
    folder = PurePosixPath(*path.parts[: at + 2])
    time = read_time(context.notes.get(folder / TIMESTAMP, "").strip())
    owner = Owner(f"{student}/{assignment}", f"{student}/{assignment}", student, submitted=time)
    return replace(owner, note=path in (folder / TIMESTAMP, folder / SECRET))


def folders(path: PurePosixPath, context: Context) -> Owner | None:
    """One folder per student."""
    if len(path.parts) < 2:
        return None
    return Owner(path.parts[0], path.parts[0], path.parts[0])


Owners = Callable[[PurePosixPath, Context], "Owner | None"]
BY_NAME: Mapping[str, Owners] = MappingProxyType(
    {
        "canvas": canvas,
        "moodle": moodle,
        "blackboard": blackboard,
        "brightspace": brightspace,
        "gradescope": gradescope,
        "autolab": autolab,
        "nbgrader": nbgrader,
        "folders": folders,
    }
)


def in_folders(files: Sequence[Found], known: Callable[[str], bool]) -> Layout:
    """Return 'folders' or 'plain' for files that are no system's download; `known` tells whether a name is in the
    roster.

    Folders stand for students if most of them hold one notebook each, or if most of their names are in the roster: one
    student more or less with two notebooks changes nothing.
    """
    handed = _handed(files)
    notebooks = [path for path in handed if path.suffix.lower() == ".ipynb"] or handed
    tops = Counter(path.parts[0] for path in notebooks if len(path.parts) > 1)
    if notebooks and tops.total() == len(notebooks):
        single, named = sum(count == 1 for count in tops.values()), sum(map(known, tops))
        if 2 * max(single, named) > len(tops):
            return "folders"
    return "plain"


def of_system(files: Sequence[Found]) -> Layout | None:
    """Return the course system whose download this is, None if it is none.

    A system's layout is chosen only if all notebooks and archives fit it, so that no other tree is split up by chance.
    """
    handed, there = _handed(files), {found.path for found in files}
    context = Context(levels(there))

    def fits(layout: Layout) -> bool:
        return bool(handed) and all(BY_NAME[layout](path, context) for path in handed)

    if fits("gradescope") and not there.isdisjoint(metadata_files(there)):
        return "gradescope"
    if fits("moodle"):
        return "moodle"
    if fits("blackboard"):
        return "blackboard"
    if fits("brightspace"):
        return "brightspace"
    if fits("canvas"):
        return "canvas"
    if fits("autolab"):
        return "autolab"
    if fits("nbgrader"):
        stamps = {stamp for path in handed if (stamp := timestamp_file(path, context.levels))}
        above = context.levels.submitted
        in_submitted = above is not None and all(path.parts[above] == SUBMITTED for path in handed)
        if in_submitted or 2 * len(stamps & there) > len(stamps):
            return "nbgrader"
    return None


def _handed(files: Sequence[Found]) -> list[PurePosixPath]:
    return [found.path for found in files if found.path.suffix.lower() in SUFFIXES]


def metadata_files(paths: Iterable[PurePosixPath]) -> frozenset[PurePosixPath]:
    """Return where Gradescope's metadata must be: beside the folders of the submissions, not in them."""
    places = ((path, decisive(path, "gradescope", Levels())) for path in paths)
    return frozenset(PurePosixPath(*path.parts[:at]) / METADATA for path, at in places if at is not None)


def timestamp_file(path: PurePosixPath, found: Levels) -> PurePosixPath | None:
    """Return where nbgrader's time stamp of a file must be; None if the file is in no submission."""
    at = decisive(path, "nbgrader", found)
    return None if at is None else PurePosixPath(*path.parts[: at + 2]) / TIMESTAMP


def read_time(text: str) -> datetime | None:
    """Parse a time as the systems write it: ISO 8601, also with 'UTC', 'Z' or spaces before the zone; else None."""
    text = re.sub(r"\s*(?:UTC|GMT|Z)$", "+00:00", text.strip())
    text = re.sub(r"(\.\d{1,6})\d*", lambda m: m[1].ljust(7, "0"), text)
    text = re.sub(r"\s+([+-]\d\d:?\d\d)$", r"\1", text)
    text = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text) if re.search(r":\d\d.*[+-]\d{4}$", text) else text
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
