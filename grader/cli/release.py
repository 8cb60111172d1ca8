"""`grader release`: let students see the marks and verdicts of people."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.class_files import add_by, write_class_files
from grader.cli.exit_status import PASSED
from grader.cli.options import UsageError, add_command
from grader.formatting import one_line

if TYPE_CHECKING:
    from grader.cli.options import Commands
    from grader.course.handback import Planned
    from grader.course.store import Row, Store


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(commands, "release", "let students see marks, comments and overridden verdicts", run)
    command.add_argument("out", type=Path, metavar="OUT", help="the --out folder of grader grade")
    command.add_argument(
        "submissions",
        nargs="*",
        metavar="SUBMISSION",
        help="the results' folders, or students' IDs or names (default: all in which nothing waits for a person)",
    )
    command.add_argument("--dry-run", action="store_true", help="only say whose points would be shown or changed")
    command.add_argument("--withdraw", action="store_true", help="take the release of these submissions back")
    add_by(command)


def run(arguments: argparse.Namespace) -> int:
    """Release, or say what a release would change. Raises StoreError, MarkError and OSError."""
    from grader.course.handback import planned, release, withdraw
    from grader.course.store import Store

    if arguments.withdraw and (arguments.dry_run or not arguments.submissions):
        raise UsageError("name the submissions whose release is to be taken back")
    with Store(arguments.out, create=False) as store:
        rows, left = _chosen(store, arguments.submissions)
        if arguments.withdraw:
            count = withdraw(store, arguments.out, [row.entry.name for row in rows], arguments.by)
            print(f"{count} releases are taken back; the reports show the machine's verdicts again")
        else:
            plan = planned(rows)
            for one in plan:
                print(one.words())
            if not arguments.dry_run:
                release(store, arguments.out, [one.name for one in plan], arguments.by)
            print(_summary(plan, len(rows), arguments.dry_run))
            if left:
                print(f"{left} still wait for a person and are left out; name them to release them all the same")
        problem = "" if arguments.dry_run else write_class_files(store, arguments.out)
    if problem:
        print(f"grader: {one_line(problem)}", file=sys.stderr)
    return PASSED


def _chosen(store: Store, names: Sequence[str]) -> tuple[list[Row], int]:
    """Return the rows that are meant, and how many are left out because they wait. Raises MarkError."""
    from grader.course.marks import Finder

    if names:
        find = Finder(store)
        return list({row.entry.name: row for row in map(find, names)}.values()), 0
    rows = [row for row in store.rows() if not row.missing]
    ready = [row for row in rows if not row.final.standing.waiting]
    return ready, len(rows) - len(ready)


def _summary(plan: Sequence[Planned], rows: int, dry_run: bool) -> str:
    would = "would be shown" if dry_run else "are shown"
    first = sum(one.before is None for one in plan)
    same = f"; {rows - len(plan)} were released as they are" if rows > len(plan) else ""
    return f"{first} {would} for the first time, {len(plan) - first} anew{same}"
