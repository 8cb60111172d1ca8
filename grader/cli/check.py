"""`grader check`: check one notebook."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.exit_status import INTERRUPTED, exit_status
from grader.cli.options import (
    UsageError,
    add_command,
    add_grading,
    add_texts,
    grading_terms,
    load,
    make_importable,
)
from grader.cli.progress import ProgressLine
from grader.cli.refusals import refuse_assignment, refuse_data, refuse_missing, refuse_target
from grader.errors import GraderError
from grader.formatting import clean, one_line
from grader.language import said, tr
from grader.seeds import CANONICAL_SEED

if TYPE_CHECKING:
    from grader.cli.options import Commands
    from grader.notebook.helper_files import Beside
    from grader.result import ItemResult, Result


MOST_NAMED = 8  # items that are named when they are checked again


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(commands, "check", "check one notebook and show what was found", run)
    command.add_argument(
        "notebook",
        type=Path,
        metavar="NOTEBOOK",
        help="an .ipynb file, a .py file exported from one, or a folder or zip archive with one and its helper files",
    )
    command.add_argument(
        "--item",
        action="append",
        metavar="IDS",
        help="check only these items, such as q5 or q3,q8: run the cells that they need, and all if points are lost",
    )
    command.add_argument(
        "--watch",
        action="store_true",
        help="check again whenever the file is saved, and only what changed, until Ctrl-C",
    )
    command.add_argument("--all", action="store_true", help="also list the checks that passed")
    command.add_argument("--json", type=Path, metavar="FILE", help="write the result to FILE as JSON")
    command.add_argument("--html", type=Path, metavar="FILE", help="write the report to FILE as an HTML page")
    command.add_argument(
        "--notebook",
        type=Path,
        metavar="FILE",
        dest="executed",
        help="write the notebook as it ran to FILE, with feedback under each question",
    )
    command.add_argument("--svg", type=Path, metavar="FILE", help="write the report to FILE as an SVG picture")
    command.add_argument("--quiet", action="store_true", help="show no progress")
    add_grading(command, isolation="none")


def run(arguments: argparse.Namespace) -> int:
    """Check the notebook and print the report; return the exit status."""
    from grader.assignment import default_assignment

    make_importable()
    refuse(arguments)
    arguments.assignment = arguments.assignment or default_assignment(_folder(arguments.notebook))
    add_texts(arguments.assignment)
    # Verdicts are printed once: as they are final if somebody looks at a terminal, else in the report.
    show = ProgressLine(enabled=not arguments.quiet, verdicts=sys.stdout.isatty())
    show.start(tr("{notebook}; the grader starts", notebook=arguments.notebook.name))
    checker = _Checker(arguments, show)
    try:
        if arguments.watch:
            return _watch(checker)
        result = checker.checked()
        checker.deliver(result)
        return exit_status([result])
    finally:
        checker.close()


def refuse(arguments: argparse.Namespace) -> None:
    """Raise UsageError if the command cannot use what it was given, before anything is started."""
    refuse_missing(arguments.notebook)
    if arguments.assignment is not None:
        refuse_assignment(arguments.assignment)
    refuse_data(arguments.data)
    targets = {
        "--json": arguments.json,
        "--html": arguments.html,
        "--svg": arguments.svg,
        "--notebook": arguments.executed,
    }
    for option, target in targets.items():
        refuse_target(option, target)


class _Checker:
    """Checks one notebook, once or again and again, in one worker, and shows what was found."""

    def __init__(self, arguments: argparse.Namespace, show: ProgressLine) -> None:
        from grader.grading.supervisor import Worker

        self.arguments, self.show = arguments, show
        self._told: set[str] = set()
        self._worker = Worker(grading_terms(arguments, CANONICAL_SEED))  # it imports while this process does

    def checked(self, again: Callable[[Sequence[str]], None] | None = None) -> Result:
        """Return the result. `again` is called with the items that are checked, if the notebook is watched."""
        from grader.grading.supervisor import CutShort, GaveUp
        from grader.temporary import sweep, temporary_folder

        notebook = self.arguments.notebook
        self._told = set()
        try:
            sweep()
            with temporary_folder("grader-class-") as into:
                notebook, beside = _handed_in(notebook, into)
                result = self._worker.grade(
                    notebook,
                    self.show,
                    self._verdict,
                    beside=beside,
                    only=self.arguments.item,
                    so_far=self._so_far,
                    again=again,
                )
        except GaveUp as error:
            from grader.grading.grade import failed
            from grader.provenance.digests import of_file

            result = failed(load(self.arguments, file=True), notebook.name, str(error), of_file(notebook))
        except CutShort as error:
            if self._worker.log and os.environ.get("GRADER_DEBUG"):
                print(clean(self._worker.log), file=sys.stderr)
            raise UsageError(f"the grader itself failed: {error}; please report it") from None
        return replace(result, advisory=True)

    def _verdict(self, item: ItemResult) -> None:
        if self.show.on_terminal and sys.stdout.isatty():
            self._told.add(item.id)
        self.show.verdict(_for_student(item))

    def _so_far(self, item: ItemResult, why: str) -> None:
        self.show.so_far(_for_student(item), why)

    def deliver(self, result: Result) -> None:
        """Write the files that were asked for, and print the report."""
        from grader.files import write_atomically
        from grader.reports import executed, html, terminal
        from grader.reports.visibility import shown

        arguments, result = self.arguments, shown(result, "visible")
        if arguments.json:
            result.write(arguments.json)
        if arguments.html:
            html.write_html(result, arguments.html)
        if arguments.executed:
            executed.write_executed(result, arguments.executed)
        if arguments.svg:
            write_atomically(arguments.svg, terminal.svg(result))
        self.show.close()
        terminal.print_report(result, details=arguments.all, told=self._told)

    def renew(self) -> None:
        """Start another worker if the last one ended."""
        from grader.grading.supervisor import Worker

        if not self._worker.usable:
            self._worker = Worker(grading_terms(self.arguments, CANONICAL_SEED))

    def close(self) -> None:
        """End the worker and the progress line."""
        self.show.close()
        self._worker.close()


def _watch(checker: _Checker) -> int:
    """Check the notebook again whenever it is saved, until Ctrl-C; return the exit status of the last check."""
    from grader.cli.watch import saves
    from grader.reports.terminal import total_line

    name, last = one_line(checker.arguments.notebook.name), None
    later = False

    def again(items: Sequence[str]) -> None:
        if later:
            words = tr("{name} was saved: {done}", name=name, done=rechecked(items))
            print(f"\n{time.strftime('%H:%M:%S')} {words}", flush=True)

    def gone() -> None:
        print(tr("{name} is not there any more; waiting for it, Ctrl-C ends", name=name), flush=True)

    def wait(why: str) -> None:
        why = one_line(said(why)).rstrip(".")
        print(tr("{why}; waiting for the next save, Ctrl-C ends", why=why), flush=True)

    try:
        for _ in saves(checker.arguments.notebook, gone):
            checker.renew()
            checker.show.start(name)
            try:
                result = checker.checked(again)
            except GraderError as error:  # such as an archive that is being replaced
                checker.show.close()
                wait(str(error))
                continue
            if result.status == "failed":
                checker.show.close()
                wait(result.message)
                continue
            if last is None or result.items != last.items:
                checker.deliver(result)
            checker.show.close()
            last, later = result, True
            print(tr("watching {name}: save it to check it again, Ctrl-C ends", name=name), flush=True)
    except KeyboardInterrupt:
        checker.show.close()
        words = tr("stopped watching {name}", name=name)
        words += "; " + tr("at the last check: {total}", total=total_line(last)) if last else ""
        print(f"\n{words}", flush=True)
    return exit_status([last]) if last is not None else INTERRUPTED


def rechecked(items: Sequence[str]) -> str:
    """Return in words what is checked again.

    >>> rechecked(["q3", "q4"]), rechecked([])
    ('checking q3 and q4 again', 'nothing changed that an item rests on')
    >>> rechecked([f"q{n}" for n in range(1, 16)])
    'checking 15 items again'
    """
    if not items:
        return tr("nothing changed that an item rests on")
    if len(items) > MOST_NAMED:
        return tr("checking {count} items again", count=len(items))
    if len(items) == 1:
        return tr("checking {items} again", items=one_line(items[0]))
    return tr("checking {items} and {last} again", items=", ".join(items[:-1]), last=one_line(items[-1]))


def _for_student(item: ItemResult) -> ItemResult:
    """Return the item without checks that are not for students."""
    from grader.reports.visibility import shown_items

    return shown_items((item,), "visible")[0]


def _folder(notebook: Path) -> Path:
    """Return the folder in which the assignment's file may stand beside the notebook."""
    return notebook if notebook.is_dir() else notebook.parent


def _handed_in(path: Path, into: Path) -> tuple[Path, Beside | None]:
    """Return the one notebook of a folder or an archive and its helper files; for another path itself and None.

    Raises UsageError if there is not exactly one notebook, and IngestError if nothing can be read.
    """
    from grader.course.ingest.collect import read_class

    if not path.is_dir() and path.suffix.lower() != ".zip":
        return path, None
    found = read_class([path], into / "out", into).submissions
    if len(found) > 1:
        raise UsageError(f"'{path}' holds {len(found)} notebooks; name the one to check, or use `grader grade`")
    if found[0].problem:
        raise UsageError(found[0].problem)
    return found[0].path, found[0].beside
