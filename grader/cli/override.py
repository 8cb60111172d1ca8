"""`grader override`: give a check the verdict of a person, with the reason."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.class_files import add_by, write_class_files
from grader.cli.exit_status import PASSED
from grader.cli.options import UsageError, add_command, points
from grader.formatting import one_line

if TYPE_CHECKING:
    from grader.cli.options import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(commands, "override", "overrule the verdict on a check, with a reason", run)
    command.add_argument("out", type=Path, metavar="OUT", help="the --out folder of grader grade")
    command.add_argument("submission", metavar="SUBMISSION", help="the result's folder, or the student's ID or name")
    command.add_argument("check", metavar="CHECK", help="the check, such as q5.losses; result.json names them")
    command.add_argument("points", type=points, nargs="?", metavar="POINTS", help="the points for this check")
    command.add_argument("--reason", default="", metavar="TEXT", help="why; the student reads it after a release")
    command.add_argument("--remove", action="store_true", help="let the grader's verdict count again")
    add_by(command)


def run(arguments: argparse.Namespace) -> int:
    """Store or remove an override and write the class's files again. Raises StoreError and MarkError."""
    from grader.course.marks import find_row, override_check, remove_override, told_if_released
    from grader.course.store import Store

    if (arguments.points is None) is not arguments.remove:
        raise UsageError("give either the points or --remove")
    if arguments.points is not None and not arguments.reason.strip():
        raise UsageError("give a --reason: the student reads it after a release")
    where, by = (arguments.submission, arguments.check), arguments.by
    with Store(arguments.out, create=False) as store:
        if arguments.remove:
            print(one_line(remove_override(store, *where, by)))
        else:
            print(one_line(override_check(store, *where, arguments.points, arguments.reason, by)))
        if told := told_if_released(store, find_row(store, arguments.submission).entry.name):
            print(one_line(told))
        if problem := write_class_files(store, arguments.out):
            print(f"grader: {one_line(problem)}", file=sys.stderr)
    return PASSED
