"""The sample notebooks as a class: what each course system lets one download of it, and the files that it exports."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[2]
ITEMS = ("mlp", "data", "cpu_loops", "q1", "q2", "q3", "q4", "q5", "q6", "cnn", "q7", "q8", "q9", "flops", "q10")
FULL = 100
SECRET = "5e" * 64
FIRST = (  # one of each state: all right, gaps, faked, a cell that never ends, no .ipynb, broken on the GPU
    "good_own_style.ipynb",
    "gaps_in_q3_q4_q8.ipynb",
    "faked_output.ipynb",
    "broken_in_the_middle.ipynb",
    "colab_export.py",
    "gpu_copy_thrown_away.ipynb",
)
NAMES = """Jane Doe|Hans Müller|Rick O'Brien|Anne-Marie Dupont|José/García Márquez|Łukasz Żak|Văn An/Nguyễn|小龙/李
Zoë Smith|Jane Smith|John/Smith, Jr.|Mary Ann/Lee|Ann/Mary Lee|O Ng|Siân Ap-Rhys|Ana/da Silva|أحمد علي
Björk Guðmundsdóttir|Mika/Häkkinen (guest)|D'Angelo Brown|X Æ/Under_score"""
OTHERS = (("Dana", "Mage"), ("Paul", "Paper"), ("Absent", "Student"))  # damaged, no notebook, nothing


@dataclass(frozen=True)
class Pupil:
    """One of the class: `at` is the place in it, `file` the name of what was handed in, '' for nothing."""

    at: int
    first: str
    last: str
    file: str = ""
    content: bytes = b""

    @property
    def user(self) -> str:
        return f"u_{self.at:02}.x"

    @property
    def number(self) -> str:
        return str(3000 + self.at)

    @property
    def inner(self) -> int:
        """The number by which the course system itself knows the student."""
        return 12000 + 7 * self.at

    @property
    def sha256(self) -> str:
        return sha256(self.content).hexdigest()

    @property
    def sortable(self) -> str:
        return f"{self.last}, {self.first}"

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def email(self) -> str:
        return f"u{self.at}@example.edu"


def pupils() -> list[Pupil]:
    """Return the class: a student for each sample, or for the first $GRADER_TRIP of them, and three others."""
    folder = ROOT / "submissions"
    files = [*FIRST, *sorted(path.name for path in folder.iterdir() if path.name not in (*FIRST, "README.md"))]
    files = files[: int(os.environ.get("GRADER_TRIP", len(files)))]
    names = [tuple(one.split("/") if "/" in one else one.rsplit(" ", 1)) for one in re.split(r"[|\n]", NAMES)]
    found = [
        Pupil(at, *names[at], file, (folder / file).read_bytes())  # type: ignore[misc]
        for at, file in enumerate(files)
    ]
    damaged = (folder / "no_zero_grad.ipynb").read_bytes()[:5000]
    handed = (("hw.ipynb", damaged), ("essay.pdf", b"%PDF-1.7 an essay"), ("", b""))
    for (first, last), (file, content) in zip(OTHERS, handed, strict=True):
        found.append(Pupil(len(found), first, last, file, content))
    return found


# --- what is downloaded: each yields the names in the archive, and what is in them --------------------------------

Files = Iterator[tuple[str, bytes]]


def _canvas(handed: Sequence[Pupil]) -> Files:
    for one in handed:
        late = "LATE_" if one.at == 1 else ""
        again = "-1" if one.at == 2 else ""  # how a second attempt is called
        file = Path(one.file)
        who = re.sub(r"[\W_]", "", one.sortable.casefold())
        yield f"{who}_{late}{one.inner}_{88000 + one.at}_{file.stem}{again}{file.suffix}", one.content


def _moodle(handed: Sequence[Pupil]) -> Files:
    for one in handed:
        name = one.name.replace("_", " ")
        yield f"{name}_{one.inner}_assignsubmission_file_/{one.file}", one.content
        if one.at == 3:
            yield f"{name}_{one.inner}_assignsubmission_onlinetext_/onlinetext.html", b"<p>see the notebook"


def _blackboard(handed: Sequence[Pupil]) -> Files:
    for one in handed:
        prefix = f"Homework 3_{one.user}_attempt_2026-11-01-12-{one.at:02}-00"
        yield f"{prefix}_{one.file}", one.content
        yield (
            f"{prefix}.txt",
            f"Name: {one.name} ({one.user})\nAssignment: Homework 3\nDate Submitted: Sunday, November 1, 2026 12:"
            f"{one.at:02}:00 PM EST\nCurrent Grade: Needs Grading\n\nSubmission Field:\nThere is no student submission "
            f"text data for this assignment.\n\nFiles:\n\tOriginal filename: {one.file}\n".encode(),
        )


