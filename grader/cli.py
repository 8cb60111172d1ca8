"""The `grader` command."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grader import __version__
from grader.devices import DEVICES
from grader.progress import ProgressLine

if TYPE_CHECKING:
    from grader.result import Result
    from grader.rubric import Assignment

PASSED, LOST, FAILED, INTERRUPTED = 0, 1, 2, 130

_EPILOG = """exit status: 0 all passed, 1 something lost marks, 2 could not grade.
What waits for a person to read it, and what this machine cannot grade, is not lost."""


class UsageError(Exception):
    """The command was given something it cannot use; the message is one sentence."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="grader",
        description="Grades PyTorch notebooks: runs them, probes their models and training loops, and says what it found.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"grader {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    check = commands.add_parser("check", help="check one notebook, with everything that was found")
    check.add_argument("notebook", type=Path, help="an .ipynb file, or a .py file exported from one")
    check.add_argument("--item", metavar="ID", help="show one item only, e.g. q5")
    check.add_argument("--all", action="store_true", help="also list what passed")
    check.add_argument("--json", type=Path, metavar="FILE", help="write the result as JSON")
    check.add_argument("--html", type=Path, metavar="FILE", help="write the report as an HTML page")
    check.add_argument("--svg", type=Path, metavar="FILE", help="write the report as an SVG picture")
    check.add_argument("--quiet", action="store_true", help="no progress")
    _add_common(check)

    grade = commands.add_parser("grade", help="grade all notebooks in folders")
    grade.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="notebooks, or folders with notebooks")
    grade.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    grade.add_argument("--jobs", type=_positive, default=1, metavar="N", help="notebooks at a time (default: 1)")
    _add_common(grade)

    data = commands.add_parser("data", help="show or fetch the MNIST images that notebooks are given")
    data.add_argument("action", choices=["show", "fetch"], help="fetch downloads MNIST into the cache")
    data.add_argument("--data", type=Path, metavar="DIR", help="a folder with MNIST's IDX files")

    calibrate = commands.add_parser("calibrate", help="measure the loss thresholds from many seeds of the reference")
    calibrate.add_argument("--seeds", type=_positive, default=20, metavar="N", help="how many (default: 20)")
    calibrate.add_argument("--out", type=Path, metavar="FILE", help="JSON file to update (default: print)")
    _add_data(calibrate)

    commands.add_parser("doctor", help="what this machine has and lacks for grading")
    return top


def _add_data(command: argparse.ArgumentParser) -> None:
    command.add_argument("--assignment", default="reference", metavar="PACKAGE", help="default: reference")
    command.add_argument("--data", type=Path, metavar="DIR", help="a folder with MNIST's IDX files, gzipped or not")
    command.add_argument("--sample", action="store_true", help="use the sample that ships with grader")


