"""`grader keygen`: make a pair of keys to sign results with."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.exit_status import PASSED
from grader.cli.options import add_command
from grader.formatting import one_line
from grader.language import tr

if TYPE_CHECKING:
    from grader.cli.options import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(commands, "keygen", "make a key to sign results with", run)
    command.add_argument(
        "file", type=Path, metavar="FILE", help="write the private key to FILE, the public to FILE.pub"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the keys and say where they are. Raises SigningError."""
    from grader.provenance.signing import make_key

    public_file, public = make_key(arguments.file)
    print(tr("private key, readable only by you: {file}", file=one_line(str(arguments.file))))
    print(tr("public key, to verify results with: {file} ({key})", file=one_line(str(public_file)), key=public))
    return PASSED
