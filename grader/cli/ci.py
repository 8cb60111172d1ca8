"""`grader ci`: grade the notebook of a repository, and tell the platform that runs this what was found."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.cli.exit_status import FAILED, LOST, PASSED
from grader.cli.help_text import RawHelp
from grader.cli.options import UsageError, add_command, add_grading, grading_terms, make_importable, percent
from grader.cli.refusals import refuse_assignment, refuse_data, refuse_missing, refuse_target
from grader.errors import GraderError
from grader.formatting import one_line
from grader.language import tr

if TYPE_CHECKING:
    from grader.cli.options import Commands
    from grader.result import Result

MOST_FILES = 50_000  # of a repository that are looked at
MOST_NAMED = 3
_NOT_SEARCHED = {"node_modules", "site-packages", "__pycache__", "venv", "env"}  # and folders that begin with a dot
_LEVELS = ("visible", "after_due_date", "after_published", "all")  # as in grader.reports.visibility, which imports more


def _epilog() -> str:
    lines = [
        tr("exit status, also for other programs than GitHub's and GitLab's:"),
        "  0  " + tr("enough points: PERCENT of those that could be judged here, or more"),
        "  1  " + tr("fewer points"),
        "  2  " + tr("the notebook could not be found or graded, or the command cannot use what it was given"),
        tr("Points that wait for a person to read an answer, or that this machine cannot grade, do not count as lost."),
        "",
        tr(
            "On GitHub the report also becomes the summary of the step, and the worst of what was found is shown beside"
        ),
        tr("the lines of the notebook. Nothing here needs a secret. See docs/ci.md."),
    ]
    return "\n".join(lines)


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = add_command(
        commands, "ci", "grade the notebook of a repository in CI, and write what CI systems show", run
    )
    command.epilog, command.formatter_class = _epilog(), RawHelp
    command.add_argument(
        "path",
        type=Path,
        nargs="?",
        default=Path(),
        metavar="PATH",
        help="the notebook, or a folder with one (default: the current folder)",
    )
    command.add_argument(
        "--fail-under",
        type=percent,
        default=100.0,
        metavar="PERCENT",
        help="exit with status 1 if the notebook earned less than this part of the points (default: 100)",
    )
    command.add_argument(
        "--visibility",
        choices=_LEVELS,
        default="visible",
        help="the checks that are shown: those that students may see at once, after the due date or after the grades "
        "are published, or all; the others count too, but are not told anywhere (default: visible)",
    )
    command.add_argument(
        "--official", action="store_true", help="this grading counts: reports do not call it a self-check"
    )
    for option, what in _FILES.items():
        command.add_argument(option, type=Path, metavar="FILE", help=f"write {what} to FILE")
    command.add_argument("--quiet", action="store_true", help="show no progress")
    add_grading(command, isolation="none")


_FILES = {
    "--junit": "JUnit XML, a test case for each check,",
    "--code-quality": "GitLab's code quality report",
    "--badge": "JSON for a badge of shields.io",
    "--markdown": "the report as Markdown for a comment",
    "--html": "the report as an HTML page",
    "--json": "the result as JSON",
    "--gradescope": "Gradescope's results.json, with all checks and their visibility,",
    "--classroom50": "Classroom 50's result.json",
}


def run(arguments: argparse.Namespace) -> int:
    """Grade the notebook and tell what was found; return the exit status."""
    log = _Log()
    try:
        with log:
            result, path, seconds = _graded(arguments)
            _write(arguments, result, path, seconds)
            _print_report(result, arguments.visibility)
    except GraderError as error:  # not left to main, which does not know of GitHub's commands
        print(_harmless(f"grader: {one_line(str(error))}"), file=sys.stderr)
        return FAILED
    if log.token:
        _annotate(result, path, arguments.visibility)
    return status(result, arguments.fail_under)


def status(result: Result, fail_under: float) -> int:
    """Return the exit status for a result of which `fail_under` percent are wanted."""
    share = kept_share(result)
    if share is None:
        return FAILED
    return PASSED if share >= fail_under - 1e-9 else LOST


def kept_share(result: Result) -> float | None:
    """Return the percentage of the points that were not lost, of those that could be judged; None if none could.

    >>> from grader.result import Result, Submitted
    >>> kept_share(Result("tiny", Submitted("a.ipynb", ""), 0.0, 5.0, "failed"))
    """
    judged = result.max_score - result.ungraded
    if result.status == "failed" or judged <= 0 or any(item.status == "error" for item in result.items):
        return None
    return 100 * (1 - result.lost / judged)


class _Log:
    """While it is entered, GitHub reads no line of this step as a command."""

    def __init__(self) -> None:
        self.token = secrets.token_hex(16) if os.environ.get("GITHUB_ACTIONS") == "true" else ""

    def __enter__(self) -> None:
        if self.token:
            print(f"::stop-commands::{self.token}", flush=True)

    def __exit__(self, *_: object) -> None:
        if self.token:
            sys.stderr.flush()
            print(f"::{self.token}::", flush=True)


def _harmless(text: str) -> str:
    from grader.reports.github import harmless_log

    return harmless_log(text)


# --- grading -----------------------------------------------------------------------------------------------------


def _graded(arguments: argparse.Namespace) -> tuple[Result, Path, float]:
    """Return the result, the path of the notebook and the seconds that it took.

    A repository without a notebook, or with several, is a submission that could not be graded.
    """
    from grader.answer_key.file import is_bundle
    from grader.assignment import default_assignment, load_assignment
    from grader.cli.progress import ProgressLine
    from grader.grading.grade import failed
    from grader.grading.once import grade_once, seed_for
    from grader.provenance.digests import of_file

    began = time.monotonic()
    if arguments.assignment is not None and not is_bundle(arguments.assignment):
        make_importable()
    _refuse(arguments)
    path, problem = arguments.path, ""
    try:
        path = find_notebook(arguments.path)
    except UsageError as error:
        problem = str(error)
    beside = path if path.is_dir() else path.parent
    arguments.assignment = arguments.assignment or default_assignment(beside)
    if not is_bundle(arguments.assignment):  # else nothing is imported from a student's repository
        make_importable()
    if problem:
        result = failed(
            load_assignment(arguments.assignment), one_line(path.name) or "notebook", problem, of_file(path)
        )
    else:
        show = ProgressLine(enabled=not arguments.quiet, verdicts=False)
        show.start(f"{one_line(path.name)}; the grader starts")
        try:
            result = grade_once(path, grading_terms(arguments, seed_for(arguments.assignment)), show)
        finally:
            show.close()
    return replace(result, advisory=not arguments.official), path, time.monotonic() - began


def _refuse(arguments: argparse.Namespace) -> None:
    refuse_missing(arguments.path)
    if arguments.assignment is not None:
        refuse_assignment(arguments.assignment)
    refuse_data(arguments.data)
    for option in _FILES:
        refuse_target(option, _file(arguments, option))


def find_notebook(path: Path) -> Path:
    """Return the notebook at `path`, or the only one below it. Raises UsageError, which names some if there are many.

    Folders that begin with a dot, and those of packages and environments, are not searched.
    """
    if not path.is_dir():
        return path
    found = sorted(_notebooks(path), key=lambda one: (len(one.parts), one))
    where = "the repository" if path == Path() else f"the folder '{path}'"
    if not found:
        raise UsageError(f"there is no notebook (.ipynb) in {where}: add yours to it")
    if len(found) == 1:
        return found[0]
    names = [f"'{one.relative_to(path).as_posix()}'" for one in found[:MOST_NAMED]]
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    joined = ", ".join(names) + more if more else " and ".join((", ".join(names[:-1]), names[-1]))
    raise UsageError(
        f"there are {len(found)} notebooks in {where}, {joined}: keep one, or name the one to grade, "
        "as in `grader ci homework.ipynb`"
    )


def _notebooks(top: Path) -> Iterator[Path]:
    left = MOST_FILES
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _NOT_SEARCHED]
        for name in files:
            left -= 1
            if name.lower().endswith(".ipynb") and not name.startswith("."):
                yield Path(folder, name)
        if left < 0:
            return


# --- what is written ---------------------------------------------------------------------------------------------


def _file(arguments: argparse.Namespace, option: str) -> Path | None:
    path: Path | None = vars(arguments)[option.lstrip("-").replace("-", "_")]
    return path


def _write(arguments: argparse.Namespace, result: Result, path: Path, seconds: float) -> None:
    """Write the files that were asked for, and GitHub's summary of the step."""
    from grader.files import write_atomically
    from grader.reports.markdown import summary

    documents = _documents(result, path, arguments.visibility, seconds)
    for option in _FILES:
        target = _file(arguments, option)
        if target is not None:
            write_atomically(target, documents[option]())
    step_summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if step_summary:
        with Path(step_summary).open("a", encoding="utf-8", errors="replace") as file:
            file.write(summary(result, arguments.visibility))


