"""`grader what-if`: whose points would change with other points, or with another limit on losses."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.exit_status import PASSED
from grader.cli.options import UsageError, add_command, load
from grader.formatting import number, one_line

if TYPE_CHECKING:
    from grader.cli.options import Commands
    from grader.course.limits import Moved
    from grader.course.store import Store
    from grader.grading.replay import Replayed


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(commands, "what-if", "show whose points would change with other points or limits", run)
    command.add_argument("out", type=Path, metavar="OUT", help="the --out folder of grader grade")
    command.add_argument(
        "--points",
        nargs="+",
        default=[],
        metavar="ID=N",
        help="points of a check or an item, such as q7.time=3; a check keeps the share that it earned",
    )
    command.add_argument(
        "--limit",
        nargs="+",
        default=[],
        metavar="NAME=X",
        help="a limit on losses, such as mlp.loss.10=0.4; judges each submission again, in half a second",
    )
    command.add_argument("--assignment", metavar="NAME", help="with --limit: the assignment's package")


def run(arguments: argparse.Namespace) -> int:
    """Print whose points would change. Raises StoreError, WhatIfError and AssignmentError."""
    from grader.course.store import Store
    from grader.course.what_if import parse_points

    if not arguments.points and not arguments.limit:
        raise UsageError("give --points or --limit: what would be different?")
    points, limits = parse_points(arguments.points), parse_points(arguments.limit)
    with Store(arguments.out, create=False) as store:
        if points:
            _points(store, points)
        if limits:
            _limits(store, limits, arguments)
    return PASSED


def _points(store: Store, given: dict[str, float]) -> None:
    from grader.course import verdicts
    from grader.course.what_if import changes, concerned, known, told

    checks = verdicts.checks_of_class(store)
    points = known(given, checks)
    rows = list(store.rows())
    found = changes(rows, verdicts.of_class(store, concerned(points, checks)), points)
    for change in found:
        print(one_line(told(change)))
    gained = sum(change.points > 0 for change in found)
    lost = sum(change.points < 0 for change in found)
    print(f"{len(rows)} submissions: {gained} would gain points, {lost} would lose some; nothing was changed")


def _limits(store: Store, limits: dict[str, float], arguments: argparse.Namespace) -> None:
    from grader.course.limits import Moved, moved_by

    def progress(done: int, of: int) -> None:
        if sys.stderr.isatty():
            print(f"\rjudged {done} of {of}", end="" if done < of else "\n", file=sys.stderr, flush=True)

    found = list(moved_by(store, load(arguments), limits, progress))
    moved = [one for one in found if isinstance(one, Moved)]
    for one in found:
        print(one_line(_moved(one) if isinstance(one, Moved) else f"{one.submission}: {one.why}"))
    unknown = len(found) - len(moved)
    print(
        f"the verdicts on {len(moved)} submissions would differ"
        + (f", {unknown} cannot be judged again" if unknown else "")
        + "; nothing was changed"
    )


def _moved(one: Moved) -> str:
    checks = "; ".join(_told(check) for check in one.checks)
    return f"{one.submission}: {'+' if one.points > 0 else ''}{number(one.points)} points: {checks}"


def _told(check: Replayed) -> str:
    verdicts = ("none" if one is None else f"{one.status} {number(one.score)}" for one in (check.was, check.now))
    was, now = (verdict.replace("_", " ") for verdict in verdicts)
    return f"{check.check} {was} becomes {now}"
