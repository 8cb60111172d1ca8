"""Read what a course system and the instructor put beside the submissions, and nothing that lies in one of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import PurePosixPath

from grader.course.ingest import gradescope
from grader.course.ingest.layouts import Context, Owner, metadata_files, timestamp_file
from grader.course.ingest.levels import BLACKBOARD, Layout, decisive, levels
from grader.course.ingest.sources import SUFFIXES, BadFile, Found, IngestError, Source

ROSTER = "roster.csv"
_MAX_NOTE = 1 << 12  # bytes: what counts is the first line; Blackboard adds what the student wrote


def read_context(source: Source, files: Sequence[Found], layout: Layout) -> Context:
    """Return what the system itself says of the submissions. Raises IngestError if Gradescope's metadata is wrong."""
    usable = {found.path: found for found in files if not found.problem}
    found = levels(usable)
    stamps = {timestamp_file(path, found) for path in usable} if layout == "nbgrader" else set()
    wanted = [one for path, one in usable.items() if path in stamps or (layout == "blackboard" and _is_note(path))]
    owners: dict[PurePosixPath, Owner] = {}
    if layout == "gradescope":
        for path in sorted(metadata_files(usable) & set(usable)):
            owners.update({path.parent / name: owner for name, owner in _owners(source, usable[path]).items()})
    return Context(found, {one.path: _head(source, one) for one in wanted}, owners)


def _is_note(path: PurePosixPath) -> bool:
    found = BLACKBOARD.fullmatch(path.name)
    return found is not None and found["name"] is None


def _head(source: Source, found: Found) -> str:
    try:
        with source.fetch(found).open("rb") as file:
            return file.read(_MAX_NOTE).decode("utf-8", "replace")
    except (BadFile, OSError):
        return ""


def _owners(source: Source, found: Found) -> dict[str, Owner]:
    label = f"{source.label}/{found.path}"
    if found.size > gradescope.MAX_BYTES:
        raise IngestError(f"'{label}' is larger than {gradescope.MAX_BYTES >> 20} MiB; download the export again")
    try:
        text = source.fetch(found).read_text("utf-8-sig", "replace")
    except (BadFile, OSError) as error:
        raise IngestError(f"'{label}' {error}; download the export again") from None
    return dict(gradescope.owners(text, label))


def rosters(
    files: Sequence[Found], layout: Layout | None, handed: Callable[[], Collection[PurePosixPath]]
) -> tuple[list[Found], list[Found]]:
    """Return the rosters that can only be the instructor's, outermost first, and those that a student may have made.

    `layout` is None if no system made the download; then `handed` returns the files that may be submissions.
    """
    usable = [found for found in files if not found.problem]
    found = [one for one in usable if one.path.name.lower() == ROSTER]
    if layout is None:
        own = [one for one in found if len(one.path.parts) == 1]
        if own and any(len(path.parts) == 1 for path in handed()):  # among notebooks, a student may have put it there
            own = []
    else:
        own = _above_submissions(found, usable, layout)
    theirs = [one for one in found if one not in own]
    return sorted(own, key=lambda one: len(one.path.parts)), theirs


def _above_submissions(found: Sequence[Found], files: Sequence[Found], layout: Layout) -> list[Found]:
    if not found:
        return []
    known = levels(one.path for one in files)
    tops = set()
    for one in files:
        at = decisive(one.path, layout, known) if one.path.suffix.lower() in SUFFIXES else None
        if at is not None:
            top = PurePosixPath(*one.path.parts[:at])
            tops |= {top, *top.parents}
    return [one for one in found if one.path.parent in tops and decisive(one.path, layout, known) is None]
