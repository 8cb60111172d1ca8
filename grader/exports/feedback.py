"""The feedback that a student gets back: the result with a person's marks, as a page, and packed for course systems."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from grader.course.ingest.submissions import safe_name
from grader.exports.grades import PERSON
from grader.formatting import number
from grader.reports.html import html
from grader.result import CheckResult, CheckStatus, ItemResult

if TYPE_CHECKING:
    from grader.course.scores import Final, Mark
    from grader.exports.people import Student
    from grader.result import Result

_DATE = (1980, 1, 1, 0, 0, 0)  # so that equal feedback makes equal archives


def with_person(result: Result, final: Final) -> Result:
    """Return the result with a person's marks in it: the points of the items, and what the person says."""
    standings = {item.id: item for item in final.standing.items}
    items = tuple(
        _marked(item, final.marks[item.id], standings[item.id].status, standings[item.id].score)
        if item.id in final.marks and item.id in standings
        else item
        for item in result.items
    )
    standing = final.standing
    return replace(
        result,
        items=items,
        score=standing.score,
        provisional=standing.provisional,
        ungraded=standing.ungraded,
        status=standing.status,
        signature=None,
    )


def _marked(item: ItemResult, mark: Mark, status: str, score: float) -> ItemResult:
    """Return the item with one check for the mark, in place of those that waited or, if none did, of all."""
    waiting = [check for check in item.checks if check.waits]
    kept = tuple(check for check in item.checks if not check.waits) if waiting else ()
    most = round(sum(check.max_score for check in waiting), 2) if waiting else item.max_score
    verdict: CheckStatus = "pass" if mark.points >= most else "partial" if mark.points > 0 else "fail"
    said = f"a person gave {number(mark.points)} of {number(most)} points"
    if mark.comment:
        said += f": {mark.comment}"
    check = CheckResult(f"{item.id}{PERSON}", verdict, mark.points, most, said)
    return replace(
        item,
        score=score,
        provisional=0.0,
        status="pass" if status == "pass" else "partial" if status == "partial" else "fail",
        checks=(*kept, check),
    )


def page(result: Result) -> str:
    """Return the report of a result that a student may see: one HTML page that loads nothing."""
    return html(result)


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
