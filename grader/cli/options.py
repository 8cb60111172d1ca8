"""Options that several commands share, and the types of their values."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.errors import GraderError
from grader.language import ENGLISH, LANGUAGES, add_catalogue, current, said
from grader.machine import DEVICES
from grader.sandbox.limits import ISOLATION

if TYPE_CHECKING:
    from grader.assignment import Assignment
    from grader.cli.help_text import Parser  # noqa: F401  (named in a string)
    from grader.grading.messages import Terms

    Commands = argparse._SubParsersAction["Parser"]


class UsageError(GraderError):
    """The command cannot use one of its arguments."""


def add_command(
    commands: Commands, name: str, summary: str, run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    """Add a command that `run` carries out; `summary` is a phrase without a full stop. Returns its parser."""
    summary = said(summary)
    command = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    command.set_defaults(run=run)
    add_language(command)
    return command


# --- options -----------------------------------------------------------------------------------------------------


def add_language(command: argparse.ArgumentParser) -> None:
    """Add --language, which `asked_language` reads before there is a parser."""
    command.add_argument(
        "--language",
        metavar="NAME",
        default=argparse.SUPPRESS,
        help=f"the language of all that is shown: {' or '.join(LANGUAGES)} (default: the environment's)",
    )


def asked_language(argv: Sequence[str]) -> str | None:
    """Return the name that --language gives, before or after the command; None without it."""
    early = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    early.add_argument("--language")
    try:
        name = early.parse_known_args(argv)[0].language
    except argparse.ArgumentError:  # the parser itself says what is wrong
        return None
    return None if name is None else str(name)


def add_assignment_and_data(command: argparse.ArgumentParser) -> None:
    """Add --assignment, --data and --sample."""
    command.add_argument(
        "--assignment",
        metavar="NAME",
        help="the assignment's package or, for `grader check`, the file from your instructor (default: what the "
        "variable GRADER_ASSIGNMENT names, the package reference, or the only .grader file beside the notebook)",
    )
    command.add_argument("--data", type=Path, metavar="DIR", help="a folder with MNIST's IDX files, gzipped or not")
    command.add_argument("--sample", action="store_true", help="use the sample of MNIST that comes with grader")


def add_grading(command: argparse.ArgumentParser, isolation: str) -> None:
    """Add the options of commands that run notebooks; `isolation` is the default of --isolation."""
    add_assignment_and_data(command)
    command.add_argument(
        "--device",
        choices=DEVICES,
        default="auto",
        help="the GPU that notebooks find. auto: the machine's, or a virtual one; cuda: the machine's, and refuse to "
        "grade without one; virtual: one simulated on the CPU; cpu: none (default: auto)",
    )
    command.add_argument(
        "--isolation",
        choices=ISOLATION,
        default=isolation,
        help="how notebooks are confined. auto: as well as this machine can, and refuse to grade if it cannot; none: "
        f"no confinement required; the notebook may run with your own permissions (default: {isolation})",
    )
    limits = command.add_argument_group("limits for each notebook")
    limits.add_argument("--memory", type=size, metavar="SIZE", help="memory, such as 2G (default: 4G)")
    limits.add_argument("--tasks", type=positive, metavar="N", help="processes and threads (default: 256)")
    limits.add_argument("--scratch", type=size, metavar="SIZE", help="all files that it writes (default: 1G)")
    limits.add_argument("--cell-seconds", type=seconds, metavar="S", help="time for one cell (default: 600)")
    limits.add_argument("--total-seconds", type=seconds, metavar="S", help="time for all cells (default: 1800)")


def grading_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the keyword arguments of `grader.grade` that the options of `add_grading` stand for."""
    from grader.sandbox.limits import Limits

    given = {
        "cell_seconds": arguments.cell_seconds,
        "total_seconds": arguments.total_seconds,
        "memory_bytes": arguments.memory,
        "tasks": arguments.tasks,
        "scratch_bytes": arguments.scratch,
    }
    limits = Limits(**{key: value for key, value in given.items() if value is not None})
    return {
        "data": arguments.data,
        "sample": arguments.sample,
        "device": arguments.device,
        "limits": limits,
        "isolation": arguments.isolation,
    }


def grading_terms(arguments: argparse.Namespace, seed: int | None) -> Terms:
    """Return what a worker is told for one notebook: the assignment and the options of `add_grading`, on all cores."""
    from grader.grading.messages import Terms
    from grader.machine import usable_cores

    settings = grading_settings(arguments)
    return Terms(
        arguments.assignment,
        settings["limits"],
        str(settings["data"]) if settings["data"] else "",
        settings["sample"],
        settings["device"],
        settings["isolation"],
        seed=seed,
        cores=usable_cores(),
    )


def load(arguments: argparse.Namespace, file: bool = False) -> Assignment:
    """Import the assignment that --assignment names, also from the current folder.

    If none is named, the default's name is filled in. Raises AssignmentError, and UsageError for a file for students
    unless the command can use a `file`.
    """
    from grader.assignment import default_assignment, load_assignment

    make_importable()
    arguments.assignment = arguments.assignment or default_assignment()
    assignment = load_assignment(arguments.assignment)
    if assignment.file is not None and not file:
        raise UsageError(
            f"'{assignment.file.path.name}' is a file for students' own checks; name the assignment's package instead"
        )
    return assignment


def add_texts(name: str | None = None) -> None:
    """Let the sentences of an assignment be translated where it is not loaded, by default those of the usual one."""
    if current() == ENGLISH:
        return
    from grader.answer_key.file import is_bundle
    from grader.assignment import default_assignment, load_assignment

    with contextlib.suppress(GraderError):  # what is wrong with it is said where it is used
        name = name or default_assignment()
        if is_bundle(name):
            load_assignment(name)
        else:
            add_catalogue(name)


def make_importable() -> None:
    """Let an assignment's package be imported from the current folder."""
    sys.path.insert(0, os.getcwd())


# --- types of values ---------------------------------------------------------------------------------------------


def positive(text: str) -> int:
    """Parse a whole number from 1. Raises ArgumentTypeError, as all functions below do."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def count(text: str) -> int:
    """Parse a whole number from 0."""
    if not re.fullmatch(r"\d{1,9}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)


def size(text: str) -> int:
    """Parse a size such as 512M or 2G; return bytes."""
    found = re.fullmatch(r"(\d{1,9})([KMG])(?:i?B)?", text, re.IGNORECASE)
    number = int(found[1]) * 1024 ** (" KMG".index(found[2].upper())) if found else 0
    if not 0 < number < 1 << 50:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 512M or 2G")
    return number


def seconds(text: str) -> float:
    """Parse a number of seconds above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e7:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def points(text: str) -> float:
    """Parse a number of points, such as 4 or 2.5."""
    if not re.fullmatch(r"\d{1,6}(\.\d{1,4})?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of points such as 4 or 2.5")
    return float(text)


def percent(text: str) -> float:
    """Parse a percentage from 0 to 100, such as 60, 87.5 or 60%."""
    number = text.removesuffix("%").strip()
    if not re.fullmatch(r"\d{1,3}(\.\d{1,4})?", number) or float(number) > 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a percentage from 0 to 100")
    return float(number)


def signed_points(text: str) -> float:
    """Parse a number of points that may be below 0, such as -0.5."""
    return -points(text[1:]) if text.startswith("-") else points(text.removeprefix("+"))


def deadline(text: str) -> datetime:
    """Parse a time in ISO 8601; a date alone means the end of that day."""
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 2026-11-01T23:59 or 2026-11-01") from None
    return time.replace(hour=23, minute=59, second=59) if len(text) == len("2026-11-01") else time
