"""`grader calibrate`: measure the limits on losses."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.exit_status import PASSED
from grader.cli.options import add_assignment_and_data, add_command, count, load, positive
from grader.cli.progress import ProgressLine
from grader.language import said

if TYPE_CHECKING:
    from grader.cli.options import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(
        commands,
        "calibrate",
        "measure the limits on losses with many seeds of the reference (for authors of assignments)",
        run,
    )
    command.add_argument("--seeds", type=positive, default=20, metavar="N", help="seeds of the reference (default: 20)")
    command.add_argument(
        "--fault-seeds",
        type=count,
        default=5,
        metavar="N",
        help="seeds of each faulty training that the limits should catch (default: 5)",
    )
    command.add_argument(
        "--images", type=positive, metavar="N", help="use only the first N training images (default: all)"
    )
    command.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="update this JSON file of limits, and keep the measurements beside it with the suffix .measured.json "
        "(default: print the limits)",
    )
    command.add_argument(
        "--kept", type=Path, metavar="FILE", help="train nothing; read the measurements from this .measured.json file"
    )
    command.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write an HTML page with each limit's rate of false rejects, the nearest fault, and both distributions",
    )
    add_assignment_and_data(command)


def run(arguments: argparse.Namespace) -> int:
    """Measure, and print the limits. Raises CalibrationError, DataError and ReferenceFailed."""
    from grader.calibration.calibrate import Wanted, calibrate

    names = ("seeds", "fault_seeds", "images", "data", "sample", "out", "kept", "report")
    assignment = load(arguments)
    wanted = Wanted(package=arguments.assignment, **{name: getattr(arguments, name) for name in names})
    show = ProgressLine(enabled=True)
    try:
        lines = calibrate(wanted, assignment, show)
    finally:
        show.close()
    print("\n".join(map(said, lines)))
    return PASSED
