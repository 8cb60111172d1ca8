"""`grader bundle`: make the file of an assignment that students get."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.options import add_command, load
from grader.language import tr

if TYPE_CHECKING:
    from grader.cli.options import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(commands, "bundle", "make the file of an assignment that students check their work with", run)
    command.epilog = tr(
        "The file holds the rubric, the texts of the assignment and what the reference gives for the questions of a "
        "public seed: numbers, shapes and the kinds of layers, without the code of its models and functions. Students "
        "check their notebook with it by `grader check notebook.ipynb --assignment FILE`, or put it beside the "
        "notebook. See docs/student_bundle.md for what a student can learn from it."
    )
    command.add_argument("assignment", metavar="PACKAGE", help="the assignment's package, such as reference")
    command.add_argument(
        "--for",
        dest="readers",
        choices=("students",),
        required=True,
        help="who reads the file; students get no code of the solution",
    )
    command.add_argument(
        "--out", type=Path, metavar="FILE", help="write to FILE (default: the assignment's name with .grader)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Make the file and say what it holds; return the exit status."""
    from grader.answer_key.file import SUFFIX, BundleError, parse_bundle
    from grader.bundle.make import bundle
    from grader.files import write_atomically

    assignment = load(arguments)
    out: Path = arguments.out or Path(f"{assignment.name}{SUFFIX}")
    if out.suffix != SUFFIX:
        raise BundleError(f"the file's name must end with '{SUFFIX}', so that `grader check` finds it: '{out.name}'")
    data = bundle(assignment, arguments.assignment, out.name)
    write_atomically(out, data)
    made = parse_bundle(out, data)
    size, withheld = f"{len(data) / 1000:,.0f}", ", ".join(made.description.withheld)
    holds = tr(
        "{size} kB, {count} files of the rubric and the answers of the reference", size=size, count=len(made.files)
    )
    print(f"{out}: {holds}")
    print(tr("left out: {modules}, and every other file of {package}", modules=withheld, package=arguments.assignment))
    loose = [role for role, key in made.key.models.items() if not key.chain]
    if loose:
        why = tr(
            "its layers do not follow one after the other, so a student's check evaluates trained weights by the "
            "student's own definition only"
        )
        print(f"{', '.join(loose)}: {why}")
    print(tr("students run: {command}", command=f"grader check notebook.ipynb --assignment {out.name}"))
    return 0
