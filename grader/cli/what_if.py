"""`grader what-if`: whose points would change with other points, or with another limit on losses."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.class_tables import write_tables
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
    apply = command.add_argument_group("apply")
    apply.add_argument(
        "--apply",
        action="store_true",
        help="let it count: points for the whole class, until they are changed again; for a limit, a person's verdict "
        "on each check that it changes",
    )
    apply.add_argument("--reason", metavar="TEXT", help="with --apply and --reset: why; it is kept")
    apply.add_argument("--reset", action="store_true", help="let the points of the rubric count again")


def run(arguments: argparse.Namespace) -> int:
    """Print whose points would change, and change them if asked to. Raises StoreError, WhatIfError and MarkError."""
    from grader.course.store import Store
    from grader.course.what_if import parse_points

    _check(arguments)
    points, limits = parse_points(arguments.points), parse_points(arguments.limit)
    with Store(arguments.out, create=False) as store:
        if points or arguments.reset:
            _points(store, points, arguments)
        elif limits:
            _limits(store, limits, arguments)
        else:
            _present(store)
    return PASSED


def _check(arguments: argparse.Namespace) -> None:
    if sum(map(bool, (arguments.points, arguments.limit, arguments.reset))) > 1:
        raise UsageError("give one of --points, --limit and --reset")
    if arguments.apply and not (arguments.points or arguments.limit):
        raise UsageError("--apply needs --points or --limit")
    if (arguments.apply or arguments.reset) and not arguments.reason:
        raise UsageError("say with --reason why; it is kept with the change")


def _present(store: Store) -> None:
    points = store.points()
    if not points:
        print("the points of the rubric count; try others with --points, or a limit with --limit")
    for name, value in points.items():
        print(one_line(f"{name}: {number(value)} points, set by an instructor"))


def _points(store: Store, given: dict[str, float], arguments: argparse.Namespace) -> None:
    from grader.course import verdicts
    from grader.course.appeals import person
    from grader.course.points_table import set_points
    from grader.course.what_if import changes, concerned, known, told

    checks = verdicts.checks_of_class(store)
    points = {} if arguments.reset else {**store.points(), **known(given, checks)}
    rows = list(store.rows())
    about = {**store.points(), **points}
    found = changes(rows, verdicts.of_class(store, concerned(about, checks)), points, store.items_of)
    for change in found:
        print(one_line(told(change)))
    gained = sum(change.points > 0 for change in found)
    lost = sum(change.points < 0 for change in found)
    if not (arguments.apply or arguments.reset):
        print(f"{len(rows)} submissions: {gained} would gain points, {lost} would lose some; nothing was changed")
        return
    set_points(store, points, person(), arguments.reason)
    print(f"{len(rows)} submissions: {gained} gained points, {lost} lost some")
    write_tables(arguments.out, store)


def _limits(store: Store, limits: dict[str, float], arguments: argparse.Namespace) -> None:
    from grader.course.appeals import person
    from grader.course.limits import Moved, apply_limits, moved_by

    def progress(done: int, of: int) -> None:
        if sys.stderr.isatty():
            print(f"\rjudged {done} of {of}", end="" if done < of else "\n", file=sys.stderr, flush=True)

    found = list(moved_by(store, load(arguments), limits, progress))
    moved = [one for one in found if isinstance(one, Moved)]
    for one in found:
        print(one_line(_moved(one) if isinstance(one, Moved) else f"{one.submission}: {one.why}"))
    unknown = len(found) - len(moved)
    beside = f", {unknown} cannot be judged again" if unknown else ""
    if not arguments.apply:
        print(f"the verdicts on {len(moved)} submissions would differ{beside}; nothing was changed")
        return
    for problem in apply_limits(store, moved, person(), arguments.reason):
        print(one_line(f"left as it was: {problem}"))
    print(f"the verdicts on {len(moved)} submissions were changed{beside}")
    write_tables(arguments.out, store)


def _moved(one: Moved) -> str:
    checks = "; ".join(_told(check) for check in one.checks)
    return f"{one.submission}: {'+' if one.points > 0 else ''}{number(one.points)} points: {checks}"


def _told(check: Replayed) -> str:
    verdicts = ("none" if one is None else f"{one.status} {number(one.score)}" for one in (check.was, check.now))
    was, now = (verdict.replace("_", " ") for verdict in verdicts)
    return f"{check.check} {was} becomes {now}"
