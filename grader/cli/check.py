"""`grader check`: check one notebook."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.exit_status import exit_status
from grader.cli.options import UsageError, add_command, add_grading, grading_settings, make_importable
from grader.cli.progress import ProgressLine

if TYPE_CHECKING:
    from grader.cli.options import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(commands, "check", "check one notebook and show what was found", run)
    command.add_argument(
        "notebook", type=Path, metavar="NOTEBOOK", help="an .ipynb file, or a .py file exported from one"
    )
    command.add_argument(
        "--item", metavar="ID", help="check one item only, such as q5; run only the cells that it needs"
    )
    command.add_argument("--all", action="store_true", help="also list the checks that passed")
    command.add_argument("--json", type=Path, metavar="FILE", help="write the result to FILE as JSON")
    command.add_argument("--html", type=Path, metavar="FILE", help="write the report to FILE as an HTML page")
    command.add_argument("--svg", type=Path, metavar="FILE", help="write the report to FILE as an SVG picture")
    command.add_argument("--quiet", action="store_true", help="show no progress")
    add_grading(command, isolation="none")


def run(arguments: argparse.Namespace) -> int:
    """Check the notebook and print the report; return the exit status."""
    from grader.assignment import UnknownItem
    from grader.files import write_atomically
    from grader.grading.grade import grade
    from grader.machine import usable_cores
    from grader.reports import html, terminal

    make_importable()  # the assignment is loaded while the first kernel starts
    show = ProgressLine(enabled=not arguments.quiet)
    try:
        result = grade(
            arguments.notebook,
            arguments.assignment,
            only=arguments.item,
            progress=show,
            verdict=show.verdict,
            cores=usable_cores(),
            **grading_settings(arguments),
        )
    except UnknownItem as error:
        raise UsageError(str(error.args[0])) from None
    finally:
        show.close()
    result = replace(result, advisory=True)
    if arguments.json:
        result.write(arguments.json)
    if arguments.html:
        html.write_html(result, arguments.html)
    if arguments.svg:
        write_atomically(arguments.svg, terminal.svg(result))
    terminal.print_report(result, details=arguments.all)
    return exit_status([result])
