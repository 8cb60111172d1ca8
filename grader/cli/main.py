"""The `grader` command."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from grader.cli.parser import parser
from grader.cli.progress import ProgressLine
from grader.errors import GraderError
from grader.formatting import one_line

if TYPE_CHECKING:
    from grader.assignment import Assignment
    from grader.course.scores import Standing
    from grader.result import Result

PASSED, LOST, FAILED, INTERRUPTED = 0, 1, 2, 130


class UsageError(GraderError):
    """The command was given something it cannot use; the message is one sentence."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status. Unexpected errors become one sentence (GRADER_DEBUG=1: the traceback)."""
    arguments = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _terminate)
    warnings.simplefilter("ignore", SyntaxWarning)  # they are about students' code, and quote it
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
        print(f"grader: {one_line(_sentence(error))}", file=sys.stderr)
        return FAILED


def _terminate(number: int, frame: object) -> None:
    """End as if by exit(), so that kernels and their folders are cleared away."""
    raise SystemExit(128 + number)


def _sentence(error: Exception) -> str:
    if isinstance(error, GraderError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
    return f"unexpected {type(error).__name__}: {error} (set GRADER_DEBUG=1 for the traceback and please report it)"


def _settings(arguments: argparse.Namespace) -> dict[str, object]:
    from grader.sandbox.limits import Limits

    given = {
        "cell_seconds": arguments.cell_seconds,
        "total_seconds": arguments.total_seconds,
        "memory_bytes": arguments.memory,
        "tasks": arguments.tasks,
        "scratch_bytes": arguments.scratch,
    }
    limits = Limits(**{key: value for key, value in given.items() if value is not None})
    return {
        "data": arguments.data,
        "sample": arguments.sample,
        "device": arguments.device,
        "limits": limits,
        "isolation": arguments.isolation,
    }


def _load(arguments: argparse.Namespace) -> Assignment:
    from grader.assignment import load_assignment

    sys.path.insert(0, os.getcwd())  # an instructor's own package, beside which the command is run
    return load_assignment(arguments.assignment)


def _check(arguments: argparse.Namespace) -> int:
    from grader.assignment import UnknownItem
    from grader.files import write_atomically
    from grader.grading.grade import grade
    from grader.machine import usable_cores
    from grader.reports import html, terminal

    sys.path.insert(0, os.getcwd())  # as in _load; here the assignment loads while the first kernel starts
    show = ProgressLine(enabled=not arguments.quiet)
    try:
        result = grade(
            arguments.notebook,
            arguments.assignment,
            only=arguments.item,
            progress=show,
            verdict=show.verdict,
            cores=usable_cores(),
            **_settings(arguments),  # type: ignore[arg-type]
        )
    except UnknownItem as error:
        raise UsageError(str(error.args[0])) from None
    finally:
        show.close()
    result = replace(result, advisory=True)
    if arguments.json:
        result.write(arguments.json)
    if arguments.html:
        html.write_html(result, arguments.html)
    if arguments.svg:
        write_atomically(arguments.svg, terminal.svg(result))
    terminal.print_report(result, details=arguments.all)
    return status([result])


def _grade(arguments: argparse.Namespace) -> int:
    from grader.cli.class_commands import Order, grade_class
    from grader.provenance.signing import load_signer
    from grader.sandbox.confinement.backends import find_backend

    signer = load_signer(arguments.sign) if arguments.sign else None
    remote = None
    if arguments.dask is None:
        find_backend(arguments.isolation)  # a refusal comes before anything else is done
    else:
        from grader.course.cluster.driver import Remote

        remote = Remote(arguments.dask, arguments.worker_seconds)
    assignment = _load(arguments)
    order = Order(
        arguments.paths,
        arguments.out,
        arguments.jobs,
        arguments.force,
        arguments.layout,
        arguments.roster,
        arguments.due,
        arguments.shard,
        arguments.assignment,
        remote,
    )
    standings, whole = grade_class(order, assignment, _settings(arguments), signer)
    return class_status(standings) if whole else INTERRUPTED


def class_status(standings: Sequence[Standing]) -> int:
    """The exit status for a class: as `status`."""
    if any(one.status == "failed" or any(item.status == "error" for item in one.items) for one in standings):
        return FAILED
    return LOST if any(one.lost > 0 for one in standings) else PASSED


def _results(arguments: argparse.Namespace) -> int:
    from grader.cli.class_commands import show_results
    from grader.course.table import Filter

    below, percent = arguments.below or (None, False)
    wanted = Filter(arguments.status, arguments.item, below, percent)
    show_results(arguments.out, wanted, arguments.csv, arguments.json)
    return PASSED


def _mark(arguments: argparse.Namespace) -> int:
    from grader.cli.class_commands import mark_result

    if (arguments.points is None) is not arguments.remove:
        raise UsageError("give either the points of the mark or --remove")
    print(mark_result(arguments.out, arguments.submission, arguments.item, arguments.points, arguments.comment))
    return PASSED


def _merge(arguments: argparse.Namespace) -> int:
    from grader.cli.class_commands import merge_results

    count, conflicts = merge_results(arguments.sources, arguments.out)
    for conflict in conflicts:
        print(f"conflict: {one_line(conflict)}")
    print(f"{count} submissions in {one_line(str(arguments.out))}; {len(conflicts)} conflicts")
    return PASSED


def status(results: Sequence[Result]) -> int:
    """The exit status: 2 when a submission could not be graded, 1 when one lost marks, else 0."""
    if any(result.status == "failed" or any(item.status == "error" for item in result.items) for result in results):
        return FAILED
    return LOST if any(result.lost > 0 for result in results) else PASSED


def _keygen(arguments: argparse.Namespace) -> int:
    from grader.provenance.signing import make_key

    beside, public = make_key(arguments.file)
    print(f"private key, which only you may read: {one_line(str(arguments.file))}")
    print(f"public key, to verify with: {one_line(str(beside))} ({public})")
    return PASSED


def _verify(arguments: argparse.Namespace) -> int:
    from grader.course.verify import verify

    verdicts = verify(arguments.files, arguments.key, arguments.submission)
    for path, verdict in zip(arguments.files, verdicts, strict=True):
        print(f"{one_line(str(path))}: {verdict.sentence}")
    if not all(verdict.readable for verdict in verdicts):
        return FAILED
    return PASSED if all(verdict.verified for verdict in verdicts) else LOST


def _data(arguments: argparse.Namespace) -> int:
    from grader.data import sources

    source = sources.fetch() if arguments.action == "fetch" else sources.find_data(arguments.data)
    print(source.describe())
    return PASSED


def _calibrate(arguments: argparse.Namespace) -> int:
    from grader.calibration.calibrate import Wanted, calibrate

    names = ("seeds", "fault_seeds", "images", "data", "sample", "out", "kept", "report")
    wanted = Wanted(package=arguments.assignment, **{name: getattr(arguments, name) for name in names})
    show = ProgressLine(enabled=True)
    try:
        lines = calibrate(wanted, _load(arguments), show)
    finally:
        show.close()
    print("\n".join(lines))
    return PASSED


def _prove(arguments: argparse.Namespace) -> int:
    from grader.machine import usable_cores
    from grader.prove.command import Wanted, prove

    assignment = _load(arguments)
    names = ("images", "combinations", "seed", "only", "subset", "list", "save", "out", "json")
    wanted = Wanted(
        package=arguments.assignment,
        jobs=arguments.jobs or usable_cores(),
        **{name: getattr(arguments, name) for name in names},
    )
    return PASSED if prove(wanted, assignment, _settings(arguments)) else LOST


def _doctor(arguments: argparse.Namespace) -> int:
    from grader.cli.doctor import examine

    lines, able = examine()
    print("\n".join(lines))
    return PASSED if able else FAILED


_COMMANDS = {
    "check": _check,
    "grade": _grade,
    "results": _results,
    "results mark": _mark,
    "merge": _merge,
    "keygen": _keygen,
    "verify-result": _verify,
    "data": _data,
    "calibrate": _calibrate,
    "prove": _prove,
    "doctor": _doctor,
}
