"""Pack the feedback for students as course systems take it back."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from grader.course.ingest.submissions import safe_name

if TYPE_CHECKING:
    from grader.exports.people import Student

_DATE = (1980, 1, 1, 0, 0, 0)  # so that equal feedback makes equal archives


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return a zip archive of files by name."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, _DATE), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def moodle_archive(pages: Iterable[tuple[Student, str]]) -> bytes:
    """Return the archive that Moodle takes back as feedback files, from the students in its worksheet.

    Source: `mod/assign/feedback/file/importziplib.php` of moodle/moodle: the number of the participant stands between
    the first two underscores, so a name must hold none.
    """
    files = {}
    for student, text in pages:
        name = safe_name(student.name or "Participant").replace("_", " ").replace("/", " ")
        files[f"{name}_{student.ids[0]}_assignfeedback_file_/report.html"] = text.encode("utf-8", "replace")
    return packed(files)
