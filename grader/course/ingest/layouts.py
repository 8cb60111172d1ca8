"""Find the owner of a file from its path: each layout is a function from a path to an `Owner`.

Canvas:      doejane_12345_67890_hw.ipynb, doejane_LATE_12345_67890_hw.ipynb, anon_ab1cD_67890_hw.ipynb
Moodle:      Jane Doe_123456_assignsubmission_file_/hw.ipynb, or all of it in one file name
Blackboard:  Homework 3_jdoe_attempt_2026-11-01-12-00-00_hw.ipynb, and a .txt with the same prefix
Gradescope:  submission_123456/hw.ipynb, with the owners in submission_metadata.yml
nbgrader:    jdoe/hw3/hw3.ipynb below 'submitted', and jdoe/hw3/timestamp.txt
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Literal

from grader.course.ingest.sources import Found

Layout = Literal["canvas", "moodle", "blackboard", "gradescope", "nbgrader", "folders", "plain"]
LAYOUTS = ("auto", "canvas", "moodle", "blackboard", "gradescope", "nbgrader", "folders", "plain")
METADATA, TIMESTAMP = "submission_metadata.yml", "timestamp.txt"


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
    """The contents of the system's own files: texts of notes by path, Gradescope's owners by folder."""

    notes: Mapping[PurePosixPath, str] = field(default_factory=dict)
    gradescope: Mapping[str, Owner] = field(default_factory=dict)


CANVAS = re.compile(
    r"(?:(?P<who>[^\W\d_]\w*?)_)??(?:(?P<late>LATE)_)?(?P<id>\d+|anon_\w{5})(?:_(?P<file>\d+)_(?P<name>.+)|_(?:text|link)\.html)"
)
MOODLE = re.compile(r"(?P<who>.+?)_(?P<id>\d+)_assignsubmission_(?P<kind>\w+?)(?:_(?P<name>[^/]*))?")
BLACKBOARD = re.compile(
    r"(?P<prefix>.+)_attempt_(?P<time>\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)(?:_(?P<name>.+)|\.txt)", re.DOTALL
)
GRADESCOPE = re.compile(r"submission_(\d+)")


def canvas(path: PurePosixPath, context: Context) -> Owner | None:
    """Canvas: sortable name without spaces, LATE, student number, file number, file name."""
    found = CANVAS.fullmatch(path.name)
    if found is None or not (found["who"] or found["id"].startswith("anon_")):
        return None
    who, number, order = found["who"] or "", found["id"], found["file"] or "0"
    label = f"{who}_{number}" if who else number
    return Owner(label, number, number, who, int(order[:18]), late=found["late"] is not None)


def moodle(path: PurePosixPath, context: Context) -> Owner | None:
    """Moodle: full name, number, kind of submission; as a folder or as a prefix of the file name."""
    for part in reversed(path.parts):
        if found := MOODLE.fullmatch(part):
            name, number = found["who"], found["id"]
            return Owner(f"{name}_{number}", number, number, name, note=found["kind"] != "file")
    return None


def blackboard(path: PurePosixPath, context: Context) -> Owner | None:
    """Blackboard: assignment, user name, time of the attempt.

    The .txt gives the student's full name, and tells which part of the prefix is the user name.
    """
    found = BLACKBOARD.fullmatch(path.name)
    if found is None:
        return None
    note = path.with_name(f"{found['prefix']}_attempt_{found['time']}.txt")
    name, user = "", found["prefix"].rpartition("_")[2]
    said = re.search(r"^Name: *(.+?) *\(([^()\s]+)\)\s*$", context.notes.get(note, ""), re.MULTILINE)
    if said and f"_{found['prefix']}".endswith(f"_{said[2]}"):
        name, user = said[1], said[2]
    try:
        time = datetime.strptime(found["time"], "%Y-%m-%d-%H-%M-%S")
    except ValueError:
        return None
    return Owner(user, user, user, name, submitted=time, note=found["name"] is None)


def gradescope(path: PurePosixPath, context: Context) -> Owner | None:
    """Gradescope: a folder for each submission; the students and the time are in the export's metadata."""
    for part in path.parts[:-1]:
        if part in context.gradescope:
            return context.gradescope[part]
        if found := GRADESCOPE.fullmatch(part):
            return Owner(part, part, order=int(found[1][:18]))
    return None


def nbgrader(path: PurePosixPath, context: Context) -> Owner | None:
    """nbgrader: STUDENT/ASSIGNMENT/files, with the time in timestamp.txt; assignments are kept separate."""
    parts = path.parts[path.parts.index("submitted") + 1 :] if "submitted" in path.parts else path.parts
    if len(parts) < 3:
        return None
    student, assignment = parts[:2]
    depth = len(path.parts) - len(parts) + 2
    text = context.notes.get(PurePosixPath(*path.parts[:depth]) / TIMESTAMP, "")
    owner = Owner(f"{student}/{assignment}", f"{student}/{assignment}", student, submitted=read_time(text.strip()))
    return replace(owner, note=path.name == TIMESTAMP)


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
        "gradescope": gradescope,
        "nbgrader": nbgrader,
        "folders": folders,
    }
)


def recognise(files: Sequence[Found], context: Context, known: Callable[[str], bool]) -> Layout:
    """Return the layout of these files; `known` tells whether a name is in the roster.

    A system's layout is chosen only if all notebooks and archives fit it, so that no other tree is split up by chance.
    Folders stand for students if each holds one notebook, or if all their names are in the roster.
    """
    handed = [found.path for found in files if found.path.suffix.lower() in (".ipynb", ".py", ".zip")]
    notebooks = [path for path in handed if path.suffix.lower() == ".ipynb"] or handed
    names = {found.path.name for found in files}
    fits = {name: bool(handed) and all(BY_NAME[name](p, context) for p in handed) for name in BY_NAME}
    if fits["gradescope"] and (METADATA in names or context.gradescope):
        return "gradescope"
    if fits["moodle"]:
        return "moodle"
    if fits["blackboard"]:
        return "blackboard"
    if fits["canvas"]:
        return "canvas"
    if fits["nbgrader"] and (TIMESTAMP in names or all("submitted" in path.parts[:-1] for path in handed)):
        return "nbgrader"
    tops = [path.parts[0] for path in notebooks if len(path.parts) > 1]
    if notebooks and len(tops) == len(notebooks) and (len(set(tops)) == len(tops) or all(map(known, tops))):
        return "folders"
    return "plain"


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