def _add_common(command: argparse.ArgumentParser) -> None:
    _add_data(command)
    command.add_argument(
        "--device",
        choices=DEVICES,
        default="auto",
        help="auto: the machine's GPU, or a virtual one; cuda: refuse to grade without a real one; virtual: simulate one on "
        "the CPU; cpu: notebooks find none",
    )
    command.add_argument("--cell-seconds", type=_seconds, metavar="S", help="limit for one cell (default: 600)")
    command.add_argument("--total-seconds", type=_seconds, metavar="S", help="limit for all cells (default: 1800)")


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e7:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status. Unexpected errors become one sentence (GRADER_DEBUG=1: the traceback)."""
    arguments = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        return _COMMANDS[arguments.command](arguments)
    except KeyboardInterrupt:
        print("grader: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if os.environ.get("GRADER_DEBUG"):
            raise
        print(f"grader: {_sentence(error)}", file=sys.stderr)
        return FAILED


def _terminate(number: int, frame: object) -> None:
    """End as if by exit(), so that kernels and their folders are cleared away."""
    raise SystemExit(128 + number)


def _sentence(error: Exception) -> str:
    from grader.batch import BatchError
    from grader.data.sources import DataError
    from grader.devices import DeviceError
    from grader.grading import AssignmentError

    if isinstance(error, (UsageError, BatchError, DataError, AssignmentError, DeviceError)):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
    return f"unexpected {type(error).__name__}: {error} (set GRADER_DEBUG=1 for the traceback and please report it)"


def _settings(arguments: argparse.Namespace) -> dict[str, object]:
    from grader.sandbox.policy import Limits

    given = {"cell_seconds": arguments.cell_seconds, "total_seconds": arguments.total_seconds}
    limits = Limits(**{key: value for key, value in given.items() if value is not None})
    return {"data": arguments.data, "sample": arguments.sample, "device": arguments.device, "limits": limits}


def _load(arguments: argparse.Namespace) -> Assignment:
    from grader.grading import load_assignment

    sys.path.insert(0, os.getcwd())  # an instructor's own package, beside which the command is run
    return load_assignment(arguments.assignment)


def _check(arguments: argparse.Namespace) -> int:
    from grader.grading import grade
    from grader.reports import html, terminal
    from grader.result import write_atomically

    assignment = _load(arguments)
    if arguments.item is not None:
        try:
            assignment.rubric.item(arguments.item)
        except KeyError as error:
            raise UsageError(str(error.args[0])) from None
    show = ProgressLine(enabled=not arguments.quiet)
    try:
        result = grade(arguments.notebook, assignment, only=arguments.item, progress=show, **_settings(arguments))  # type: ignore[arg-type]
    finally:
        show.close()
    if arguments.json:
        result.write(arguments.json)
    if arguments.html:
        html.write_html(result, arguments.html)
    if arguments.svg:
        write_atomically(arguments.svg, terminal.svg(result))
    terminal.print_report(result, details=arguments.all)
    return status([result])


def _grade(arguments: argparse.Namespace) -> int:
    from grader.batch import Submission, find_submissions, grade_all
    from grader.grading import grade
    from grader.reports.summary import class_summary
    from grader.reports.terminal import total_line

    assignment = _load(arguments)
    submissions = find_submissions(arguments.paths, arguments.out)
    settings = _settings(arguments)
    began = time.monotonic()
    print(f"grading {len(submissions)} notebooks, {arguments.jobs} at a time, into {arguments.out}", flush=True)
    show = ProgressLine(enabled=arguments.jobs == 1)
    count = 0

    def run(submission: Submission) -> Result:
        return grade(submission.path, assignment, progress=show, **settings)  # type: ignore[arg-type]

    def ended(submission: Submission, result: Result) -> None:
        nonlocal count
        count += 1
        show.close()
        print(f"[{count}/{len(submissions)}] {submission.name}: {total_line(result)}", flush=True)

    try:
        results = grade_all(submissions, assignment, arguments.out, run, arguments.jobs, ended)
    except KeyboardInterrupt:
        show.close()
        print(
            f"grader: interrupted; {count} of {len(submissions)} are graded and written to {arguments.out}",
            file=sys.stderr,
        )
        return INTERRUPTED
    for line in class_summary(results):
        print(line)
    print(f"{time.monotonic() - began:.0f} s; results and reports in {arguments.out}, the class in summary.csv there")
    return status(list(results.values()))


def status(results: Sequence[Result]) -> int:
    """The exit status: 2 when a submission could not be graded, 1 when one lost marks, else 0."""
    if any(result.status == "failed" or any(item.status == "error" for item in result.items) for result in results):
        return FAILED
    return LOST if any(result.lost > 0 for result in results) else PASSED


def _data(arguments: argparse.Namespace) -> int:
    from grader.data import sources

    source = sources.fetch() if arguments.action == "fetch" else sources.find_data(arguments.data)
    print(source.describe())
    return PASSED


def _calibrate(arguments: argparse.Namespace) -> int:
    from grader.calibration import calibrate

    show = ProgressLine(enabled=True)
    try:
        lines = calibrate(
            _load(arguments), arguments.seeds, arguments.out, show, data=arguments.data, sample=arguments.sample
        )
    finally:
        show.close()
    print("\n".join(lines))
    return PASSED


def _doctor(arguments: argparse.Namespace) -> int:
    from grader.doctor import examine

    lines, able = examine()
    print("\n".join(lines))
    return PASSED if able else FAILED


_COMMANDS = {"check": _check, "grade": _grade, "data": _data, "calibrate": _calibrate, "doctor": _doctor}
