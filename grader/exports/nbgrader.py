"""nbgrader's feedback tree, so that `nbgrader release_feedback` hands out our reports.

Source: `nbgrader/exchange/default/release_feedback.py` of jupyter/nbgrader: it takes
`feedback/STUDENT/ASSIGNMENT/NOTEBOOK.html`, and reads `timestamp.txt` and `submission_secret.txt` beside it. Both come
from the folder `submitted`, where `nbgrader collect` put them; one student without them would stop it for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.course.ingest.submissions import safe_name
from grader.exports.errors import ExportError
from grader.files import read_regular

FILES = ("timestamp.txt", "submission_secret.txt")
_MAX_BYTES = 1 << 16


@dataclass(frozen=True)
class Place:
    """The folder of one submission in nbgrader's tree, and what must lie beside the feedback.

    `missing` names the files that are not there.
    """

    student: str
    assignment: str
    files: Mapping[str, bytes]
    missing: tuple[str, ...] = ()


def places(submitted: Path) -> dict[str, Place]:
    """Return the submissions in nbgrader's folder `submitted`, by their names in a class. Raises ExportError."""
    found = {}
    try:
        students = [student for student in submitted.iterdir() if student.is_dir()]
        folders = [folder for student in students for folder in student.iterdir()]
    except OSError as error:
        raise ExportError(f"cannot read nbgrader's folder '{submitted}': {error.strerror or error}") from None
    for folder in sorted(folders):
        if folder.is_dir() and not folder.name.startswith("."):
            files = {name: data for name in FILES if (data := _read(folder / name))}
            student, assignment = folder.parent.name, folder.name
            missing = tuple(name for name in FILES if name not in files)
            found[safe_name(f"{student}/{assignment}").casefold()] = Place(student, assignment, files, missing)
    if not found:
        raise ExportError(f"'{submitted}' holds no submissions; give the folder 'submitted' of the course")
    return found


def _read(path: Path) -> bytes:
    if path.is_symlink():  # a student may have made it
        return b""
    try:
        data, _ = read_regular(path, _MAX_BYTES)
    except OSError:
        return b""
    return data


def tree(place: Place, notebook: str, page: str) -> dict[str, bytes]:
    """Return the files of one submission's feedback, by their paths in the folder `feedback`."""
    folder = f"{place.student}/{place.assignment}"
    name = Path(notebook).stem
    return {f"{folder}/{name}.html": page.encode("utf-8", "replace")} | {
        f"{folder}/{file}": data for file, data in place.files.items()
    }
