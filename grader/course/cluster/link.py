"""The connection to a Dask cluster: its workers, which of them may grade, and time limits, so that nothing hangs."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from grader.course.cluster.messages import decode_installation, decode_reply, encode
from grader.course.cluster.task import describe
from grader.course.job import BatchError
from grader.provenance.installation import Installation, Wanted
from grader.version import install_command

CONNECT_SECONDS = 10.0
WARN_SECONDS = 3.0  # without a worker, before the user is told
POLL_SECONDS = 1.0  # between two requests for the list of workers
SILENT_SECONDS = 60.0  # a scheduler that does not answer for this long is gone
CLOSE_SECONDS = 5.0
RESUME = "finished gradings are kept; give the same command again to continue"


class ClusterError(BatchError):
    """The cluster cannot be used; the message is one sentence."""


class Link:
    """A connection to the scheduler at `address`; `say` is called with sentences for the user.

    `patience` is the longest time in seconds without a worker that can grade. Raises ClusterError if it cannot connect.
    """

    def __init__(self, address: str, patience: float, say: Callable[[str], None]) -> None:
        self.address, self._patience, self._say = address, patience, say
        self.client = _connect(address)
        self._executor = self.client.get_executor(pure=False)
        self._workers: Mapping[str, int] = {}
        self._refused: dict[str, str] = {}
        self._last_reply = self._last_able = time.monotonic()
        self._told_none = False
        self._told_refused: set[str] = set()
        self._closing = threading.Event()
        # Dask's calls may block for any time, so they run in a daemon thread.
        threading.Thread(target=self._poll, name="grader-workers", daemon=True).start()

    def _poll(self) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(Exception):
                self._workers = dict(self.client.nthreads())
                self._last_reply = time.monotonic()
            self._closing.wait(POLL_SECONDS)

    @property
    def threads(self) -> int:
        """The number of threads of all workers that have not refused to grade."""
        return sum(count for worker, count in self._workers.items() if worker not in self._refused)

    def submit(self, function: Callable[..., bytes], *args: object, task: str | None = None) -> Future[bytes]:
        """Run a function of this package on a worker that has not refused. Raises ClusterError if there is none."""
        where: dict[str, object] = {} if task is None else {"key": task}
        if self._refused:
            able = [worker for worker in self._workers if worker not in self._refused]
            if not able:
                worker, why = next(reversed(self._refused.items()))
                raise ClusterError(f"no worker can grade: {worker} refused: {why}; {RESUME}")
            # Only a preference: if these workers left, a task bound to them would wait forever.
            where |= {"workers": able, "allow_other_workers": True}
        future: Future[bytes] = self._executor.submit(function, *args, **where)
        return future

    def avoid(self, worker: str, why: str) -> None:
        """Send nothing more to a worker, which refused to grade because of `why`."""
        self._refused[worker] = why

    def set_metadata(self, key: str, value: bool) -> None:
        """Tell all workers through the scheduler; wait for it a few seconds at most."""

        def tell() -> None:
            with contextlib.suppress(Exception):
                self.client.set_metadata(key, value)

        teller = threading.Thread(target=tell, daemon=True)
        teller.start()
        teller.join(CLOSE_SECONDS)

    def check(self) -> None:
        """Report missing workers. Raises ClusterError when the scheduler or all workers have been gone for too long."""
        now = time.monotonic()
        if self.client.status == "closed" or now - self._last_reply > SILENT_SECONDS:
            raise ClusterError(self.lost())
        for worker in self._refused.keys() - self._told_refused:
            self._told_refused.add(worker)
            self._say(f"the worker {worker} gets no more notebooks: {self._refused[worker]}")
        if self.threads:
            self._last_able, self._told_none = now, False
            return
        if now - self._last_able > self._patience:
            whose = "that can grade " if self._workers else ""
            raise ClusterError(
                f"the cluster at {self.address} has had no worker {whose}for {self._patience:.0f} s "
                f"(--worker-seconds): start workers; {RESUME}"
            )
        if not self._told_none and now - self._last_able > WARN_SECONDS:
            self._told_none = True
            self._say(f"no worker is connected; waiting up to {self._patience:.0f} s for one (--worker-seconds)")

    def lost(self) -> str:
        """Return a sentence that says that the scheduler is gone."""
        return f"the connection to the scheduler at {self.address} is lost; {RESUME}"

    def installation(self, wanted: Wanted) -> Installation:
        """Return the installation of the first worker that answers.

        Raises ClusterError if none answers in time, or that worker cannot grade.
        """
        while not self.threads:
            self.check()
            time.sleep(0.1)
        future = self.submit(describe, encode(wanted))
        deadline = time.monotonic() + max(self._patience, SILENT_SECONDS)  # the worker may check a large data set first
        while not future.done() and time.monotonic() < deadline:
            self.check()
            with contextlib.suppress(Exception):
                future.result(0.2)
        if not future.done() or future.cancelled():
            future.cancel()
            raise ClusterError(f"no worker at {self.address} answers; look at the workers' logs")
        if (error := future.exception()) is not None:
            raise ClusterError(
                f"a worker at {self.address} cannot run grader ({type(error).__name__}: {error}); install grader there"
            )
        reply = decode_reply(future.result())
        if reply.kind != "installation":
            raise ClusterError(f"the worker {reply.worker} cannot grade: {reply.text}")
        return decode_installation(reply.text)

    def close(self) -> None:
        """Disconnect, even if the cluster is gone."""
        self._closing.set()
        with contextlib.suppress(Exception):
            self.client.close(timeout=CLOSE_SECONDS)

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _connect(address: str) -> Any:
    try:
        from distributed import Client, Security
    except ImportError:
        raise ClusterError(f"--dask needs Dask, which is not installed: {install_command('dask')}") from None
    # Dask's own warnings are replaced by sentences: on versions by `Installation`, on lost connections by `check`.
    if not os.environ.get("GRADER_DEBUG"):
        for name in ("distributed", "distributed.client", "tornado.application", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        warnings.filterwarnings("ignore", message="[\\s\\S]*Mismatched versions found")
    if address.startswith("tls://") and Security().get_connection_args("client").get("ssl_context") is None:
        raise ClusterError(
            f"'{address}' needs a certificate: name it in Dask's configuration, "
            "distributed.comm.tls.ca-file and .client"
        )
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False, name="grader")
    except Exception as error:
        words = " ".join(str(error).split())[:200]
        raise ClusterError(
            f"no Dask scheduler answers at '{address}' ({words or type(error).__name__}); "
            "give the address that `dask scheduler` prints, such as tcp://10.0.0.1:8786"
        ) from None
