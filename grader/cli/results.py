"""`grader results`: list, filter and export the results of a class."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.exit_status import PASSED
from grader.cli.options import add_command, add_texts, make_importable, points
from grader.language import said

if TYPE_CHECKING:
    from grader.cli.options import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(commands, "results", "list, filter and export the results of a class", run)
    command.add_argument("out", type=Path, metavar="OUT", help="the --out folder of grader grade")
    command.add_argument(
        "--below", type=_below, metavar="N", help="only submissions with fewer than N points, or N%% of them"
    )
    command.add_argument(
        "--status", choices=("graded", "needs_review", "failed"), help="only submissions with this status"
    )
    command.add_argument("--item", metavar="ID", help="show the points of this item, and apply --below to it")
    command.add_argument("--csv", type=Path, metavar="FILE", help="write the results to FILE as CSV")
    command.add_argument("--json", type=Path, metavar="FILE", help="write the results to FILE as JSON")
    command.add_argument(
        "--html", type=Path, metavar="FILE", help="write an overview to FILE: points, faults, what waits for a person"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print or export the results. Raises StoreError, and MarkError for an item that no result has."""
    from rich.console import Console

    from grader.course.decisions import MarkError
    from grader.course.overview import Overview, write_class_page
    from grader.course.store import Store
    from grader.course.summary_csv import class_summary
    from grader.course.table import Filter, class_csv, class_json, class_table
    from grader.files import write_atomically

    make_importable()
    add_texts()
    below, percent = arguments.below or (None, False)
    wanted = Filter(arguments.status, arguments.item, below, percent)
    with Store(arguments.out, create=False) as store:
        items = store.items()
        if wanted.item is not None and items and wanted.item not in items:
            raise MarkError(f"there is no item {wanted.item!r}; there are {', '.join(items)}")
        every = list(store.rows())
        rows = [row for row in every if wanted.wants(row)]
        if arguments.html is not None:
            some = rows if len(rows) < len(every) else None
            write_class_page(arguments.html, Overview(store), arguments.out, some)
    if arguments.csv is not None:
        write_atomically(arguments.csv, class_csv(rows, items))
    if arguments.json is not None:
        write_atomically(arguments.json, class_json(rows))
    if arguments.csv is None and arguments.json is None and arguments.html is None:
        console = Console(highlight=False, markup=False, emoji=False)
        if not console.is_terminal:
            console.width = 10_000
        console.print(class_table(rows, wanted.item))
        for line in class_summary(row.final.standing for row in rows):
            print(said(line))
    return PASSED


def _below(text: str) -> tuple[float, bool]:
    """Parse '60' or '60%'; return the number and whether it is a percentage."""
    return points(text.removesuffix("%")), text.endswith("%")
