"""The command line of `grader`: its commands, their options, and what those may be."""

from __future__ import annotations

import argparse
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from grader.course.ingest.layouts import LAYOUTS
from grader.course.shards import Shard, parse_shard
from grader.formatting import one_line
from grader.machine import DEVICES
from grader.sandbox.limits import ISOLATION
from grader.version import __version__

_EPILOG = """exit status: 0 all passed, 1 something lost marks, 2 could not grade.
What waits for a person to read it, and what this machine cannot grade, is not lost."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments without what a file name among them may do to a terminal."""

    def error(self, message: str) -> NoReturn:
        super().error(one_line(message))


class _Top(_Parser):
    """Takes `results mark` for a command of two words."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        words = list(sys.argv[1:] if args is None else args)
        if words[:2] == ["results", "mark"]:
            words[:2] = ["results mark"]
        return super().parse_known_args(words, namespace)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = _Top(
        prog="grader",
        description="Grades PyTorch notebooks: runs them, probes their models and training loops, and says what it found.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"grader {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    check = commands.add_parser("check", help="check one notebook, with everything that was found")
    check.add_argument("notebook", type=Path, help="an .ipynb file, or a .py file exported from one")
    check.add_argument("--item", metavar="ID", help="one item only, e.g. q5; runs no more than that needs")
    check.add_argument("--all", action="store_true", help="also list what passed")
    check.add_argument("--json", type=Path, metavar="FILE", help="write the result as JSON")
    check.add_argument("--html", type=Path, metavar="FILE", help="write the report as an HTML page")
    check.add_argument("--svg", type=Path, metavar="FILE", help="write the report as an SVG picture")
    check.add_argument("--quiet", action="store_true", help="no progress")
    _add_common(check, isolation="none")

    grade = commands.add_parser("grade", help="grade a class: folders, or what Canvas, Moodle and others download")
    grade.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="notebooks, folders, zip archives")
    grade.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the results; what is graded there stays so"
    )
    grade.add_argument(
        "--jobs",
        type=_positive,
        metavar="N",
        help="notebooks at a time (default: one for each core; with --dask two for each thread of the workers)",
    )
    grade.add_argument("--force", action="store_true", help="grade again also what has not changed since it was graded")
    grade.add_argument("--sign", type=Path, metavar="KEY", help="sign each result with this private key, see keygen")
    grade.add_argument(
        "--layout", choices=LAYOUTS, default="auto", help="where the files of a student are (default: found out)"
    )
    grade.add_argument(
        "--roster",
        type=Path,
        metavar="CSV",
        help="the students' names: columns such as id,name (default: roster.csv there)",
    )
    grade.add_argument(
        "--due", type=_time, metavar="TIME", help="ISO 8601, such as 2026-11-01T23:59: later ones are late"
    )
    grade.add_argument("--shard", type=_shard, metavar="I/N", help="grade only the I-th of N equal parts, see merge")
    grade.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="grade on the Dask cluster whose scheduler is there, such as tcp://10.0.0.1:8786; --data is a folder there",
    )
    grade.add_argument(
        "--worker-seconds",
        type=_seconds,
        default=300.0,
        metavar="S",
        help="with --dask: how long to wait while no worker is there (default: 300)",
    )
    _add_common(grade, isolation="auto")

    results = commands.add_parser(
        "results", help="list a class's results, filter and export them; `results mark` marks"
    )
    results.add_argument("out", type=Path, metavar="OUT", help="the --out folder of grade")
    results.add_argument(
        "--below", type=_below, metavar="N", help="only those with fewer than N points, or N%% of them"
    )
    results.add_argument("--status", choices=("graded", "needs_review", "failed"), help="only those that stand so")
    results.add_argument("--item", metavar="ID", help="show the points of this item, and let --below be about them")
    results.add_argument("--csv", type=Path, metavar="FILE", help="write them as CSV instead")
    results.add_argument("--json", type=Path, metavar="FILE", help="write them as JSON instead")

    mark = commands.add_parser("results mark", help="mark what waits for a person; grading again keeps it")
    mark.add_argument("out", type=Path, metavar="OUT", help="the --out folder of grade")
    mark.add_argument(
        "submission", metavar="SUBMISSION", help="the name of the result's folder, or the student's number"
    )
    mark.add_argument("item", metavar="ITEM", help="such as q7")
    mark.add_argument(
        "points", type=_points, nargs="?", metavar="POINTS", help="in place of those that wait for a person"
    )
    mark.add_argument("--comment", default="", metavar="TEXT", help="kept beside the points")
    mark.add_argument("--remove", action="store_true", help="take the mark back")

    merge = commands.add_parser("merge", help="merge the results of several --out folders")
    merge.add_argument("sources", type=Path, nargs="+", metavar="OUT", help="--out folders, such as those of shards")
    merge.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for all of them; may be one of them"
    )

    keygen = commands.add_parser("keygen", help="make a key to sign results with")
    keygen.add_argument("file", type=Path, metavar="FILE", help="for the private key; the public one goes to FILE.pub")

    verify = commands.add_parser("verify-result", help="whether results are what the holder of a key wrote")
    verify.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="a result.json, or a summary.csv beside them"
    )
    verify.add_argument(
        "--key", type=Path, metavar="PUB", help="the public key to trust; without it nothing is verified"
    )
    verify.add_argument("--submission", type=Path, metavar="NOTEBOOK", help="the notebook that they must be about")

    data = commands.add_parser("data", help="show or fetch the MNIST images that notebooks are given")
    data.add_argument("action", choices=["show", "fetch"], help="fetch downloads MNIST into the cache")
    data.add_argument("--data", type=Path, metavar="DIR", help="a folder with MNIST's IDX files")

    calibrate = commands.add_parser(
        "calibrate", help="measure the loss thresholds from many seeds of the reference, and what they tell apart"
    )
    calibrate.add_argument("--seeds", type=_positive, default=20, metavar="N", help="how many (default: 20)")
    calibrate.add_argument(
        "--fault-seeds",
        type=_count,
        default=5,
        metavar="N",
        help="how many for each faulty training that the limits are to catch (default: 5)",
    )
    calibrate.add_argument(
        "--images", type=_positive, metavar="N", help="only the first N training images (default: all)"
    )
    calibrate.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="JSON file of limits to update (default: print); what was measured is kept in FILE's name.measured.json",
    )
    calibrate.add_argument(
        "--kept", type=Path, metavar="FILE", help="train nothing: take what was measured from this .measured.json"
    )
    calibrate.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write an HTML page: false rejects and nearest fault of each limit, with both distributions",
    )
    _add_data(calibrate)

    prove = commands.add_parser(
        "prove", help="grade right and faulty notebooks made from the solution: is the grader right?"
    )
    prove.add_argument(
        "--images", type=_positive, default=1000, metavar="N", help="training images to grade with (default: 1000)"
    )
    prove.add_argument(
        "--combinations", type=_count, default=200, metavar="N", help="how many combinations (default: 200)"
    )
    prove.add_argument("--seed", type=_count, default=0, metavar="N", help="what is drawn at random (default: 0)")
    prove.add_argument(
        "--only", metavar="PATTERN", help="only notebooks whose name this regular expression is found in"
    )
    prove.add_argument("--subset", type=_positive, metavar="N", help="only N of them, some of every group")
    prove.add_argument("--list", action="store_true", help="say what would be graded, and grade nothing")
    prove.add_argument("--save", type=Path, metavar="DIR", help="write the notebooks into this folder")
    prove.add_argument("--out", type=Path, metavar="DIR", help="folder where gradings are kept (default: in the cache)")
    prove.add_argument("--jobs", type=_positive, metavar="N", help="notebooks at a time (default: one for each core)")
    prove.add_argument("--json", type=Path, metavar="FILE", help="write the matrix as JSON")
    _add_common(prove, isolation="auto")

    commands.add_parser("doctor", help="what this machine has and lacks for grading")
    return top


def _add_data(command: argparse.ArgumentParser) -> None:
    command.add_argument("--assignment", default="reference", metavar="PACKAGE", help="default: reference")
    command.add_argument("--data", type=Path, metavar="DIR", help="a folder with MNIST's IDX files, gzipped or not")
    command.add_argument("--sample", action="store_true", help="use the sample that ships with grader")


def _add_common(command: argparse.ArgumentParser, isolation: str) -> None:
    _add_data(command)
    command.add_argument(
        "--device",
        choices=DEVICES,
        default="auto",
        help="auto: the machine's GPU, or a virtual one; cuda: refuse to grade without a real one; virtual: simulate one on "
        "the CPU; cpu: notebooks find none",
    )
    command.add_argument(
        "--isolation",
        choices=ISOLATION,
        default=isolation,
        help="how notebooks are confined; auto: as well as this machine can, or not graded; none: with what there is, "
        f"be it your own rights (default: {isolation})",
    )
    command.add_argument("--memory", type=_size, metavar="SIZE", help="limit of memory, such as 2G (default: 4G)")
    command.add_argument("--tasks", type=_positive, metavar="N", help="limit of processes and threads (default: 256)")
    command.add_argument("--scratch", type=_size, metavar="SIZE", help="limit of files in all (default: 1G)")
    command.add_argument("--cell-seconds", type=_seconds, metavar="S", help="limit for one cell (default: 600)")
    command.add_argument("--total-seconds", type=_seconds, metavar="S", help="limit for all cells (default: 1800)")


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)


def _size(text: str) -> int:
    found = re.fullmatch(r"(\d{1,9})([KMG])(?:i?B)?", text, re.IGNORECASE)
    size = int(found[1]) * 1024 ** (" KMG".index(found[2].upper())) if found else 0
    if not 0 < size < 1 << 50:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 512M or 2G")
    return size


def _shard(text: str) -> Shard:
    try:
        return parse_shard(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 2026-11-01T23:59 or 2026-11-01") from None
    return time.replace(hour=23, minute=59, second=59) if len(text) == len("2026-11-01") else time


def _below(text: str) -> tuple[float, bool]:
    return _points(text.removesuffix("%")), text.endswith("%")


def _points(text: str) -> float:
    if not re.fullmatch(r"\d{1,6}(\.\d{1,4})?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of points such as 4 or 2.5")
    return float(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e7:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value
