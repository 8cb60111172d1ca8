"""`grader grade`: grade a class."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.exit_status import INTERRUPTED, exit_status
from grader.cli.options import (
    UsageError,
    add_command,
    add_grading,
    deadline,
    grading_settings,
    load,
    make_importable,
    positive,
    seconds,
)
from grader.course.ingest.layouts import LAYOUTS
from grader.course.shards import Shard, parse_shard
from grader.language import tr

if TYPE_CHECKING:
    from grader.cli.options import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(
        commands, "grade", "grade a class: folders, or a download from Canvas, Moodle and others", run
    )
    command.add_argument("paths", type=Path, nargs="*", metavar="PATH", help="notebooks, folders or zip archives")
    command.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="the folder for the results; existing results are reused"
    )
    command.add_argument(
        "--jobs",
        type=positive,
        metavar="N",
        help="how many notebooks to grade at a time (default: one per core; with --dask two per thread of a worker)",
    )
    command.add_argument("--force", action="store_true", help="grade everything again, even if nothing has changed")
    command.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="grade only this submission; may be repeated"
    )
    command.add_argument("--sign", type=Path, metavar="KEY", help="sign each result with this private key, see keygen")
    command.add_argument(
        "--layout", choices=LAYOUTS, default="auto", help="how the submissions are arranged (default: detect)"
    )
    command.add_argument(
        "--roster",
        type=Path,
        metavar="CSV",
        help="the students' names, in columns such as id,name (default: a roster.csv beside the submissions)",
    )
    command.add_argument(
        "--repos",
        type=Path,
        metavar="CSV",
        help="grade git repositories instead of PATHs: a file with the columns id, name and repository (an address or "
        "a folder); with --due the last commit before it counts",
    )
    command.add_argument(
        "--pushes",
        type=Path,
        metavar="JSON",
        help="with --repos: GitHub's events, which say when commits were pushed (default: the times of the commits)",
    )
    command.add_argument(
        "--due",
        type=deadline,
        metavar="TIME",
        help="the deadline in ISO 8601, such as 2026-11-01T23:59; later submissions are marked as late",
    )
    command.add_argument(
        "--notebooks", action="store_true", help="also write each notebook as it ran, with feedback under each question"
    )
    command.add_argument("--shard", type=_shard, metavar="I/N", help="grade only part I of N equal parts, see merge")
    command.add_argument(
        "--dask",
        metavar="ADDRESS",
        help=tr(
            "grade on the Dask cluster with this scheduler, such as tcp://10.0.0.1:8786; --data is then a folder on "
            "the workers"
        ),
    )
    command.add_argument(
        "--worker-seconds",
        type=seconds,
        default=300.0,
        metavar="S",
        help="with --dask: how long to wait when there is no worker (default: 300)",
    )
    add_grading(command, isolation="auto")


def run(arguments: argparse.Namespace) -> int:
    """Grade the class; return the exit status."""
    from grader.cli.class_grading import Order, grade_class
    from grader.course.grading_order import order_of, order_text
    from grader.grading.supervisor import Worker
    from grader.provenance.signing import load_signer
    from grader.sandbox.confinement.backends import find_backend

    if bool(arguments.paths) == bool(arguments.repos):
        raise UsageError("give either PATHs or --repos")
    signer = load_signer(arguments.sign) if arguments.sign else None
    remote = spare = None
    if arguments.dask is None:
        find_backend(arguments.isolation)  # refuse before anything else is done
        make_importable()
        spare = Worker()  # it imports while this process does
    else:
        from grader.course.cluster.driver import Remote

        remote = Remote(arguments.dask, arguments.worker_seconds)
    assignment = load(arguments)
    order = Order(
        arguments.paths,
        arguments.out,
        arguments.jobs,
        arguments.force,
        arguments.layout,
        arguments.roster,
        arguments.due,
        arguments.shard,
        arguments.assignment,
        remote,
        arguments.notebooks,
        arguments.repos,
        arguments.pushes,
        tuple(arguments.only),
        order_text(order_of(vars(arguments), Path.cwd())),
    )
    standings, complete = grade_class(order, assignment, grading_settings(arguments), signer, spare)
    return exit_status(standings) if complete else INTERRUPTED


def _shard(text: str) -> Shard:
    try:
        return parse_shard(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
