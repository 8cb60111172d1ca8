"""`grader lines`: list, add and change the rubric lines for written answers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.class_files import add_by, write_class_files
from grader.cli.exit_status import PASSED
from grader.cli.options import UsageError, add_command, signed_points
from grader.formatting import number, one_line

if TYPE_CHECKING:
    from grader.cli.options import Commands
    from grader.course.changes import Changes


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(commands, "lines", "list and change the rubric lines that marks are made of", run)
    command.add_argument("out", type=Path, metavar="OUT", help="the --out folder of grader grade")
    command.add_argument("--add", metavar="ITEM", help="add a line for this item, with --text and --points")
    command.add_argument("--change", type=int, metavar="N", help="change this line; the scores that use it change too")
    command.add_argument("--text", metavar="TEXT", help="what an answer does, such as 'names the curve'")
    command.add_argument("--points", type=signed_points, metavar="POINTS", help="the points; below 0 for a deduction")
    command.add_argument("--retire", action="store_true", help="with --change, offer the line no more")
    add_by(command)


def run(arguments: argparse.Namespace) -> int:
    """List the lines after the change that was asked for. Raises StoreError and MarkError."""
    from grader.course.changes import changing
    from grader.course.store import Store

    changes = arguments.add is not None or arguments.change is not None
    if (arguments.add is not None) and (arguments.text is None or arguments.points is None):
        raise UsageError("give --text and --points of the new line")
    if arguments.add is not None and arguments.change is not None:
        raise UsageError("give either --add or --change")
    with Store(arguments.out, create=False) as store:
        if changes:
            with changing(store, arguments.by) as change:
                _change(change, arguments)
            if problem := write_class_files(store, arguments.out):
                print(f"grader: {one_line(problem)}", file=sys.stderr)
        uses: dict[int, int] = {}
        for marks in store.marks().values():
            for mark in marks.values():
                for line in mark.lines:
                    uses[line.id] = uses.get(line.id, 0) + 1
        for line in store.lines(retired=True):
            retired = ", retired" if line.retired else ""
            print(
                f"{line.id}  {line.item}  {number(line.points)}  {one_line(line.text)} "
                f"(used in {uses.get(line.id, 0)} marks{retired})"
            )
    return PASSED


def _change(change: Changes, arguments: argparse.Namespace) -> None:
    if arguments.add is not None:
        change.add_line(arguments.add, arguments.text, arguments.points)
    else:
        change.change_line(
            arguments.change, arguments.text, arguments.points, retired=True if arguments.retire else None
        )
