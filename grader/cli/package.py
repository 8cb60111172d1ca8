"""`grader package`: make what another platform grades with."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.exit_status import PASSED
from grader.cli.options import UsageError, add_command, load, seconds

if TYPE_CHECKING:
    from grader.assignment import Assignment
    from grader.cli.options import Commands
    from grader.platforms.package import Contents

_EPILOG = (
    "gradescope: a zip to upload as the autograder. classroom50: a folder to copy to CLASSROOM/autograders/ASSIGNMENT "
    "of the organisation's repository. Both hold this grader, and the file for students instead of the solution. See "
    "docs/ci.md."
)
_LEFT_OUT = {"__pycache__", ".ipynb_checkpoints"}


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(commands, "package", "make the package with which Gradescope or Classroom 50 grades", run)
    command.epilog = _EPILOG
    command.add_argument("platform", choices=("gradescope", "classroom50"), help="the platform")
    command.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="PATH",
        help="the zip file for Gradescope, or the folder",
    )
    command.add_argument(
        "--assignment", metavar="NAME", help="the assignment's package, or its file for students (default: reference)"
    )
    command.add_argument(
        "--with-solution",
        action="store_true",
        help="for Gradescope: put in the assignment's package, to grade under a secret seed; only if notebooks are "
        "confined there",
    )
    command.add_argument(
        "--isolation",
        choices=("auto", "namespaces", "process", "none"),
        default="auto",
        help="for Gradescope: how notebooks are confined, as for `grader grade` (default: auto)",
    )
    command.add_argument(
        "--total-seconds",
        type=seconds,
        default=1500.0,
        metavar="S",
        help="time for all cells of a notebook; Gradescope ends a grading after 40 minutes (default: 1500)",
    )
    command.add_argument(
        "--torch-index",
        default="",
        metavar="URL",
        help="an index with torch's wheels for CPUs, see PyTorch's 'Get started' page (default: pip's own index)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Make the package and say what it holds; return the exit status."""
    from grader.files import write_atomically
    from grader.platforms.package import PROGRAMS, classroom50_files, gradescope_files
    from grader.platforms.wheel import zipped

    out: Path = arguments.out
    if re.search(r"[^\x21-\x7e]|['\"\\]", arguments.torch_index):
        raise UsageError("--torch-index needs the address of an index, without blanks and quotes")
    if arguments.with_solution and arguments.isolation == "none":
        raise UsageError("--with-solution needs confined notebooks: they could read the solution with --isolation none")
    if arguments.platform == "gradescope":
        if out.suffix != ".zip":
            raise UsageError(f"Gradescope takes a zip file, and the name '{out.name}' does not end with .zip")
        files = gradescope_files(_contents(arguments))
        write_atomically(out, zipped(files, PROGRAMS))
    else:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise UsageError(f"'{out}' exists and is not an empty folder")
        if arguments.with_solution:
            raise UsageError("everybody can download Classroom 50's bundle, so it must not hold the solution")
        files = classroom50_files(_contents(arguments))
        for name, content in files.items():
            write_atomically(out / name, content)
            if name in PROGRAMS:
                (out / name).chmod(0o755)
    size = sum(map(len, files.values())) / 1e6
    print(f"{out}: {len(files)} files, {size:.1f} MB; its README.md says how to set it up")
    return PASSED


def _contents(arguments: argparse.Namespace) -> Contents:
    from grader.platforms.package import Contents
    from grader.platforms.wheel import constraints, grader_wheel

    assignment = load(arguments, file=True)
    name, files = _assignment_files(arguments, assignment)
    return Contents(
        assignment.name,
        name,
        files,
        assignment.rubric.points,
        grader_wheel(),
        constraints(),
        arguments.isolation,
        round(arguments.total_seconds),
        arguments.torch_index,
    )


def _assignment_files(arguments: argparse.Namespace, assignment: Assignment) -> tuple[str, dict[str, bytes]]:
    """Return the name by which grader finds the assignment in the package, and its files."""
    from grader.answer_key.file import SUFFIX
    from grader.bundle.make import bundle

    if assignment.file is not None:
        if arguments.with_solution:
            raise UsageError(f"'{assignment.file.path.name}' is a file for students: it holds no solution")
        return assignment.file.path.name, {assignment.file.path.name: assignment.file.path.read_bytes()}
    if not arguments.with_solution:
        name = f"{assignment.name}{SUFFIX}"
        return name, {name: bundle(assignment, arguments.assignment, name)}
    top = assignment.folder
    files = {
        path.relative_to(top.parent).as_posix(): path.read_bytes()
        for path in sorted(top.rglob("*"))
        if path.is_file() and not _LEFT_OUT.intersection(path.parts)
    }
    return arguments.assignment, files
