"""The `grader` command: parse the command line, run one command, turn errors into one sentence."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from grader.cli import (
    appeal,
    bundle,
    calibrate,
    check,
    ci,
    data,
    doctor,
    export,
    grade,
    keygen,
    lines,
    mark,
    merge,
    override,
    package,
    prove,
    release,
    replay,
    results,
    review,
    similar,
    verify_result,
    what_if,
)
from grader.cli.encoding import spell_what_is_lacking
from grader.cli.exit_status import FAILED, INTERRUPTED
from grader.cli.help_text import Parser, RawHelp
from grader.cli.options import add_language, asked_language
from grader.errors import GraderError
from grader.formatting import one_line
from grader.language import LanguageError, chosen, said, tr, use
from grader.version import __version__

if TYPE_CHECKING:
    from grader.cli.options import Commands


class Command(Protocol):
    """The module of a command. `add_to` adds a parser, whose default `run` takes the arguments and returns a status."""

    def add_to(self, commands: Commands, /) -> None:
        """Add the command to the parser."""


COMMANDS: tuple[Command, ...] = (
    check,
    ci,
    grade,
    results,
    mark,
    lines,
    override,
    release,
    export,
    review,
    replay,
    appeal,
    what_if,
    merge,
    similar,
    keygen,
    verify_result,
    data,
    bundle,
    package,
    calibrate,
    prove,
    doctor,
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line, in the current language."""
    top = Parser(
        prog="grader",
        description="Grade PyTorch notebooks: run them, probe models and training loops, and report what was found.",
        epilog=_epilog(),
        formatter_class=RawHelp,
    )
    add_language(top)
    top.add_argument("--version", action="version", version=f"grader {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", title=tr("commands"))
    for command in COMMANDS:
        command.add_to(commands)
    return top


def _epilog() -> str:
    return "\n".join(
        [
            tr("Run 'grader COMMAND --help' for the options of a command."),
            "",
            tr("exit status:"),
            "  0  " + tr("everything passed"),
            "  1  " + tr("something lost points"),
            "  2  " + tr("something could not be graded, or the command cannot use what it was given"),
            tr(
                "Points that wait for a person to read an answer, or that this machine cannot grade, do not count as "
                "lost."
            ),
        ]
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    An unexpected error becomes one sentence; with GRADER_DEBUG=1 in the environment it is raised.
    """
    spell_what_is_lacking()
    try:
        use(chosen(asked_language(sys.argv[1:] if argv is None else argv)))  # help and errors are read as well
    except LanguageError as error:
        print(f"grader: {one_line(str(error))}", file=sys.stderr)
        return FAILED
    arguments = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _exit_on_signal)
    warnings.simplefilter("ignore", SyntaxWarning)  # these are about students' code, and quote it
    try:
        status: int = arguments.run(arguments)
        return status
    except KeyboardInterrupt:
        print("grader: " + tr("interrupted"), file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if os.environ.get("GRADER_DEBUG"):
            raise
        print(f"grader: {one_line(said(_sentence(error)))}", file=sys.stderr)
        return FAILED


def _exit_on_signal(number: int, frame: object) -> None:
    """Exit as sys.exit() does, so that kernels are ended and their folders removed."""
    raise SystemExit(128 + number)


def _sentence(error: Exception) -> str:
    if isinstance(error, GraderError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
    return f"unexpected {type(error).__name__}: {error} (set GRADER_DEBUG=1 to see the traceback, and please report it)"
