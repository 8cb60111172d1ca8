"""Grade a class: read the submissions, grade them, write the class's tables, show progress."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.cli.class_progress import ClassProgress
from grader.cli.exit_status import INTERRUPTED
from grader.course.batch import grade_all
from grader.course.cache_key import Settings, key_of
from grader.course.grading_order import ORDER
from grader.course.ingest.collect import Class, ClassOptions, read_class, read_repositories
from grader.course.ingest.roster import Roster, read_roster
from grader.course.job import BatchError, Done, Job, Stop
from grader.course.overview import CLASS_PAGE, Overview, problem_with_page
from grader.course.scores import Standing
from grader.course.shards import Shard, of_shard
from grader.course.store import Graded, Store
from grader.course.summary_csv import class_summary
from grader.course.table import CLASS_TABLE, write_class
from grader.course.workers import Workers
from grader.formatting import one_line
from grader.grading.messages import Server, Terms
from grader.language import said, tr
from grader.machine import usable_cores
from grader.provenance.installation import Installation, Wanted, digests_of, installation
from grader.sandbox.confinement.backends import find_backend
from grader.sandbox.confinement.plan import Place
from grader.sandbox.warm_start import close as close_servers
from grader.sandbox.warm_start import many_kernels, server_for
from grader.temporary import sweep, temporary_folder

if TYPE_CHECKING:
    from grader.assignment import Assignment
    from grader.course.cluster.driver import Remote
    from grader.course.ingest.submissions import Submission
    from grader.grading.supervisor import Worker
    from grader.provenance.signing import Signer
    from grader.result import Result
    from grader.sandbox.limits import Limits


@dataclass(frozen=True)
class Order:
    """The arguments of `grader grade`; `package` is the name of the assignment's package.

    `only` are the names of the submissions to grade, empty for all; `noted` is what the store keeps of this order.
    """

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
    notebooks: bool = False
    repos: Path | None = None
    pushes: Path | None = None
    only: Sequence[str] = ()
    noted: str = ""


def grade_class(
    order: Order,
    assignment: Assignment,
    settings: Mapping[str, Any],
    signer: Signer | None,
    spare: Worker | None = None,
) -> tuple[list[Standing], bool]:
    """Grade a class and show progress. `settings` are the keyword arguments of `grader.grade`.

    `spare` is a worker that was started early, so that its imports take no time now.

    Returns the machine's points for each submission, and whether all submissions were graded. Raises BatchError and
    StoreError; before anything is graded also what `grader.provenance.installation.installation` raises.
    """
    sweep()
    with temporary_folder("grader-class-") as into:
        roster = read_roster(order.roster) if order.roster else Roster()
        options = ClassOptions(order.layout, roster, order.due)
        if order.repos is not None:
            found = read_repositories(order.repos, order.out, into, options, order.pushes)
        else:
            found = read_class(order.paths, order.out, into, options)
        return _grade(order, found, assignment, settings, signer, spare)


def _grade(
    order: Order,
    found: Class,
    assignment: Assignment,
    settings: Mapping[str, Any],
    signer: Signer | None,
    spare: Worker | None,
) -> tuple[list[Standing], bool]:
    from grader.seeds import secret_seed

    began = time.monotonic()
    mine = of_shard(found.submissions, order.shard) if order.shard else found.submissions
    if order.only:
        mine = _only(mine, order.only)
    for note in found.notes:
        print(one_line(said(note)))
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
                "--sign needs confined notebooks: an unconfined notebook could read the key and sign any result"
            )
        seed = secret_seed(here.data)
        workers = Workers(_terms(order, settings, seed), _lending(assignment, settings, len(mine)), spare)
        if cluster is None:
            stack.callback(close_servers)
            stack.callback(workers.close)
        job = Job(
            assignment,
            order.out,
            _local(workers, show),
            order.jobs or usable_cores(),
            _key(assignment, here, settings["limits"], seed),
            (lambda graded: _signed(graded, signer)) if signer is not None else lambda graded: True,
            signer if signer is not None else lambda result: result,
            order.force,
            here.data,
            notebooks=order.notebooks,
            facts={ORDER: order.noted} if order.noted else {},
            roster=found.roster,
        )
        stop = Stop(end_now=workers.kill)
        pace = tr("{count} at a time", count=job.jobs)
        if cluster is not None and order.remote is not None:
            order.out.mkdir(parents=True, exist_ok=True)
            limits = settings["limits"]
            job, pool = stack.enter_context(cluster.job(job, wanted, limits, seed, order.jobs, show.step))
            stop = Stop(end_now=pool.end_now)
            pace = tr("{count} in flight on the cluster at {address}", count=pool.size, address=order.remote.address)
        told = tr("grading {count} notebooks", count=len(mine))
        if order.shard:
            told += " " + tr("(shard {number} of {count})", number=order.shard.number, count=order.shard.count)
        print(f"{told}, {pace}, " + tr("into {folder}", folder=order.out), flush=True)
        if len(mine) > 1 and cluster is None:
            many_kernels()
        with _Signals(stop, first=1 if cluster else 2):
            done = grade_all(mine, job, show, stop)
    return _report(order, mine, done, began)


def _only(submissions: Sequence[Submission], names: Sequence[str]) -> tuple[Submission, ...]:
    """Return the submissions with these names. Raises BatchError if there are not all."""
    found = tuple(one for one in submissions if one.name in set(names))
    missing = sorted(set(names) - {one.name for one in found})
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise BatchError(f"there is no submission {missing[0]!r}{more} in what is to be graded")
    return found


def _wanted(order: Order, settings: Mapping[str, Any]) -> Wanted:
    data = settings["data"]
    where = str(data if order.remote else data.absolute()) if data else ""  # with --dask it is a folder on the workers
    return Wanted(order.package, where, settings["sample"], settings["device"], settings["isolation"])


def _terms(order: Order, settings: Mapping[str, Any], seed: int) -> Terms:
    """Return the terms of the workers on this machine."""
    tried = "" if order.remote else find_backend(settings["isolation"]).level
    data = str(settings["data"].absolute()) if settings["data"] else ""
    device, isolation = settings["device"], tried or settings["isolation"]
    return Terms(
        order.package, settings["limits"], data, settings["sample"], device, isolation, tried, seed=seed, many=True
    )


def _lending(
    assignment: Assignment, settings: Mapping[str, Any], count: int
) -> Callable[[], tuple[Server, int] | None]:
    """Return a function that returns the fork server for all workers' kernels, started when it is first needed."""

    @cache
    def place() -> Place:
        from grader.data.sources import find_data
        from grader.machine import find_gpu

        source, gpu = find_data(settings["data"], settings["sample"]), find_gpu(settings["device"])
        readable, hidden = (str(source.folder),), (str(assignment.folder),)
        return Place(Path("/"), settings["limits"], readable, hidden, gpu.kind == "cuda")

    def lent() -> tuple[Server, int] | None:
        backend = find_backend(settings["isolation"])
        server = server_for(backend, place()) if count > 1 else None
        if server is None:
            return None
        return Server(backend.level, place().readable, place().hidden), server.descriptor()

    return lent


