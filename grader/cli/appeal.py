"""`grader appeal`: enter, list and decide students' objections to verdicts."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.class_tables import write_tables
from grader.cli.exit_status import LOST, PASSED
from grader.cli.options import UsageError, add_command, positive
from grader.formatting import number, one_line
from grader.language import tr

if TYPE_CHECKING:
    from grader.cli.options import Commands
    from grader.course.appeals import Appeal
    from grader.course.store import Store


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(commands, "appeal", "enter, list and decide students' objections to verdicts", run)
    command.add_argument("out", type=Path, metavar="OUT", help="the --out folder of grader grade")
    command.add_argument(
        "submission", nargs="?", metavar="SUBMISSION", help="the result's folder, or the student's ID or name"
    )
    command.add_argument("check", nargs="?", metavar="CHECK", help="the check or item that the student disputes")
    command.add_argument("--text", metavar="TEXT", help="what the student says")
    command.add_argument(
        "--import",
        dest="file",
        type=Path,
        metavar="FILE",
        help="enter the appeals of a CSV file with columns for the student, the check and the text",
    )
    command.add_argument("--all", action="store_true", help="also list the appeals that are decided")
    decide = command.add_argument_group(tr("decide"))
    decide.add_argument("--accept", type=positive, metavar="N", help="accept appeal N: the check gets its points")
    decide.add_argument("--reject", type=positive, metavar="N", help="reject appeal N")
    decide.add_argument("--reason", metavar="TEXT", help="why; the student reads it")
    decide.add_argument(
        "--points", nargs="+", default=[], metavar="CHECK=N", help="with --accept: these points, not all of them"
    )
    decide.add_argument(
        "--alike",
        action="store_true",
        help="decide the same for all submissions that lost points by the same check for the same reason: the message "
        "is the same but for names and numbers; --show says who they are",
    )
    command.add_argument("--show", type=positive, metavar="N", help="show appeal N with all that is known about it")


def run(arguments: argparse.Namespace) -> int:
    """Enter, list or decide appeals. Raises StoreError, MarkError and AppealError."""
    from grader.course.store import Store

    with Store(arguments.out, create=False) as store:
        if arguments.file is not None:
            return _import(store, arguments.file)
        if arguments.accept is not None or arguments.reject is not None:
            return _decide(store, arguments)
        if arguments.show is not None:
            return _show(store, arguments.show)
        if arguments.text is not None:
            return _file(store, arguments)
        if arguments.submission is not None:
            raise UsageError("say with --text what the student says")
        return _list(store, arguments.all)


def _import(store: Store, file: Path) -> int:
    from grader.course.appeals import AppealError
    from grader.course.appeals_csv import import_appeals

    try:
        text = file.read_bytes().decode("utf-8-sig", "replace")
    except OSError as error:
        raise AppealError(f"cannot read '{file}': {error.strerror or error}") from None
    done = import_appeals(store, text)
    for one in done.filed:
        print(_line(one))
    for problem in done.problems:
        print(one_line(problem))
    lines = f"{len(done.problems)} line{'' if len(done.problems) == 1 else 's'}"
    print(f"{len(done.filed)} new, {done.known} known before, {lines} cannot be used")
    return LOST if done.problems else PASSED


def _file(store: Store, arguments: argparse.Namespace) -> int:
    from grader.course.appeals import file_appeal

    if arguments.submission is None or arguments.check is None:
        raise UsageError("name the submission and the check")
    one, new = file_appeal(store, arguments.submission, arguments.check, arguments.text)
    print(_line(one) if new else f"appeal {one.id} says the same already")
    return PASSED


def _decide(store: Store, arguments: argparse.Namespace) -> int:
    from grader.course.appeal_decisions import accept, reject, told
    from grader.course.appeals import alike, appeal, person
    from grader.course.what_if import parse_points

    if (arguments.accept is not None) is (arguments.reject is not None):
        raise UsageError("give one of --accept and --reject")
    if not arguments.reason:
        raise UsageError("say with --reason why; the student reads it")
    which = arguments.accept if arguments.accept is not None else arguments.reject
    found = alike(store, appeal(store, which)) if arguments.alike else {}
    others = {name for names in found.values() for name in names}
    if arguments.accept is not None:
        done = accept(store, which, arguments.reason, person(), parse_points(arguments.points), others)
    else:
        done = reject(store, which, arguments.reason, person(), others)
    for problem in done.problems:
        print(one_line(f"left as it was: {problem}"))
    print(told(done, "accepted" if arguments.accept is not None else "rejected"))
    write_tables(arguments.out, store)
    return PASSED


def _list(store: Store, every: bool) -> int:
    from grader.course.appeals import all_appeals

    found = all_appeals(store)
    for one in found:
        if every or one.status == "open":
            print(_line(one))
    still = sum(one.status == "open" for one in found)
    print(f"{still} open, {len(found) - still} decided")
    return PASSED


def _show(store: Store, which: int) -> int:
    from grader.course import verdicts
    from grader.course.appeals import appeal, in_question, others
    from grader.course.store import read_document
    from grader.course.stored import named

    one = appeal(store, which)
    print(_line(one))
    _, key = named(store, one.submission)
    told = {check.id: check for item in read_document(store.document(key)).items for check in item.checks}
    by_check = others(store, one)
    for verdict in in_question(one, verdicts.of_submission(store, one.submission)):
        check = told.get(verdict.check)
        points = f"{number(verdict.score)} of {number(verdict.max_score)}"
        print(one_line(f"  {verdict.check}: {verdict.status}, {points}: {check.message if check else ''}"))
        if check is not None and check.expected:
            print(one_line(f"    expected: {check.expected}"))
        names, rest = by_check[verdict.check]
        if names:
            many = f"{len(names)} other submission{'' if len(names) == 1 else 's'}"
            print(one_line(f"    for the same reason {many} lost points: {', '.join(names)}"))
        if rest:
            print(one_line(f"    with the same first words but another cause, so look at each: {', '.join(rest)}"))
    return PASSED


def _line(one: Appeal) -> str:
    decided = "" if one.status == "open" else f" [{one.status}: {one.decision}]"
    return one_line(f"appeal {one.id}: {one.submission}, {one.check}: {one.text}{decided}")
