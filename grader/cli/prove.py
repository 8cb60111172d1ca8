"""`grader prove`: measure the grader's own error."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.exit_status import LOST, PASSED
from grader.cli.options import add_command, add_grading, count, grading_settings, load, positive

if TYPE_CHECKING:
    from grader.cli.options import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(
        commands,
        "prove",
        "grade correct and faulty notebooks made from the solution, to measure the grader's own error",
        run,
    )
    command.add_argument(
        "--images", type=positive, default=1000, metavar="N", help="training images to grade with (default: 1000)"
    )
    command.add_argument(
        "--combinations", type=count, default=200, metavar="N", help="combinations of two mutations (default: 200)"
    )
    command.add_argument("--seed", type=count, default=0, metavar="N", help="seed of all random choices (default: 0)")
    command.add_argument("--only", metavar="PATTERN", help="only notebooks whose name matches this regular expression")
    command.add_argument("--subset", type=positive, metavar="N", help="only N notebooks, some of every group")
    command.add_argument("--list", action="store_true", help="list the notebooks; grade nothing")
    command.add_argument("--save", type=Path, metavar="DIR", help="write the notebooks to this folder")
    command.add_argument("--out", type=Path, metavar="DIR", help="keep the results in this folder (default: the cache)")
    command.add_argument(
        "--jobs", type=positive, metavar="N", help="how many notebooks to grade at a time (default: one per core)"
    )
    command.add_argument("--json", type=Path, metavar="FILE", help="write the matrix to FILE as JSON")
    add_grading(command, isolation="auto")


def run(arguments: argparse.Namespace) -> int:
    """Grade the notebooks and print the matrix; return 0 if every verdict was right, else 1. Raises ProveError."""
    from grader.machine import usable_cores
    from grader.prove.command import Wanted, prove

    assignment = load(arguments)
    names = ("images", "combinations", "seed", "only", "subset", "list", "save", "out", "json")
    wanted = Wanted(
        package=arguments.assignment,
        jobs=arguments.jobs or usable_cores(),
        **{name: getattr(arguments, name) for name in names},
    )
    return PASSED if prove(wanted, assignment, grading_settings(arguments)) else LOST
