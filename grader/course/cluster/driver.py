"""The driver's side of a Dask cluster: a pool that grades submissions there."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from grader.course.cluster.link import ClusterError, Link
from grader.course.cluster.messages import Terms, accept, decode_reply, encode
from grader.course.cluster.spool import Spool
from grader.course.cluster.task import given_up, grade_bytes, topic
from grader.course.job import Job
from grader.course.pool import WorkerDied, WorkerRefused
from grader.files import read_regular
from grader.grading.grade import Progress, failed
from grader.notebook.helper_files import read_helper_files
from grader.notebook.reader import MAX_FILE_BYTES, UnreadableNotebook, read_notebook
from grader.provenance.digests import of_file
from grader.provenance.installation import DRIVER_TOO, Installation, Wanted, of_driver, unlike

if TYPE_CHECKING:
    from grader.assignment import Assignment
    from grader.course.ingest.submissions import Submission
    from grader.result import Result
    from grader.sandbox.limits import Limits

Step = Callable[["Submission", Progress], None]
PER_THREAD = 2  # gradings in flight: one runs and one waits, so that no thread waits for the driver
_PHASES = ("read", "run", "probe", "check")


class RemoteError(Exception):
    """A grading was cut short on a worker; the message says why."""


@dataclass
class _Flight:
    """A grading in flight: `inner` is Dask's future, `outer` the batch's."""

    submission: Submission
    sha256: str
    files: str
    outer: Future[Result] = field(default_factory=Future)
    inner: Future[bytes] | None = None
    begun: bool = False


class ClusterPool:
    """Grades on the workers of `link` under `terms`.

    `key` returns the key of (file name, `Submission.identity`). `jobs` is the number of gradings in flight, or None for
    the default. `step` is called with the progress of running gradings, in a thread of Dask.
    """

    def __init__(
        self,
        link: Link,
        terms: Terms,
        assignment: Assignment,
        key: Callable[[str, str], str],
        jobs: int | None,
        step: Step,
    ) -> None:
        self._link, self._terms, self._assignment, self._key, self._jobs = link, terms, assignment, key, jobs
        self._step = step
        self._sent = encode(terms)
        self._name = f"grader-{terms.run}"
        self._flights: dict[str, _Flight] = {}
        self._count = 0
        self._lock = threading.Lock()  # Dask calls back in its own thread
        link.client.subscribe_topic(topic(terms.run), self._on_progress)

    @property
    def size(self) -> int:
        """`jobs`, or twice the number of threads of the workers that are connected now."""
        return self._jobs or max(1, PER_THREAD * self._link.threads)

    def submit(self, submission: Submission) -> Future[Result]:
        """Send a notebook to the cluster. Raises ClusterError if every worker has refused to grade."""
        try:
            content, _ = read_regular(submission.path, MAX_FILE_BYTES)
        except OSError:
            content = b""
        if not content or len(content) > MAX_FILE_BYTES:
            return self._unreadable(submission)
        helpers = read_helper_files(submission.beside)
        flight = _Flight(submission, hashlib.sha256(content).hexdigest(), helpers.digest)
        key, name = self._key(submission.path.name, submission.identity(flight.sha256)), submission.path.name
        with self._lock:
            self._count += 1
            task = f"{self._name}-{self._count}"
            self._flights[task] = flight
        files = [(one.name, one.content) for one in helpers.files]
        inner = self._link.submit(grade_bytes, self._sent, task, key, name, content, files, task=task)
        flight.inner = inner
        inner.add_done_callback(lambda inner: self._on_done(task, inner))
        return flight.outer

    def _unreadable(self, submission: Submission) -> Future[Result]:
        future: Future[Result] = Future()
        try:
            read_notebook(submission.path)
            message = "the file changed while it was read"
        except UnreadableNotebook as error:
            message = str(error)
        sha256, data = of_file(submission.path), self._terms.installation.data
        future.set_result(failed(self._assignment, submission.path.name, message, sha256, data))
        return future

    # --- in Dask's thread ---------------------------------------------------------------------------------------

    def _on_done(self, task: str, inner: Future[bytes]) -> None:
        with self._lock:
            flight = self._flights.pop(task, None)
        if flight is None:  # given up
            return
        try:
            flight.outer.set_result(self._result(flight, inner))
        except BaseException as error:
            flight.outer.set_exception(error)

    def _result(self, flight: _Flight, inner: Future[bytes]) -> Result:
        if inner.cancelled():  # by Dask, which cancels everything when it loses the scheduler
            raise ClusterError(self._link.lost())
        error = inner.exception()
        if error is not None:
            if type(error).__name__ == "KilledWorker":  # the scheduler allows fewer deaths than MAX_DEATHS
                raise WorkerDied("Dask reports KilledWorker")
            # `grade_bytes` never raises ValueError. Dask's executor does, if a worker dies just after its task finished
            # (distributed 2026.8.0, cfexecutor._cascade_future: any outcome but 'finished' is treated as an exception).
            if isinstance(error, ValueError):
                raise WorkerDied("the worker died just after it had graded")
            raise RemoteError(f"{type(error).__name__}: {error}"[:2000])
        reply = decode_reply(inner.result())
        if reply.kind == "result":
            return accept(reply.text, flight.sha256, self._terms.installation, flight.files)
        if reply.kind == "refused":
            self._link.avoid(reply.worker, reply.text)
            raise WorkerRefused(reply.text)
        if reply.kind == "died":
            raise WorkerDied(f"the worker {reply.text} is gone", reply.text)
        raise RemoteError(f"{reply.text} (on {reply.worker})")

    def _on_progress(self, event: Any) -> None:
        try:
            _, (task, phase, done, total) = event
            with self._lock:
                flight = self._flights.get(task)
            if flight is None or phase not in _PHASES or type(done) is not int or type(total) is not int:
                return
        except (TypeError, ValueError):
            return
        flight.begun = True
        self._step(flight.submission, Progress(phase, done, total, ""))

    # --- in the batch's thread ----------------------------------------------------------------------------------

    def tick(self, stopping: bool) -> None:
        """Check the connection. Raises ClusterError when the scheduler or all workers have been gone for too long."""
        self._link.check()
        if stopping:
            self._give_up(lambda flight: not flight.begun)

    def end_now(self) -> None:
        """Give up all gradings; the workers are told, and end a running one after its current cell."""
        self._link.set_metadata(given_up(self._terms.run), True)
        self._give_up(lambda flight: True)

    def shutdown(self, wait: bool) -> None:
        """Give up what is not done, without waiting."""
        if self._flights:
            self.end_now()

    def _give_up(self, which: Callable[[_Flight], bool]) -> None:
        with self._lock:
            gone = [task for task, flight in self._flights.items() if flight.inner is not None and which(flight)]
            flights = [self._flights.pop(task) for task in gone]
        for flight in flights:
            if flight.inner is not None:
                flight.inner.cancel()
            flight.outer.cancel()
            flight.outer.set_running_or_notify_cancel()  # wakes waiting threads


@dataclass(frozen=True)
class Remote:
    """A cluster to grade on: the scheduler's address, and the seconds to wait while there is no worker."""

    address: str
    patience: float = 300.0


