"""The help and the errors of the command line in the language that is shown, also argparse's own words."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn

from grader.formatting import one_line
from grader.language import said, tr

# What argparse itself says, so that it is in the catalogues; `said` translates it as it is shown.
OF_ARGPARSE = (
    "show this help message and exit",
    "show program's version number and exit",
    "argument {name}: {message}",
    "unrecognized arguments: {arguments}",
    "the following arguments are required: {arguments}",
    "one of the arguments {arguments} is required",
    "invalid choice: {value} (choose from {choices})",
    "ambiguous option: {option} could match {matches}",
    "expected one argument",
    "expected at least one argument",
    "expected at most one argument",
    "ignored explicit argument {value}",
    "not allowed with argument {name}",
    "invalid {type} value: {value}",
)


def _headings() -> dict[str, str]:
    return {"options": tr("options"), "positional arguments": tr("positional arguments")}


class Help(argparse.HelpFormatter):
    """Writes help in the language that is shown."""

    def add_usage(self, usage: str | None, actions: Any, groups: Any, prefix: str | None = None) -> None:
        """Add the usage, with its heading."""
        super().add_usage(usage, actions, groups, tr("usage: ") if prefix is None else prefix)

    def start_section(self, heading: str | None) -> None:
        """Begin a group of arguments."""
        super().start_section(heading and _headings().get(heading, said(heading)))

    def add_text(self, text: str | None) -> None:
        """Add a description."""
        super().add_text(text if text is None or text == argparse.SUPPRESS else said(text))

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return said(action.help) if action.help else action.help


class RawHelp(Help, argparse.RawDescriptionHelpFormatter):
    """The same, with descriptions whose lines stay as they are."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose error messages cannot act on a terminal, whatever an argument contains."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": Help, **options})

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message, and exit with status 2."""
        self.print_usage(sys.stderr)
        self.exit(2, tr("{program}: error: {message}", program=self.prog, message=one_line(said(message))) + "\n")
