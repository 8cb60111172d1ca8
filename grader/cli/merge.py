"""`grader merge`: merge the results of several folders."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.exit_status import PASSED
from grader.cli.options import add_command, add_texts, make_importable
from grader.formatting import one_line
from grader.language import said, tr

if TYPE_CHECKING:
    from grader.cli.options import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(commands, "merge", "merge the results of several --out folders", run)
    command.add_argument(
        "sources", type=Path, nargs="+", metavar="OUT", help=tr("--out folders, such as those of shards")
    )
    command.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="the folder for all results; may be one of the sources"
    )


def run(arguments: argparse.Namespace) -> int:
    """Merge, and print the conflicts."""
    make_importable()
    add_texts()
    count, conflicts = merge_results(arguments.sources, arguments.out)
    for conflict in conflicts:
        print(tr("conflict: {words}", words=one_line(said(conflict))))
    values = {"count": count, "folder": one_line(str(arguments.out)), "conflicts": len(conflicts)}
    print(tr("{count} submissions in {folder}; {conflicts} conflicts", **values))
    return PASSED


def merge_results(sources: Sequence[Path], out: Path) -> tuple[int, list[str]]:
    """Merge the stores of `sources` into `out` and write the files there.

    Returns the number of submissions and a sentence for each conflict. Raises StoreError.
    """
    from grader.course.merge import merge, write_results
    from grader.course.overview import Overview, problem_with_page
    from grader.course.store import Store
    from grader.course.table import CLASS_TABLE, write_class

    conflicts = merge(sources, out)
    with Store(out) as store:
        count = write_results(store, out)
        write_class(out / CLASS_TABLE, store.rows(), store.items())
        if problem := problem_with_page(out, Overview(store)):
            print(f"grader: {one_line(said(problem))}", file=sys.stderr)
    return count, conflicts