@contextmanager
def connected(
    remote: Remote, assignment: Assignment, wanted: Wanted, say: Callable[[str], None]
) -> Iterator[Connected]:
    """Connect to a cluster, and check that its first worker can grade and matches this driver. Raises ClusterError."""
    with Link(remote.address, remote.patience, say) as link:
        here = link.installation(wanted)
        if words := unlike(here, of_driver(assignment, here), DRIVER_TOO):
            raise ClusterError(
                f"the workers at {remote.address} differ from this machine: they have {words}; install the same on both"
            )
        yield Connected(link, here)


@dataclass(frozen=True)
class Connected:
    """A connection to a cluster, and its workers' installation."""

    link: Link
    installation: Installation

    @contextmanager
    def job(
        self, job: Job, wanted: Wanted, limits: Limits, seed: int, jobs: int | None, step: Step
    ) -> Iterator[tuple[Job, ClusterPool]]:
        """Return `job` with a pool that grades on this cluster, and that pool."""
        run = secrets.token_hex(8)
        spool = Spool(job.out, run)
        try:
            if job.force:
                spool.clear()
            terms = Terms(run, wanted, self.installation, limits, seed, str(spool.folder))
            pool = ClusterPool(self.link, terms, job.assignment, job.key, jobs, step)

            def recover(key: str, sha256: str) -> Result | None:
                try:
                    return accept(spool.take(key), sha256, self.installation)
                except ValueError:  # usually because nothing is there
                    return None

            yield replace(job, pool=pool, recover=recover, on_stored=spool.drop), pool
        finally:
            spool.close()
