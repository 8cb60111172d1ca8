"""`grader mark`: mark items by hand, one submission at a time or from a CSV file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.class_files import add_by, write_class_files
from grader.cli.exit_status import PASSED
from grader.cli.options import UsageError, add_command, add_texts, make_importable, points, signed_points
from grader.formatting import one_line
from grader.language import said

if TYPE_CHECKING:
    from grader.cli.options import Commands
    from grader.course.store import Store


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(commands, "mark", "mark items by hand; marks survive regrading", run)
    command.add_argument("out", type=Path, metavar="OUT", help="the --out folder of grader grade")
    command.add_argument(
        "submission", nargs="?", metavar="SUBMISSION", help="the result's folder, or the student's ID or name"
    )
    command.add_argument(
        "marks",
        nargs="*",
        metavar="ITEM POINTS",
        help="the item, such as q7, and the points, in place of those that wait for a person; several as q7=4 q9=2.5",
    )
    command.add_argument(
        "--line", type=int, action="append", default=[], metavar="N", help="a rubric line that applies, by its number"
    )
    command.add_argument(
        "--adjust", type=signed_points, metavar="POINTS", help="points beside those of the lines, such as -0.5"
    )
    command.add_argument("--comment", default="", metavar="TEXT", help="a comment, kept with the points")
    command.add_argument("--remove", action="store_true", help="remove the mark")
    command.add_argument(
        "--csv",
        type=Path,
        metavar="FILE",
        help="read marks from a CSV file with the columns submission (or student_id), item, points, comment",
    )
    command.add_argument("--skip-bad", action="store_true", help="with --csv, leave out bad lines and store the others")
    add_by(command)


def run(arguments: argparse.Namespace) -> int:
    """Store or remove marks and write the class's table and page again. Raises StoreError and MarkError."""
    from grader.course.store import Store

    make_importable()
    add_texts()
    if (arguments.csv is None) is (arguments.submission is None):
        raise UsageError("give a submission with its marks, or --csv FILE")
    if arguments.csv is not None:
        return _import(arguments)
    wanted = _wanted(arguments)
    with Store(arguments.out, create=False) as store:
        told = _mark(store, arguments, wanted)
        problem = write_class_files(store, arguments.out)
    for sentence in told:
        print(one_line(said(sentence)))
    if problem:
        print(f"grader: {one_line(said(problem))}", file=sys.stderr)
    return PASSED


def _mark(store: Store, arguments: argparse.Namespace, wanted: list[tuple[str, float | None]]) -> list[str]:
    from grader.course.marks import find_row, mark_item, told_if_released, unmark_item

    told = []
    for item, given in wanted:
        if given is None:
            told.append(unmark_item(store, arguments.submission, item, arguments.by))
        else:
            comment, lines = arguments.comment, arguments.line
            told.append(mark_item(store, arguments.submission, item, given, comment, arguments.by, lines))
    told.append(told_if_released(store, find_row(store, arguments.submission).entry.name))
    return [sentence for sentence in told if sentence]


def _wanted(arguments: argparse.Namespace) -> list[tuple[str, float | None]]:
    """Return the items with their points, None for those whose mark is to be removed. Raises UsageError."""
    words, with_lines = list(arguments.marks), bool(arguments.line) or arguments.adjust is not None
    pairs = [word.partition("=")[::2] for word in words]
    if words and all("=" in word for word in words):
        if arguments.remove or with_lines:
            raise UsageError("give --line, --adjust and --remove with one ITEM at a time")
        return [(item, _points(given)) for item, given in pairs]
    given = words[1:]
    if len(words) not in (1, 2) or (len(given) + arguments.remove + with_lines) != 1:
        raise UsageError("give either the points or --remove or --line")
    if arguments.remove:
        return [(words[0], None)]
    return [(words[0], arguments.adjust or 0.0 if with_lines else _points(given[0]))]


def _points(text: str) -> float:
    try:
        return points(text)
    except argparse.ArgumentTypeError as error:
        raise UsageError(str(error)) from None


def _import(arguments: argparse.Namespace) -> int:
    from grader.course.mark_import import ImportRefused, import_marks
    from grader.course.store import Store

    data = arguments.csv.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    with Store(arguments.out, create=False) as store:
        try:
            done = import_marks(store, text, arguments.by, arguments.skip_bad)
        except ImportRefused as refused:
            for sentence in refused.problems:
                print(one_line(said(sentence)), file=sys.stderr)
            raise
        problem = write_class_files(store, arguments.out)
    for sentence in done.problems:
        print(one_line(said(f"left out: {sentence}")), file=sys.stderr)
    empty = "1 line without points is" if done.empty == 1 else f"{done.empty} lines without points are"
    marks = "1 mark is" if done.stored == 1 else f"{done.stored} marks are"
    print(said(f"{marks} stored; {empty} left out" if done.empty else f"{marks} stored"))
    if problem:
        print(f"grader: {one_line(said(problem))}", file=sys.stderr)
    return PASSED
