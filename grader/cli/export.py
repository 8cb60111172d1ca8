"""`grader export`: grades and feedback for course systems."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.exit_status import LOST, PASSED
from grader.cli.help_text import RawHelp
from grader.cli.options import UsageError, add_command
from grader.formatting import one_line
from grader.language import said, tr

if TYPE_CHECKING:
    from grader.cli.options import Commands
    from grader.course.store import Row
    from grader.exports.course import Course
    from grader.exports.gradebook import Gradebook
    from grader.exports.grades import Grade
    from grader.exports.people import Matches

_GRADEBOOKS = {
    "canvas": "fill in the gradebook that Canvas exported",
    "moodle": "fill in the grading worksheet that Moodle exported, and pack the feedback files",
    "blackboard": "fill in the gradebook that Blackboard exported",
    "brightspace": "fill in the gradebook that Brightspace exported",
}
_COMMENTED = ("moodle", "blackboard")  # their gradebooks may have a column for comments
_OTHERS = {
    "gradescope": "write a results.json for each submission, as Gradescope reads it",
    "nbgrader": "write nbgrader's feedback folder, so that `nbgrader release_feedback` hands out the reports",
    "feedback": "pack a report for each student",
}


def _epilog() -> str:
    lines = [
        tr("exit status:"),
        "  0  " + tr("written"),
        "  1  " + tr("written, but some submission found no row, or more than one"),
        "  2  " + tr("nothing was written"),
    ]
    return "\n".join(lines)


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(commands, "export", "write grades and feedback for a course system", run)
    systems = command.add_subparsers(dest="system", required=True, metavar="SYSTEM", title=tr("systems"))
    for name, summary in (_GRADEBOOKS | _OTHERS).items():
        system = systems.add_parser(
            name,
            help=said(summary),
            description=f"{said(summary)[0].upper()}{said(summary)[1:]}.",
            epilog=_epilog(),
            formatter_class=RawHelp,
        )
        system.add_argument("out", type=Path, metavar="RESULTS", help="the --out folder of grader grade")
        if name in _GRADEBOOKS:
            _add_gradebook(system, name)
        if name == "nbgrader":
            system.add_argument(
                "--submitted",
                type=Path,
                required=True,
                metavar="DIR",
                help="the course's folder 'submitted', where nbgrader put the secrets of the submissions",
            )
        what = {"gradescope": "DIR", "nbgrader": "DIR", "feedback": "PATH"}.get(name, "FILE")
        into = {
            "gradescope": "the folder to write to; each submission gets a folder in it",
            "nbgrader": "the course's folder 'feedback'",
            "feedback": "a file that ends in .zip, with a folder for each student; or a folder, for one zip each",
        }.get(name, "the file to write, never the gradebook itself")
        system.add_argument("--to", type=Path, metavar=what, help=into)
        system.add_argument(
            "--unreleased",
            action="store_true",
            help="export the points as they are now, also those that no person has released to students",
        )
        system.add_argument(
            "--dry-run", action="store_true", help="write nothing; say whose grade changes from what to what"
        )


def _add_gradebook(system: argparse.ArgumentParser, name: str) -> None:
    system.add_argument(
        "--gradebook", type=Path, required=True, metavar="FILE", help="the file that the course system exported"
    )
    if name != "moodle":
        system.add_argument(
            "--column", metavar="NAME", help="the column for the total, by its name or id (default: the only one)"
        )
        system.add_argument(
            "--item",
            type=_item,
            action="append",
            default=[],
            metavar="ITEM=NAME",
            help="a column for the points of one item, such as q3=Question 3; may be given several times",
        )
    system.add_argument(
        "--scale", action="store_true", help="scale the points to the full points of the column, if they differ"
    )
    if name in _COMMENTED:
        system.add_argument(
            "--comments", metavar="NAME", help="the column for feedback comments, if it is not recognised"
        )
    if name == "moodle":
        system.add_argument(
            "--feedback", type=Path, metavar="ZIP", help="also write the reports as the archive that Moodle takes back"
        )


def _item(text: str) -> tuple[str, str]:
    item, equals, column = text.partition("=")
    if not (item and equals and column):
        raise argparse.ArgumentTypeError(f"{text!r} is not ITEM=NAME, such as q3=Question 3")
    return item.strip(), column.strip()


def run(arguments: argparse.Namespace) -> int:
    """Export the class; return the exit status. Raises ExportError and StoreError."""
    from grader.course.store import Store
    from grader.exports.course import Course

    if arguments.to is None and not arguments.dry_run:
        raise UsageError("say where to write, with --to; or give --dry-run")
    with Store(arguments.out, create=False) as store:
        course = Course(store, arguments.unreleased)
        if arguments.system in _GRADEBOOKS:
            return _fill_in(arguments, course)
        return _write_feedback(arguments, course)


def _fill_in(arguments: argparse.Namespace, course: Course) -> int:
    from grader.exports.fill import Wanted, plan, told
    from grader.exports.people import match, people
    from grader.files import write_atomically

    _keep_apart(arguments.gradebook, arguments.to, getattr(arguments, "feedback", None))
    book = _gradebook(arguments)
    rows = course.rows()
    grades = course.grades(rows, comments=book.comments is not None)
    matches = match(book.students, people(row.entry for row in rows))
    items = dict(getattr(arguments, "item", []))
    wanted = Wanted(getattr(arguments, "column", None), items, arguments.scale)
    decided = plan(book, grades, matches, wanted)
    for line in told(decided):
        print(one_line(line))
    if not arguments.dry_run:
        write_atomically(arguments.to, book.sheet.filled(decided.cells))
        print(f"written to {arguments.to}, to be imported into {book.system}")
        if getattr(arguments, "feedback", None) is not None:
            _write_moodle_feedback(arguments.feedback, book, matches, course, rows, grades)
    return LOST if decided.strangers or decided.doubts else PASSED


def _gradebook(arguments: argparse.Namespace) -> Gradebook:
    from grader.exports import blackboard, brightspace, canvas, moodle
    from grader.exports.sheet import read_sheet

    sheet = read_sheet(arguments.gradebook)
    if arguments.system in _COMMENTED:
        commented = {"moodle": moodle.read, "blackboard": blackboard.read}
        return commented[arguments.system](sheet, arguments.comments)
    return {"canvas": canvas.read, "brightspace": brightspace.read}[arguments.system](sheet)


def _keep_apart(gradebook: Path, *others: Path | None) -> None:
    """Refuse to write over the gradebook. Raises ExportError."""
    from grader.exports.errors import ExportError

    for other in others:
        if other is not None and (
            other.resolve() == gradebook.resolve() or (other.exists() and other.samefile(gradebook))
        ):
            raise ExportError(f"'{other}' is the gradebook itself, which is never written over; give another file")


def _write_moodle_feedback(
    path: Path, book: Gradebook, matches: Matches, course: Course, rows: Iterable[Row], grades: Mapping[str, Grade]
) -> None:
    from grader.exports.feedback import moodle_archive
    from grader.files import write_atomically

    pages = {row.entry.name: page for row, page in course.pages(list(rows), grades)}
    found = [(student, pages[name]) for student in book.students if (name := matches.found.get(student.line)) in pages]
    write_atomically(path, moodle_archive(found))
    print(f"{len(found)} reports are in {path}, to be uploaded as feedback files")


def _write_feedback(arguments: argparse.Namespace, course: Course) -> int:
    """Write one folder of feedback for each submission that is exported."""
    from grader.files import write_atomically

    rows = course.rows()
    grades = course.grades(rows)
    written = 0
    left_out: list[str] = []
    into: Path | None = arguments.to
    whole = into if arguments.system == "feedback" and into is not None and into.suffix.lower() == ".zip" else None
    packed: dict[str, bytes] = {}
    for row, files in _files(arguments, course, rows, grades, left_out):
        written += 1
        grade = grades[row.entry.name]
        print(one_line(f"{row.entry.name}: {grade.total.earned:g} of {grade.total.possible:g}"))
        if whole is not None:
            packed |= files
        elif not arguments.dry_run and into is not None:
            for name, data in files.items():
                write_atomically(into / name, data)
    if whole is not None and not arguments.dry_run:
        from grader.exports.feedback import packed as archive

        write_atomically(whole, archive(packed))
    for line in left_out:
        print(one_line(f"left out: {line}"))
    _say_left_out(grades)
    print(f"{written} submissions {'would be' if arguments.dry_run else 'are'} written{f' to {into}' if into else ''}")
    return LOST if left_out else PASSED


def _files(
    arguments: argparse.Namespace,
    course: Course,
    rows: list[Row],
    grades: Mapping[str, Grade],
    left_out: list[str],
) -> Iterator[tuple[Row, dict[str, bytes]]]:
    """Yield what is written for each submission, by path; who cannot be served is added to `left_out`."""
    from grader.exports import nbgrader
    from grader.exports.feedback import packed

    if arguments.system == "gradescope":
        from grader.reports.gradescope import gradescope_document

        for row, result in course.results(rows, grades):
            text = gradescope_document(result, score=grades[row.entry.name].total.earned, seconds=row.seconds)
            yield row, {f"{row.entry.name}/results.json": text.encode("utf-8", "replace")}
        return
    places = nbgrader.places(arguments.submitted) if arguments.system == "nbgrader" else {}
    for row, page in course.pages(rows, grades):
        if arguments.system == "feedback":
            data = page.encode("utf-8", "replace")
            if arguments.to is not None and arguments.to.suffix.lower() == ".zip":
                yield row, {f"{row.entry.name}/report.html": data}
            else:
                yield row, {f"{row.entry.name}.zip": packed({"report.html": data})}
            continue
        place = places.get(row.entry.name.casefold())
        if place is None:
            left_out.append(f"{row.entry.name}: has no folder in {arguments.submitted}")
        elif place.missing:
            left_out.append(
                f"{row.entry.name}: has no {' and no '.join(place.missing)}, so it was not handed in with `nbgrader "
                "submit`, and release_feedback would stop at it"
            )
        else:
            yield row, nbgrader.tree(place, row.entry.file, page)


def _say_left_out(grades: Mapping[str, Grade]) -> None:
    from grader.exports.fill import listed

    for name, grade in grades.items():
        if grade.problem:
            print(one_line(f"left out: {name}: {grade.problem}"))
    hidden = [name for name, grade in grades.items() if not grade.problem and not grade.released]
    for line in listed("not released, so left out (--unreleased exports them too)", hidden):
        print(one_line(line))