def _brightspace(handed: Sequence[Pupil]) -> Files:
    yield "index.html", b"<html>the list of submissions"
    for one in handed:
        yield f"{271836 + one.at}-442356 - {one.name} - Nov 1, 2026 {1149 - one.at} AM/{one.file}", one.content


def _gradescope(handed: Sequence[Pupil]) -> Files:
    said = ["---\n"]
    for one in handed:
        said.append(
            f"submission_{9000 + one.at}:\n  :submitters:\n  - :name: {json.dumps(one.name, ensure_ascii=False)}\n"
            f"    :sid: '{one.number}'\n    :email: {one.email}\n  :created_at: 2026-11-01 19:00:00.123456789 Z\n"
            "  :score: 0.0\n  :status: processed\n"
        )
        yield f"assignment_99_export/submission_{9000 + one.at}/{one.file}", one.content
    yield "assignment_99_export/submission_metadata.yml", "".join(said).encode()


def _nbgrader(handed: Sequence[Pupil]) -> Files:
    for one in handed:
        folder = f"submitted/{one.user}/ps1"
        yield f"{folder}/{one.file}", one.content
        yield f"{folder}/timestamp.txt", b"2026-11-01 11:59:00.000000 UTC"
        yield f"{folder}/submission_secret.txt", (SECRET + one.user).encode()


DOWNLOADS: Mapping[str, Callable[[Sequence[Pupil]], Files]] = {
    "moodle": _moodle,
    "canvas": _canvas,
    "blackboard": _blackboard,
    "brightspace": _brightspace,
    "gradescope": _gradescope,
    "nbgrader": _nbgrader,
}


def download(system: str, there: Sequence[Pupil], folder: Path) -> Path:
    """Write the archive that a system lets one download."""
    path = folder / f"{system}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in DOWNLOADS[system]([one for one in there if one.file]):
            archive.writestr(name, content)
    return path


# --- what is exported: a table whose cells are filled in ----------------------------------------------------------


@dataclass(frozen=True)
class Book:
    """A file that a system exports. `lines` has each student's row, `column` the place of each item, '' the total."""

    encoding: str
    delimiter: str
    ending: str
    quotes: int
    rows: tuple[tuple[str, ...], ...]
    lines: Mapping[int, int]
    column: Mapping[str, int]
    comments: int | None = None

    def data(self, filled: Mapping[tuple[int, int], str] | None = None) -> bytes:
        """Return the bytes of the file, with other texts in some cells."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.delimiter, lineterminator=self.ending, quoting=self.quotes)  # type: ignore[arg-type]
        for line, row in enumerate(self.rows):
            writer.writerow([(filled or {}).get((line, at), cell) for at, cell in enumerate(row)])
        return out.getvalue().encode(self.encoding)

    def read(self, data: bytes) -> list[list[str]]:
        """Return the cells of a file of this kind."""
        return list(csv.reader(io.StringIO(data.decode(self.encoding), newline=""), delimiter=self.delimiter))


def _book(
    there: Sequence[Pupil],
    head: Sequence[str],
    row: Callable[[Pupil], Sequence[str]],
    column: Mapping[str, int],
    above: Sequence[Sequence[str]] = (),
    comments: int | None = None,
    encoding: str = "utf-8",
    delimiter: str = ",",
    ending: str = "\n",
    quotes: int = csv.QUOTE_MINIMAL,
) -> Book:
    shuffled = sorted(there, key=lambda one: one.sortable)
    rows = [tuple(head), *map(tuple, above), *(tuple(row(one)) for one in shuffled)]
    lines = {one.at: at for at, one in enumerate(shuffled, 1 + len(above))}
    return Book(encoding, delimiter, ending, quotes, tuple(rows), lines, column, comments)


def canvas_book(there: Sequence[Pupil], points: Mapping[str, float]) -> Book:
    """Return Canvas's gradebook; one student is excused, one has an earlier grade."""
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Quiz (7)", "Homework 3 (88)"]
    head += [f"Item {item} ({100 + at})" for at, item in enumerate(ITEMS)] + ["Final Score"]
    full = ["    Points Possible", "", "", "", "", "10.00", f"{FULL:.2f}", *(f"{points[item]:.2f}" for item in ITEMS)]
    before = {4: "EX", 5: "12.00"}

    def row(one: Pupil) -> list[str]:
        who = [one.sortable, str(one.inner), one.number, one.user, "Section 1, and 2"]
        return [*who, "=1+1" if one.at == 6 else "7.50", before.get(one.at, ""), *([""] * len(ITEMS)), "55,5"]

    column = {"": 6} | {item: 7 + at for at, item in enumerate(ITEMS)}
    above = [["", "", "", "", "", "", "Manual Posting", *([""] * (len(ITEMS) + 1))], [*full, "(read only)"]]
    return _book(there, head, row, column, above, encoding="utf-8-sig", ending="\r\n")


