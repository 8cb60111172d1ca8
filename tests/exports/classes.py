"""A class of three as each course system hands it out, its results in a store, and gradebooks that know the three."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from grader.course.changes import changing
from grader.course.ingest.collect import ClassOptions, read_class
from grader.course.scores import standing
from grader.course.store import Entry, Graded, Store
from grader.grading.judge import judge
from grader.result import Student, Submitted, total
from tests.conftest import RUBRIC, empty_evidence
from tests.course.ingest.made_up import NOTEBOOK, make_zip

STUDENTS = ("Jane Doe", "Hans Müller", "Rick Roe")
COMMENT = "well argued, but; =1+1, see <b>the lecture</b>"
SECRET = "ab" * 64

DOWNLOADS: Mapping[str, Mapping[str, str]] = {
    "canvas": {
        "doejane_12345_67890_hw.ipynb": NOTEBOOK,
        "müllerhans_LATE_12346_67891_hw.ipynb": NOTEBOOK + " ",
        "roerick_12347_67892_hw.ipynb": NOTEBOOK + "  ",
    },
    "moodle": {
        "Jane Doe_501_assignsubmission_file_/hw.ipynb": NOTEBOOK,
        "Hans Müller_502_assignsubmission_file_/hw.ipynb": NOTEBOOK + " ",
        "Rick Roe_503_assignsubmission_file_/hw.ipynb": NOTEBOOK + "  ",
    },
    "blackboard": {
        f"HW3_{user}_attempt_2026-11-01-12-00-00{ending}": text
        for user, name in zip(("jdoe", "hmueller", "rroe"), STUDENTS, strict=True)
        for ending, text in (("_hw.ipynb", NOTEBOOK), (".txt", f"Name: {name} ({user})\nAssignment: HW3\n"))
    },
    "brightspace": {
        f"{number}-44 - {name} - Nov 1, 2026 926 PM/hw.ipynb": NOTEBOOK
        for number, name in zip((71, 72, 73), STUDENTS, strict=True)
    },
    "gradescope": {
        "export/submission_metadata.yml": "---\n"
        + "".join(
            f"submission_{900 + at}:\n  :submitters:\n  - :name: {name}\n    :sid: '{3031 + at}'\n"
            f"    :email: x{at}@example.edu\n  :created_at: 2026-11-01 19:00:00.1 Z\n"
            for at, name in enumerate(STUDENTS)
        ),
        **{f"export/submission_{900 + at}/hw.ipynb": NOTEBOOK for at in range(3)},
    },
    "autolab": {f"{user}@example.edu_1_hw.ipynb": NOTEBOOK for user in ("jdoe", "hmueller", "rroe")},
    "nbgrader": {
        f"submitted/{user}/ps1/{name}": text
        for user in ("jdoe", "hmueller", "rroe")
        for name, text in (
            ("timestamp.txt", "2026-11-01 11:59:00.000000 UTC"),
            ("submission_secret.txt", SECRET + user),
            ("problem1.ipynb", NOTEBOOK),
        )
    },
}
GRADEBOOKS: Mapping[str, str] = {
    "canvas": """Student,ID,SIS User ID,SIS Login ID,Integration ID,Section,HW (8)
    Points Possible,,,,,,17
"Doe, Jane",12345,3031,jdoe@example.edu,jdoe,A,
"Müller, Hans",12346,3032,hmueller@example.edu,hmueller,A,
"Roe, Rick",12347,3033,rroe@example.edu,rroe,A,
"Student, Absent",12348,3034,absent@example.edu,absent,A,
""",
    "moodle": """Identifier,Full name,Username,Email address,ID number,Status,Grade,Maximum grade,Last modified (grade)
Participant 501,Jane Doe,jdoe,jdoe@example.edu,3031,Submitted,,17.00,-
Participant 502,Hans Müller,hmueller,hmueller@example.edu,3032,Submitted,,17.00,-
Participant 503,Rick Roe,rroe,rroe@example.edu,3033,Submitted,,17.00,-
Participant 504,Absent Student,absent,absent@example.edu,3034,No submission,,17.00,-
""",
    "blackboard": """"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"HW [Total Pts: 17 Score] |8"
"Doe"\t"Jane"\t"jdoe"\t"3031"\t""
"Müller"\t"Hans"\t"hmueller"\t"3032"\t""
"Roe"\t"Rick"\t"rroe"\t"3033"\t""
"Student"\t"Absent"\t"absent"\t"3034"\t""
""",
    "brightspace": """OrgDefinedId,Username,Last Name,First Name,HW Points Grade <Numeric MaxPoints:17>,End-of-Line Indicator
#3031,#jdoe,Doe,Jane,,#
#3032,#hmueller,Müller,Hans,,#
#3033,#rroe,Roe,Rick,,#
#3034,#absent,Student,Absent,,#
""",
}
GRADE_COLUMN = {"canvas": 6, "moodle": 6, "blackboard": 4, "brightspace": 4}


def make_class(folder: Path, system: str) -> Path:
    """Read the download of a system into a store, and return the --out folder; nobody has marked anything yet."""
    (folder / "into").mkdir(parents=True)
    archive = make_zip(folder / f"{system}.zip", DOWNLOADS[system])
    out = folder / "graded"
    out.mkdir()
    found = read_class([archive], out, folder / "into", ClassOptions())
    items = judge(RUBRIC, empty_evidence())
    with Store(out) as store:
        store.set_items([item.id for item in RUBRIC.items])
        for one in found.submissions:
            sha256 = f"{one.name.encode().hex():0>64}"[-64:]
            result = total(RUBRIC.name, Submitted(one.path.name, sha256), items, {"torch": "2.14.1"})
            result = replace(result, student=Student(one.name, one.student_id, one.student_name))
            late = None if one.late is None else bool(one.late)
            entry = Entry(one.name, one.path.name, sha256, one.student_id, one.student_name, late=late)
            store.put(Graded(one.name, standing(result), result.document()), entry)
    return out


def mark_class(out: Path, release: bool = True) -> dict[str, float]:
    """Mark the answers of the class, with 2, 3.5 and 5 points in the order of its rows, and give one more point for a
    check; return the totals by submission."""
    with Store(out, create=False) as store:
        names = [row.entry.name for row in store.rows()]
        with changing(store, by="anna") as change:
            for points, name in zip((2.0, 3.5, 5.0), names, strict=True):
                change.mark(name, "c", adjustment=points, comment=COMMENT)
                change.override(name, "b.two", 1.5, "the count is right in the picture")
        if release:
            with changing(store, by="anna") as change:
                for name in names:
                    change.release(name)
        return {row.entry.name: row.final.standing.confirmed for row in store.rows()}
