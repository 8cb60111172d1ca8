"""Find the helper files of a submission: what the same student handed in at the same time, beside the notebook.

A course system changes names and flattens folders, so a file is known by its `Place`: where it was handed in, and the
name that it had there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from grader.course.ingest.archives import DiskBudget
from grader.course.ingest.layouts import METADATA, TIMESTAMP, Context
from grader.course.ingest.levels import AUTOLAB, BLACKBOARD, BRIGHTSPACE, MOODLE, Layout, decisive, fits_canvas
from grader.course.ingest.sources import BadFile, Found, Source
from grader.notebook.helper_files import MAX_BYTES, MAX_FILES, Beside, may_help

_AGAIN = re.compile(r"-\d{1,2}(?=\.[^.]*$|$)")  # Canvas adds it to the name of a file that was handed in again


@dataclass(frozen=True)
class Place:
    """The place of a file in what one student handed in at one time: equal `root`s belong together."""

    root: str
    inside: PurePosixPath


def place_of(path: PurePosixPath, layout: Layout, context: Context) -> Place | None:
    """Return the place of a file in a download of this layout; None for a file that the system itself wrote."""
    at = decisive(path, layout, context.levels)
    if at is None or path.name in (METADATA, TIMESTAMP):
        return None
    if layout == "nbgrader":
        return _split(path, at + 2)
    if at < len(path.parts) - 1:
        return _split(path, at + 1)
    if layout == "moodle":
        return _in_name(MOODLE.fullmatch(path.name), "id")
    if layout == "blackboard":
        return _in_name(BLACKBOARD.fullmatch(path.name), "prefix", "time")
    if layout == "brightspace":
        return _in_name(BRIGHTSPACE.fullmatch(path.name), "who", "time")
    if layout == "autolab":
        return _in_name(AUTOLAB.fullmatch(path.name), "email", "version")
    found = fits_canvas(path.name) if layout == "canvas" else None
    return Place("", PurePosixPath(_AGAIN.sub("", found["name"]))) if found and found["name"] else None


def _in_name(found: re.Match[str] | None, *root: str) -> Place | None:
    """Return the place of a file whose name alone holds it."""
    if found is None or not found["name"]:
        return None
    return Place(" ".join(found[part] or "" for part in root), PurePosixPath(found["name"]))


def _split(path: PurePosixPath, at: int) -> Place | None:
    parts = path.parts
    return Place("/".join(parts[:at]), PurePosixPath(*parts[at:])) if len(parts) > at else None


def beside(notebook: Place, others: Iterable[tuple[Found, Place]]) -> Mapping[str, Found]:
    """Return the helper files of a notebook by name, from the files of the same student, oldest first.

    Of files of one name the last counts.
    """
    found: dict[str, Found] = {}
    for one, place in others:
        if place.root == notebook.root and not one.problem:
            name = relative(place.inside, notebook.inside)
            if name is not None:
                found[name] = one
    return found


def relative(path: PurePosixPath, notebook: PurePosixPath) -> str | None:
    """Return the name of a file as the notebook sees it; None if it is not at or below the notebook's folder."""
    folder = notebook.parent
    if path == notebook or folder.parts != path.parts[: len(folder.parts)]:
        return None
    name = path.relative_to(folder)
    return str(name) if may_help(name) else None


def fetched(source: Source, files: Mapping[str, Found], room: DiskBudget) -> Beside:
    """Fetch helper files, small ones first, within the bounds of a submission and the `room` for all of them.

    A file that cannot be fetched stays in the list with a path that leads nowhere, so that a person hears of it.
    """
    taken: list[tuple[str, Path]] = []
    size = 0
    for name, one in sorted(files.items(), key=lambda item: (not item[0].endswith(".py"), item[1].size, item[0])):
        path = Path(f"/nowhere/{len(taken)}")
        if len(taken) < MAX_FILES and size + one.size <= min(MAX_BYTES, room.left):
            try:
                path = source.fetch(one)
                size += one.size
            except BadFile:
                pass
        taken.append((name, path))
        if len(taken) > 2 * MAX_FILES:
            break
    room.left -= size
    return tuple(taken)
