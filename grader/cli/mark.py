"""`grader mark`: mark an item by hand."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.exit_status import PASSED
from grader.cli.options import UsageError, add_command, add_texts, make_importable, points
from grader.formatting import one_line
from grader.language import said

if TYPE_CHECKING:
    from grader.cli.options import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(commands, "mark", "mark an item by hand; marks survive regrading", run)
    command.add_argument("out", type=Path, metavar="OUT", help="the --out folder of grader grade")
    command.add_argument("submission", metavar="SUBMISSION", help="the result's folder, or the student's ID or name")
    command.add_argument("item", metavar="ITEM", help="the item, such as q7")
    command.add_argument(
        "points", type=points, nargs="?", metavar="POINTS", help="the points, in place of those that wait for a person"
    )
    command.add_argument("--comment", default="", metavar="TEXT", help="a comment, kept with the points")
    command.add_argument("--remove", action="store_true", help="remove the mark")


def run(arguments: argparse.Namespace) -> int:
    """Store or remove a mark and write the class's table and page again. Raises StoreError and MarkError."""
    from grader.course.marks import mark_item, unmark_item
    from grader.course.overview import Overview, problem_with_page
    from grader.course.store import Store
    from grader.course.table import CLASS_TABLE, write_class

    make_importable()
    add_texts()
    if (arguments.points is None) is not arguments.remove:
        raise UsageError("give either the points or --remove")
    with Store(arguments.out, create=False) as store:
        if arguments.remove:
            done = unmark_item(store, arguments.submission, arguments.item)
        else:
            done = mark_item(store, arguments.submission, arguments.item, arguments.points, arguments.comment)
        write_class(arguments.out / CLASS_TABLE, store.rows(), store.items())
        problem = problem_with_page(arguments.out, Overview(store))
    print(said(done))
    if problem:
        print(f"grader: {one_line(said(problem))}", file=sys.stderr)
    return PASSED
