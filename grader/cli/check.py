"""`grader check`: check one notebook."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.exit_status import exit_status
from grader.cli.options import UsageError, add_command, add_grading, grading_settings, load, make_importable
from grader.cli.progress import ProgressLine
from grader.formatting import clean

if TYPE_CHECKING:
    from grader.cli.options import Commands
    from grader.grading.messages import Terms
    from grader.notebook.helper_files import Beside


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(commands, "check", "check one notebook and show what was found", run)
    command.add_argument(
        "notebook",
        type=Path,
        metavar="NOTEBOOK",
        help="an .ipynb file, a .py file exported from one, or a folder or zip archive with one and its helper files",
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
    from grader.assignment import default_assignment
    from grader.files import write_atomically
    from grader.grading.supervisor import CutShort, GaveUp, Worker
    from grader.provenance.digests import of_file
    from grader.reports import html, terminal
    from grader.temporary import sweep, temporary_folder

    make_importable()
    arguments.assignment = arguments.assignment or default_assignment(_folder(arguments.notebook))
    worker = Worker(_terms(arguments))  # it imports while this process does
    show = ProgressLine(enabled=not arguments.quiet)
    notebook = arguments.notebook
    try:
        sweep()
        with temporary_folder("grader-class-") as into:
            notebook, beside = _handed_in(notebook, into)
            result = worker.grade(notebook, show, show.verdict, beside=beside)
    except GaveUp as error:
        from grader.grading.grade import failed

        result = failed(load(arguments, file=True), notebook.name, str(error), of_file(notebook))
    except CutShort as error:
        if worker.log and os.environ.get("GRADER_DEBUG"):
            print(clean(worker.log), file=sys.stderr)
        raise UsageError(f"the grader itself failed: {error}; please report it") from None
    finally:
        show.close()
        worker.close()
    result = replace(result, advisory=True)
    if arguments.json:
        result.write(arguments.json)
    if arguments.html:
        html.write_html(result, arguments.html)
    if arguments.svg:
        write_atomically(arguments.svg, terminal.svg(result))
    terminal.print_report(result, details=arguments.all)
    return exit_status([result])


def _folder(notebook: Path) -> Path:
    """Return the folder in which the assignment's file may stand beside the notebook."""
    return notebook if notebook.is_dir() else notebook.parent


def _handed_in(path: Path, into: Path) -> tuple[Path, Beside | None]:
    """Return the one notebook of a folder or an archive and its helper files; for another path itself and None.

    Raises UsageError if there is not exactly one notebook, and IngestError if nothing can be read.
    """
    from grader.course.ingest.collect import read_class

    if not path.is_dir() and path.suffix.lower() != ".zip":
        return path, None
    found = read_class([path], into / "out", into).submissions
    if len(found) > 1:
        raise UsageError(f"'{path}' holds {len(found)} notebooks; name the one to check, or use `grader grade`")
    if found[0].problem:
        raise UsageError(found[0].problem)
    return found[0].path, found[0].beside


def _terms(arguments: argparse.Namespace) -> Terms:
    from grader.grading.messages import Terms
    from grader.machine import usable_cores
    from grader.seeds import CANONICAL_SEED

    settings = grading_settings(arguments)
    return Terms(
        arguments.assignment,
        settings["limits"],
        str(settings["data"]) if settings["data"] else "",
        settings["sample"],
        settings["device"],
        settings["isolation"],
        only=arguments.item,
        seed=CANONICAL_SEED,
        cores=usable_cores(),
    )
