"""`grader grade`, `grader results` and `grader merge`: what they do once the command line is read."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.cli.class_progress import ClassProgress
from grader.course.batch import grade_all
from grader.course.cache_key import Settings, key_of
from grader.course.ingest.collect import Class, ClassOptions, read_class
from grader.course.ingest.roster import Roster, read_roster
from grader.course.job import BatchError, Done, Job, Stop
from grader.course.marks import MarkError, mark_item, unmark_item
from grader.course.merge import merge, write_results
from grader.course.scores import Standing
from grader.course.shards import Shard, of_shard
from grader.course.store import Graded, Store
from grader.course.summary_csv import class_summary
from grader.course.table import Filter, class_csv, class_json, class_table, write_class
from grader.files import write_atomically
from grader.formatting import one_line
from grader.machine import usable_cores
from grader.provenance.installation import Installation, Wanted, digests_of, installation
from grader.sandbox.warm_start import close as close_servers
from grader.sandbox.warm_start import many_kernels

if TYPE_CHECKING:
    from grader.assignment import Assignment
    from grader.course.cluster.driver import Remote
    from grader.course.ingest.submissions import Submission
    from grader.grading.grade import Progress
    from grader.provenance.signing import Signer
    from grader.result import Result
    from grader.sandbox.limits import Limits

CLASS = "class.csv"
INTERRUPTED = 130


@dataclass(frozen=True)
class Order:
    """What `grader grade` is asked to do with a class; `package` is the name of the assignment's."""

    paths: Sequence[Path]
    out: Path
    jobs: int | None = None
    force: bool = False
    layout: str = "auto"
    roster: Path | None = None
    due: datetime | None = None
    shard: Shard | None = None
    package: str = "reference"
    remote: Remote | None = None


def grade_class(
    order: Order, assignment: Assignment, settings: Mapping[str, Any], signer: Signer | None
) -> tuple[list[Standing], bool]:
    """Grade a class and say how it goes. `settings` are the keyword arguments of `grader.grade`.

    Returns the machine's points of each submission of this order, and whether all are graded. Raises BatchError, StoreError
    and, before anything is graded, what `grader.provenance.installation.installation` raises.
    """
    with tempfile.TemporaryDirectory(prefix="grader-class-", ignore_cleanup_errors=True) as into:
        roster = read_roster(order.roster) if order.roster else Roster()
        found = read_class(order.paths, order.out, Path(into), ClassOptions(order.layout, roster, order.due))
        return _grade(order, found, assignment, settings, signer)


def _grade(
    order: Order, found: Class, assignment: Assignment, settings: Mapping[str, Any], signer: Signer | None
) -> tuple[list[Standing], bool]:
    from grader.seeds import secret_seed

    began = time.monotonic()
    mine = of_shard(found.submissions, order.shard) if order.shard else found.submissions
    for note in found.notes:
        print(one_line(note))
    show = ClassProgress(len(mine), queues=order.remote is not None)
    with ExitStack() as stack:
        stack.callback(show.close)
        wanted = _wanted(order, settings)
        cluster = None
        if order.remote is not None:
            from grader.course.cluster.driver import connected

            cluster = stack.enter_context(connected(order.remote, assignment, wanted, show.note))
        here = cluster.installation if cluster else installation(assignment, wanted)
        if signer is not None and not here.confines:
            raise BatchError(
                "--sign needs notebooks that are confined: others can read the key, and so sign what they like"
            )
        seed = secret_seed(here.data)
        job = Job(
            assignment,
            order.out,
            _local(assignment, settings, seed, show),
            order.jobs or usable_cores(),
            _key(assignment, here, settings["limits"], seed),
            (lambda graded: _signed(graded, signer)) if signer is not None else lambda graded: True,
            signer if signer is not None else lambda result: result,
            order.force,
            here.data,
        )
        stop = Stop(end_now=_end_children)
        pace = f"{job.jobs} at a time"
        if cluster is not None and order.remote is not None:
            order.out.mkdir(parents=True, exist_ok=True)
            limits = settings["limits"]
            job, pool = stack.enter_context(cluster.job(job, wanted, limits, seed, order.jobs, show.step))
            stop = Stop(end_now=pool.end_now)
            pace = f"{pool.size} in flight on the cluster at {order.remote.address}"
        part = f" (shard {order.shard.number} of {order.shard.count})" if order.shard else ""
        print(f"grading {len(mine)} notebooks{part}, {pace}, into {order.out}", flush=True)
        if len(mine) > 1 and cluster is None:
            many_kernels()
            stack.callback(close_servers)
        with _Signals(stop):
            done = grade_all(mine, job, show, stop)
    return _report(order, mine, done, began)