def _documents(result: Result, path: Path, level: Any, seconds: float) -> Mapping[str, Callable[[], str]]:
    """Return, for each option, the function that makes its file. Nothing of what is not shown is in any of them."""
    from grader.reports import badge, classroom50, gitlab, gradescope, html, junit, markdown
    from grader.reports.audience import for_students
    from grader.reports.findings import findings

    where = repository_path(path)
    shown = for_students(result, level)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {
        "--junit": lambda: junit.junit(result, where, level),
        "--code-quality": lambda: gitlab.code_quality(findings(result, where, _cells(path), level)),
        "--badge": lambda: badge.badge(result),
        "--markdown": lambda: markdown.report(result, level),
        "--html": lambda: html.html(shown),
        "--json": lambda: shown.document(),
        "--gradescope": lambda: gradescope.gradescope_document(result, seconds=seconds),
        "--classroom50": lambda: classroom50.classroom50_document(
            result, classroom50.submission_from(os.environ), now, level
        ),
    }


def _print_report(result: Result, level: Any) -> None:
    import io

    from rich.console import Console

    from grader.reports.audience import for_students
    from grader.reports.terminal import WIDEST, print_report

    text = io.StringIO()
    console = Console(file=text, width=WIDEST, highlight=False, markup=False, emoji=False)
    print_report(for_students(result, level), console)
    print(_harmless(text.getvalue()), end="", flush=True)


def _annotate(result: Result, path: Path, level: Any) -> None:
    from grader.reports.findings import findings
    from grader.reports.github import annotated

    print(annotated(findings(result, repository_path(path), _cells(path), level)), end="", flush=True)


def _cells(path: Path) -> Sequence[Any]:
    """Return the places of the notebook's cells; nothing if its file cannot be read as one of JSON."""
    from grader.notebook.json_lines import cell_lines

    try:
        return cell_lines(path.read_text("utf-8-sig")) if path.suffix.lower() == ".ipynb" else ()
    except (OSError, UnicodeDecodeError):
        return ()


def repository_path(path: Path) -> str:
    """Return the path of a file as its platform names it: from the repository's top, with slashes."""
    top = os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR") or os.getcwd()
    try:
        return path.resolve().relative_to(Path(top).resolve()).as_posix()
    except ValueError:
        return path.as_posix()