def _local(workers: Workers, show: ClassProgress) -> Callable[[Submission], Result]:
    def run(submission: Submission) -> Result:
        return workers.grade(submission.path, lambda progress: show.step(submission, progress), submission.beside)

    return run


def _key(assignment: Assignment, here: Installation, limits: Limits, seed: int) -> Callable[[str, str], str]:
    """Return a function that maps a file name and a SHA-256 to the cache key under these conditions."""
    from grader.seeds import commitment

    fixed = Settings(assignment.name, here.device, here.isolation, limits, commitment(seed))
    return lambda name, sha256: key_of(name, digests_of(here, sha256), fixed)


def _signed(graded: Graded, signer: Signer) -> bool:
    """Return whether a stored result has a valid signature by this key; an unsigned one must be graded again."""
    import json

    from grader.course.store import read_document
    from grader.provenance.signing import signed_by

    signature = read_document(graded.document).signature
    return (
        signature is not None and signature.key == signer.public and signed_by(json.loads(graded.document), signature)
    )


def _report(order: Order, mine: Sequence[Submission], done: Done, began: float) -> tuple[list[Standing], bool]:
    names = {one.name for one in mine}
    with Store(order.out) as store:
        items = store.items()
        write_class(order.out / CLASS_TABLE, store.rows(), items)
        if problem := problem_with_page(order.out, Overview(store)):
            print(f"grader: {one_line(said(problem))}", file=sys.stderr)
        rows = [row for row in store.rows() if row.entry.name in names or row.missing]
    if done.stopped:
        told = tr(
            "interrupted; {done} of {count} are graded, with results in {folder}; run the same command to continue",
            done=done.count,
            count=len(mine),
            folder=order.out,
        )
        print(f"grader: {told}", file=sys.stderr)
        if done.left_running:  # these threads do not end, and their results are not wanted
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        return [], False
    for line in class_summary(row.final.standing for row in rows):
        print(said(line))
    if done.reused:
        told = tr(
            "{count} results were reused, since nothing has changed (--force grades them again)", count=done.reused
        )
        print(told)
    if stale := sum(len(row.final.stale) for row in rows):
        told = tr("{count} marks are for an earlier version of a notebook and do not count", count=stale)
        print(f"{told}; " + tr("see `grader results {folder}`", folder=order.out))
    took = f"{time.monotonic() - began:.0f} s"
    tables = {"page": CLASS_PAGE, "summary": "summary.csv", "table": CLASS_TABLE}
    words = tr(
        "results and reports are in {folder}, the class in {page}, {summary} and {table} there",
        folder=order.out,
        **tables,
    )
    print(f"{took}; {words}")
    return [row.machine for row in rows if not row.missing], True


class _Signals:
    """While a class is graded: Ctrl-C and SIGTERM stop at once, and what was graded is kept.

    `first` is what one Ctrl-C asks for; on a cluster only the second stops at once.
    """

    def __init__(self, stop: Stop, first: int) -> None:
        self._stop, self._first = stop, first
        self._before: dict[int, Any] = {}

    def __enter__(self) -> None:
        for number, asks in ((signal.SIGINT, self._first), (signal.SIGTERM, 2)):
            self._before[number] = signal.signal(number, lambda *_, asks=asks: self._ask(asks))

    def _ask(self, asks: int) -> None:
        self._stop.asked += asks

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
