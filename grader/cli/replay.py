"""`grader replay`: judge a check of a stored result again, from the kept evidence."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.exit_status import LOST, PASSED
from grader.cli.options import add_command, load
from grader.formatting import number, one_line

if TYPE_CHECKING:
    from grader.cli.options import Commands
    from grader.grading.replay import Replay, Replayed
    from grader.result import CheckResult

_EPILOG = """exit status: 0 if the verdict is the same, 1 if it is another, 2 if it cannot be judged again"""


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(
        commands, "replay", "judge a check of a stored result again, without running the notebook", run
    )
    command.epilog = _EPILOG
    command.add_argument(
        "result",
        type=Path,
        metavar="RESULT",
        help="a result.json, its folder, or the --out folder of grader grade with a SUBMISSION",
    )
    command.add_argument(
        "submission", nargs="?", metavar="SUBMISSION", help="the result's folder, or the student's ID or name"
    )
    command.add_argument("check", metavar="CHECK", help="the check, such as q7.time, or an item, or 'all'")
    command.add_argument(
        "--assignment",
        metavar="NAME",
        help="the assignment's package (default: what the variable GRADER_ASSIGNMENT names, or the package reference)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the verdict then and now. Raises StoreError, MarkError, ReplayError and AssignmentError."""
    from grader.course.stored import find_stored
    from grader.grading.replay import replay

    stored = find_stored(arguments.result, arguments.submission or "")
    done = replay(stored.result, load(arguments), arguments.check)
    for line in lines(done, stored.submission or stored.result.submission.name):
        print(one_line(line))
    return PASSED if done.same_points else LOST


def lines(done: Replay, name: str) -> list[str]:
    """Return what a replay showed, in lines of text."""
    found = [line for check in done.checks for line in _told(check, len(done.checks) > 1)]
    same = sum(check.same for check in done.checks)
    if len(done.checks) > 1:
        found.append(f"{name}: {same} of {len(done.checks)} verdicts are the same, word for word")
    if done.changed:
        found.append(f"changed since the grading: {_and(done.changed)}")
    elif not done.same:
        found.append("nothing that is digested has changed since the grading, so a verdict should not differ")
    return [*found, *(f"note: {note}" for note in done.notes)]


def _told(check: Replayed, several: bool) -> list[str]:
    if check.same:
        return [] if several else [f"{check.check}: the verdict is the same: {_verdict(check.now)}"]
    if check.now is None:
        return [f"{check.check}: the rubric has no such check any more; the verdict was: {_verdict(check.was)}"]
    if check.was is None:
        return [f"{check.check}: the rubric had no such check then; the verdict is: {_verdict(check.now)}"]
    head = "the same points, in other words" if check.same_points else "another verdict"
    return [f"{check.check}: {head}", f"  was: {_verdict(check.was)}", f"  is:  {_verdict(check.now)}"]


def _verdict(check: CheckResult | None) -> str:
    if check is None:
        return "none"
    status = check.status.replace("_", " ")
    return f"{status}, {number(check.score)} of {number(check.max_score)}: {check.message}"


def _and(words: tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
