"""`grader verify-result`: verify the signatures of results."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.exit_status import FAILED, LOST, PASSED
from grader.cli.options import add_command
from grader.formatting import one_line
from grader.language import said

if TYPE_CHECKING:
    from grader.cli.options import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(commands, "verify-result", "verify the signatures of results", run)
    command.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="a result.json, or a summary.csv beside the results"
    )
    command.add_argument(
        "--key", type=Path, metavar="PUB", help="the public key to trust; without it nothing can be verified"
    )
    command.add_argument(
        "--submission", type=Path, metavar="NOTEBOOK", help="the notebook that the results must belong to"
    )
    command.add_argument(
        "--student",
        metavar="WHO",
        help="the student that the results must belong to, by folder, number or name, for results that are no longer "
        "in the class's folder (without it a result must be in the folder that it was signed for)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print a verdict for each file; return 0 if all are verified, 1 if one is not, 2 if one cannot be read."""
    from grader.course.verify import verify

    verdicts = verify(arguments.files, arguments.key, arguments.submission, arguments.student)
    for path, verdict in zip(arguments.files, verdicts, strict=True):
        print(f"{one_line(str(path))}: {said(verdict.sentence)}")
    if not all(verdict.readable for verdict in verdicts):
        return FAILED
    return PASSED if all(verdict.verified for verdict in verdicts) else LOST