def _wanted(order: Order, settings: Mapping[str, Any]) -> Wanted:
    data = settings["data"]
    where = str(data if order.remote else data.absolute()) if data else ""  # a folder of the workers' is not one here
    return Wanted(order.package, where, settings["sample"], settings["device"], settings["isolation"])


def _local(
    assignment: Assignment, settings: Mapping[str, Any], seed: int, show: ClassProgress
) -> Callable[[Submission], Result]:
    def run(submission: Submission) -> Result:
        from grader.grading.grade import grade

        def step(progress: Progress) -> None:
            show.step(submission, progress)

        return grade(submission.path, assignment, progress=step, seed=seed, **settings)

    return run


def _key(assignment: Assignment, here: Installation, limits: Limits, seed: int) -> Callable[[str, str], str]:
    """The key of (file name, SHA-256) of what is graded under these conditions."""
    from grader.seeds import commitment

    fixed = Settings(assignment.name, here.device, here.isolation, limits, commitment(seed))
    return lambda name, sha256: key_of(name, digests_of(here, sha256), fixed)


def _signed(graded: Graded, signer: Signer) -> bool:
    """Whether a kept result carries this key's signature and it holds; what lies in the store unsigned is graded anew."""
    import json

    from grader.provenance.signing import signed_by
    from grader.result import parse_result

    signature = parse_result(graded.document).signature
    return (
        signature is not None and signature.key == signer.public and signed_by(json.loads(graded.document), signature)
    )


def _report(order: Order, mine: Sequence[Submission], done: Done, began: float) -> tuple[list[Standing], bool]:
    names = {one.name for one in mine}
    with Store(order.out) as store:
        items = store.items()
        write_class(order.out / CLASS, store.rows(), items)
        rows = [row for row in store.rows() if row.entry.name in names]
    if done.stopped:
        print(
            f"grader: interrupted; {done.count} of {len(mine)} are graded and written to {order.out}; "
            "the same command goes on from there",
            file=sys.stderr,
        )
        if done.left_running:  # they do not end; nothing of theirs is kept
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        return [], False
    for line in class_summary(row.final.standing for row in rows):
        print(line)
    if done.reused:
        print(f"{done.reused} of them are as graded before (--force grades them again)")
    if stale := sum(len(row.final.stale) for row in rows):
        print(f"{stale} marks were given for earlier notebooks and do not count: see `grader results {order.out}`")
    took = f"{time.monotonic() - began:.0f} s"
    print(f"{took}; results and reports in {order.out}, the class in summary.csv and {CLASS} there")
    return [row.machine for row in rows], True


class _Signals:
    """While a class is graded Ctrl-C asks to stop; a second one, or the request to terminate, to stop at once."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._before: dict[int, Any] = {}

    def __enter__(self) -> None:
        for number, asks in ((signal.SIGINT, 1), (signal.SIGTERM, 2)):
            self._before[number] = signal.signal(number, lambda *_, asks=asks: self._ask(asks))

    def _ask(self, asks: int) -> None:
        self._stop.asked += asks

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


def _end_children() -> None:
    import contextlib

    import psutil

    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            process.kill()


def show_results(out: Path, wanted: Filter, csv: Path | None, json: Path | None) -> None:
    """List the class, or export it. Raises StoreError, and MarkError for an item that no result has."""
    from rich.console import Console

    with Store(out, create=False) as store:
        items = store.items()
        if wanted.item is not None and items and wanted.item not in items:
            raise MarkError(f"there is no item {wanted.item!r}; there are {', '.join(items)}")
        rows = [row for row in store.rows() if wanted.wants(row)]
    if csv is not None:
        write_atomically(csv, class_csv(rows, items))
    if json is not None:
        write_atomically(json, class_json(rows))
    if csv is None and json is None:
        console = Console(highlight=False, markup=False, emoji=False)
        if not console.is_terminal:
            console.width = 10_000
        console.print(class_table(rows, wanted.item))
        for line in class_summary(row.final.standing for row in rows):
            print(line)


def mark_result(out: Path, submission: str, item: str, points: float | None, comment: str) -> str:
    """Keep a mark, or with None take it back, and write the class's table anew; a sentence on what it does."""
    with Store(out, create=False) as store:
        if points is None:
            said = unmark_item(store, submission, item)
        else:
            said = mark_item(store, submission, item, points, comment)
        write_class(out / CLASS, store.rows(), store.items())
    return said


def merge_results(sources: Sequence[Path], out: Path) -> tuple[int, list[str]]:
    """Merge the stores of these folders into `out` and write the files there; how many submissions, and the conflicts."""
    conflicts = merge(sources, out)
    with Store(out) as store:
        count = write_results(store, out)
        write_class(out / CLASS, store.rows(), store.items())
    return count, conflicts