def moodle_book(there: Sequence[Pupil], points: Mapping[str, float]) -> Book:
    """Return Moodle's worksheet in English; of one student a person wrote a comment already."""
    head = ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum grade", "Grade can be changed"]
    head += ["Last modified (submission)", "Last modified (grade)", "Feedback comments"]

    def row(one: Pupil) -> list[str]:
        status = "Submitted for grading - " if one.file else "No submission - "
        said = "<p>Please come, and see me.</p>" if one.at == 0 else ""
        when = "Sunday, 1 November 2026, 11:59 AM" if one.file else "-"
        return [f"Participant {one.inner}", one.name, one.email, status, "", f"{FULL:.2f}", "Yes", when, "-", said]

    return _book(there, head, row, {"": 4}, comments=9)


def blackboard_book(there: Sequence[Pupil], points: Mapping[str, float]) -> Book:
    """Return Blackboard's whole gradebook."""
    head = ["Last Name", "First Name", "Username", "Student ID", "Last Access", "Availability"]
    head += ["Weighted Total [Total Pts: up to 110 Score] |1001", f"Homework 3 [Total Pts: {FULL} Score] |1002"]
    head += [f"Item {item} [Total Pts: {points[item]:g} Score] |{1100 + at}" for at, item in enumerate(ITEMS)]

    def row(one: Pupil) -> list[str]:
        who = [one.last, one.first, one.user, one.number, "2026-11-01 10:00:00", "Yes", "55.5"]
        return [*who, "Needs Grading" if one.file else "", *([""] * len(ITEMS))]

    column = {"": 7} | {item: 8 + at for at, item in enumerate(ITEMS)}
    return _book(there, head, row, column, encoding="utf-16", delimiter="\t", quotes=csv.QUOTE_ALL)


def blackboard_column(there: Sequence[Pupil], points: Mapping[str, float]) -> Book:
    """Return what Blackboard exports of one column with its comments."""
    head = ["Last Name", "First Name", "Username", "Student ID", f"Homework 3 [Total Pts: {FULL} Score] |1002"]
    head += ["Grading Notes", "Notes Format", "Feedback to Learner", "Feedback Format"]

    def row(one: Pupil) -> list[str]:
        grade, said = "Needs Grading" if one.file else "", "Please come and see me." if one.at == 0 else ""
        return [one.last, one.first, one.user, one.number, grade, "note", "SMART_TEXT", said, "SMART_TEXT"]

    return _book(there, head, row, {"": 4}, comments=7, encoding="utf-8-sig", quotes=csv.QUOTE_ALL)


def brightspace_book(there: Sequence[Pupil], points: Mapping[str, float]) -> Book:
    """Return Brightspace's gradebook."""
    head = ["OrgDefinedId", "Username", "Last Name", "First Name"]
    head += ["Quiz Points Grade <Numeric MaxPoints:10>", f"Homework 3 Points Grade <Numeric MaxPoints:{FULL} Weight:9>"]
    head += [f"Item {item} Points Grade <Numeric MaxPoints:{points[item]:g}>" for item in ITEMS]
    head += ["Calculated Final Grade Numerator", "End-of-Line Indicator"]

    def row(one: Pupil) -> list[str]:
        return [f"#{one.number}", f"#{one.user}", one.last, one.first, "7", "", *([""] * len(ITEMS)), "10", "#"]

    column = {"": 5} | {item: 6 + at for at, item in enumerate(ITEMS)}
    return _book(there, head, row, column)


BOOKS: Mapping[str, Sequence[Callable[[Sequence[Pupil], Mapping[str, float]], Book]]] = {
    "moodle": (moodle_book,),
    "canvas": (canvas_book,),
    "blackboard": (blackboard_book, blackboard_column),
    "brightspace": (brightspace_book,),
}
