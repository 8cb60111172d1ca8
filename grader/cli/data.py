"""`grader data`: show or download the MNIST images that notebooks are given."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.exit_status import PASSED
from grader.cli.options import add_command
from grader.language import said

if TYPE_CHECKING:
    from grader.cli.options import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(commands, "data", "show or download the MNIST images that notebooks are given", run)
    command.add_argument(
        "action", choices=["show", "fetch"], help="show: say which images are used; fetch: download MNIST to the cache"
    )
    command.add_argument("--data", type=Path, metavar="DIR", help="a folder with MNIST's IDX files, gzipped or not")


def run(arguments: argparse.Namespace) -> int:
    """Print a description of the data. Raises DataError."""
    from grader.data import fetch, find_data

    source = fetch() if arguments.action == "fetch" else find_data(arguments.data)
    print(said(source.describe()))
    return PASSED
