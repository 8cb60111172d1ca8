"""Shared by the commands that change a class: the option that says who does, and the files written again."""

from __future__ import annotations

import argparse
import getpass
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.course.store import Store


def add_by(command: argparse.ArgumentParser) -> None:
    """Add --by, the person who decides."""
    command.add_argument(
        "--by", default=login_name(), metavar="NAME", help="who decides, for the log of changes (default: your login)"
    )


def login_name() -> str:
    """Return the name of the account that runs this."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in some containers
        return os.environ.get("USER") or "somebody"


def write_class_files(store: Store, out: Path) -> str:
    """Write class.csv and class.html again; return a sentence if the page could not be written, else ''."""
    from grader.course.overview import Overview, problem_with_page
    from grader.course.table import CLASS_TABLE, write_class

    write_class(out / CLASS_TABLE, store.rows(), store.items())
    return problem_with_page(out, Overview(store))
