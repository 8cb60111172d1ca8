"""`grader similar`: show which notebooks of a class are alike."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.exit_status import PASSED
from grader.cli.options import UsageError, add_command, count, load
from grader.cli.refusals import refuse_assignment, refuse_missing, refuse_target
from grader.course.ingest.layouts import LAYOUTS
from grader.formatting import one_line

if TYPE_CHECKING:
    from grader.assignment import Assignment
    from grader.cli.options import Commands
    from grader.course.works import Works
    from grader.notebook.cells import Notebook
    from grader.similarity.compare import Compared, Comparison, Progress
    from grader.similarity.shown import Shown
    from grader.similarity.work import Work

MOST_SHOWN = 200  # pairs side by side on a page


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(
        commands, "similar", "show which notebooks of a class are alike, as evidence for a person to look at", run
    )
    command.add_argument(
        "paths",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="the --out folder of grader grade; or notebooks, folders or zip archives, whose saved figures are then "
        "compared too",
    )
    command.add_argument("--html", type=Path, metavar="FILE", help="write a page to FILE: pairs, and their parts")
    command.add_argument("--json", type=Path, metavar="FILE", help="write the pairs and groups to FILE as JSON")
    command.add_argument("--csv", type=Path, metavar="FILE", help="write the pairs to FILE as CSV")
    command.add_argument(
        "--dolos", type=Path, metavar="DIR", help="write the code to DIR in the layout that Dolos opens: info.csv"
    )
    command.add_argument(
        "--keep",
        action="store_true",
        help="keep what was found in the folder of the results, where `grader review` shows it",
    )
    command.add_argument(
        "--show",
        type=count,
        metavar="N",
        help="show the matching parts of the N strongest pairs (default: 0 in the terminal, 50 on the page)",
    )
    command.add_argument(
        "--least",
        type=_percent,
        default=0.5,
        metavar="PERCENT",
        help="list pairs from so much of their code on (default: 50)",
    )
    command.add_argument(
        "--common",
        type=_percent,
        default=0.1,
        metavar="PERCENT",
        help="what more than so many of the class have does not count (default: 10)",
    )
    command.add_argument(
        "--base",
        type=Path,
        action="append",
        default=[],
        metavar="NOTEBOOK",
        help="a notebook whose code does not count, such as one shown in class; may be given several times (the "
        "assignment's own notebooks never count)",
    )
    command.add_argument(
        "--groups",
        type=Path,
        metavar="CSV",
        help="who worked together: a column with submissions, names or numbers, and one with the group; partners are "
        "not compared",
    )
    command.add_argument("--assignment", metavar="NAME", help="the assignment's package (default: as for grader grade)")
    command.add_argument("--layout", choices=LAYOUTS, default="auto", help="as for grader grade (default: detect)")
    command.add_argument("--roster", type=Path, metavar="CSV", help="as for grader grade")


def run(arguments: argparse.Namespace) -> int:
    """Compare, and print or write what was found. Raises GraderError for what cannot be used."""
    from grader.similarity.compare import Limits, compare

    _refuse(arguments)
    assignment = _assignment(arguments)
    works, notes = _works(arguments, assignment)
    base = _base(arguments, assignment)
    if not base:
        notes = (*notes, "what was handed out is not known: name the assignment with --assignment, or use --base")
    limits = Limits(code=arguments.least, common=arguments.common)
    compared = compare(works, base, limits, progress=_progress(len(works)))
    comparison = compared.comparison
    _write(arguments, compared, works, notes)
    if arguments.dolos is not None:
        _write_dolos(arguments.dolos, works, comparison, base)
    if arguments.keep:
        from grader.course.alike import keep

        keep(arguments.paths[0], compared, works, notes)
    if not (arguments.json or arguments.csv or arguments.html or arguments.keep):
        _print(comparison, notes, _details(compared, works, arguments.show or 0))
    return PASSED


def _refuse(arguments: argparse.Namespace) -> None:
    for path in [*arguments.paths, *arguments.base, *filter(None, (arguments.groups, arguments.roster))]:
        refuse_missing(path)
    for option in ("html", "json", "csv"):
        refuse_target(f"--{option}", getattr(arguments, option))
    if arguments.dolos is not None and arguments.dolos.exists() and not arguments.dolos.is_dir():
        raise UsageError(f"--dolos needs a folder, and {arguments.dolos} is a file")
    if arguments.assignment is not None:
        refuse_assignment(arguments.assignment)


def _assignment(arguments: argparse.Namespace) -> Assignment | None:
    """Return the assignment, or None if none is named and none is found."""
    from grader.assignment import AssignmentError

    try:
        return load(arguments, file=True)
    except AssignmentError:
        if arguments.assignment is not None:
            raise
        return None


def _works(arguments: argparse.Namespace, assignment: Assignment | None) -> Works:
    from grader.course.ingest.collect import ClassOptions
    from grader.course.ingest.roster import Roster, read_roster
    from grader.course.works import Works, is_store, of_files, of_store, with_groups
    from grader.temporary import temporary_folder

    paths: Sequence[Path] = arguments.paths
    stores = [path for path in paths if is_store(path)]
    if stores and len(paths) > 1:
        raise UsageError(f"'{stores[0]}' holds results: give it alone, or give only the files that were handed in")
    if arguments.keep and not stores:
        raise UsageError(f"--keep needs the --out folder of `grader grade`, and '{paths[0]}' is none")
    if stores:
        found = of_store(stores[0])
    else:
        roster = read_roster(arguments.roster) if arguments.roster else Roster()
        with temporary_folder("grader-class-") as into:
            found = of_files(paths, into, ClassOptions(arguments.layout, roster), assignment)
    if arguments.groups is None:
        return found
    return Works(with_groups(found.works, arguments.groups), found.notes)


def _base(arguments: argparse.Namespace, assignment: Assignment | None) -> tuple[Notebook, ...]:
    from grader.course.works import base_notebooks
    from grader.notebook.reader import UnreadableNotebook, read_notebook

    try:
        given = tuple(map(read_notebook, arguments.base))
    except UnreadableNotebook as error:
        raise UsageError(f"--base: {error}") from None
    return (*(base_notebooks(assignment) if assignment is not None else ()), *given)


def _write(arguments: argparse.Namespace, compared: Compared, works: Sequence[Work], notes: Sequence[str]) -> None:
    from grader.course.csv_text import csv_text
    from grader.files import write_atomically
    from grader.similarity.told import rows, to_json

    comparison = compared.comparison
    if arguments.json is not None:
        write_atomically(arguments.json, to_json(comparison, notes))
    if arguments.csv is not None:
        write_atomically(arguments.csv, csv_text(rows(comparison)))
    if arguments.html is not None:
        from grader.similarity.page import similar_html

        wanted = min(MOST_SHOWN, 50 if arguments.show is None else arguments.show)
        write_atomically(arguments.html, similar_html(comparison, _details(compared, works, wanted), notes))


def _write_dolos(folder: Path, works: Sequence[Work], comparison: Comparison, base: Sequence[Notebook]) -> None:
    from grader.course.csv_text import csv_text
    from grader.files import write_atomically
    from grader.similarity.dolos import HANDOUT, write_dolos

    labels = {name: f"group {at}" for at, group in enumerate(comparison.clusters, 1) for name in group}
    rows = write_dolos(folder, works, labels, base)
    write_atomically(folder / "info.csv", csv_text(rows))
    shown = one_line(str(folder))
    print(f"to open the class in Dolos: dolos run -f web -l python --ignore {shown}/{HANDOUT} {shown}/info.csv")


def _details(compared: Compared, works: Sequence[Work], count: int) -> list[Shown]:
    from grader.similarity.shown import shown_pairs

    return list(shown_pairs(compared, works, compared.comparison.pairs[:count]))


def _print(comparison: Comparison, notes: Sequence[str], details: Sequence[Shown]) -> None:
    from rich.console import Console

    from grader.similarity.terminal import groups, pair_parts, pair_table
    from grader.similarity.told import summary

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal and not details:
        console.width = 10_000
    if comparison.pairs:
        console.print(pair_table(comparison))
    for line in (*groups(comparison), *summary(comparison), *map(one_line, notes)):
        print(line)
    for one in details:
        for part in pair_parts(one):
            console.print(part)
    if comparison.pairs and not details:
        print("Look at the parts of the strongest pairs with --show 5, or write a page with --html similar.html.")


def _progress(total: int) -> Progress | None:
    """Return a function that shows how many notebooks were read, on a terminal."""
    if not sys.stderr.isatty():
        return None

    def show(done: int) -> None:
        if done == total:
            print("\r" + " " * 40 + "\r", end="", file=sys.stderr, flush=True)
        elif done % 20 == 0:
            print(f"\r{done} of {total} notebooks", end="", file=sys.stderr, flush=True)

    return show


def _percent(text: str) -> float:
    number = text.strip().removesuffix("%").strip()
    if not number.replace(".", "", 1).isdigit() or not 0 <= float(number) <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a percentage from 0 to 100")
    return float(number) / 100
