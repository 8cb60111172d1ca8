"""The connection to a Dask cluster: who is there, who may grade, and for how long to wait. Nothing here hangs."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from typing import Any

from grader.course.cluster.messages import decode_installation, decode_reply, encode
from grader.course.cluster.task import describe
from grader.course.job import BatchError
from grader.provenance.installation import Installation, Wanted
from grader.version import install_command

CONNECT_SECONDS = 10.0
TELL_SECONDS = 3.0  # for a moment there may be none
LOOK_SECONDS = 1.0  # between two looks at who is there
SILENT_SECONDS = 60.0  # a scheduler that says nothing for so long is gone
CLOSE_SECONDS = 5.0
GOES_ON = "what is graded is kept, and the same command goes on from there"


class ClusterError(BatchError):
    """The cluster cannot be used; the message is one sentence."""


class Link:
    """A connection to the scheduler at `address`; `say` is given sentences for a person to read.

    `patience` says for how many seconds there may be no worker that can grade. Raises ClusterError.
    """

    def __init__(self, address: str, patience: float, say: Callable[[str], None]) -> None:
        self.address, self._patience, self._say = address, patience, say
        self.client = _connect(address)
        self._executor = self.client.get_executor(pure=False)
        self._workers: Mapping[str, int] = {}
        self._refused: dict[str, str] = {}
        self._heard = self._able = time.monotonic()
        self._told_none = False
        self._told_refused: set[str] = set()
        self._closing = threading.Event()
        # Dask's own calls wait as long as they like, so they wait in a thread that nobody waits for.
        threading.Thread(target=self._look, name="grader-workers", daemon=True).start()

    def _look(self) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(Exception):
                self._workers = dict(self.client.nthreads())
                self._heard = time.monotonic()
            self._closing.wait(LOOK_SECONDS)

    @property
    def threads(self) -> int:
        """Of all workers that have not refused to grade."""
        return sum(count for worker, count in self._workers.items() if worker not in self._refused)

    def submit(self, function: Callable[..., bytes], *args: object, task: str | None = None) -> Future[bytes]:
        """Run a function of these modules on a worker, away from those that refused."""
        where: dict[str, object] = {} if task is None else {"key": task}
        if self._refused:
            able = [worker for worker in self._workers if worker not in self._refused]
            if not able:
                worker, why = next(reversed(self._refused.items()))
                raise ClusterError(f"no worker can grade; {worker} says: {why}; {GOES_ON}")
            # Only a wish: were these to go, a task that must run there would wait for ever.
            where |= {"workers": able, "allow_other_workers": True}
        future: Future[bytes] = self._executor.submit(function, *args, **where)
        return future

    def avoid(self, worker: str, why: str) -> None:
        """Send nothing more to a worker, which said why it does not grade."""
        self._refused[worker] = why

    def set_metadata(self, key: str, value: bool) -> None:
        """Tell all workers by way of the scheduler; does not wait until it is done."""

        def tell() -> None:
            with contextlib.suppress(Exception):
                self.client.set_metadata(key, value)

        teller = threading.Thread(target=tell, daemon=True)
        teller.start()
        teller.join(CLOSE_SECONDS)

    def check(self) -> None:
        """Say who is gone. Raises ClusterError when the scheduler, or every worker, has been for too long."""
        now = time.monotonic()
        if self.client.status == "closed" or now - self._heard > SILENT_SECONDS:
            raise ClusterError(self.lost())
        for worker in self._refused.keys() - self._told_refused:
            self._told_refused.add(worker)
            self._say(f"nothing is sent to the worker {worker} any more: {self._refused[worker]}")
        if self.threads:
            self._able, self._told_none = now, False
            return
        if now - self._able > self._patience:
            whose = "that can grade " if self._workers else ""
            raise ClusterError(
                f"the cluster at {self.address} has had no worker {whose}for {self._patience:.0f} s (--worker-seconds): "
                f"start some and give the command again; {GOES_ON}"
            )
        if not self._told_none and now - self._able > TELL_SECONDS:
            self._told_none = True
            self._say(f"no worker is there; waiting up to {self._patience:.0f} s for one (--worker-seconds)")

    def lost(self) -> str:
        """A sentence that says that the scheduler is gone."""
        return f"the connection to the scheduler at {self.address} is lost; {GOES_ON}"

    def installation(self, wanted: Wanted) -> Installation:
        """What the first worker that answers has. Raises ClusterError when none does in time, or it cannot grade."""
        while not self.threads:
            self.check()
            time.sleep(0.1)
        future = self.submit(describe, encode(wanted))
        deadline = time.monotonic() + max(self._patience, SILENT_SECONDS)  # a large data set is read and checked there
        while not future.done() and time.monotonic() < deadline:
            self.check()
            with contextlib.suppress(Late, Exception):
                future.result(0.2)
        if not future.done() or future.cancelled():
            future.cancel()
            raise ClusterError(f"no worker at {self.address} says what it has to grade with")
        if (error := future.exception()) is not None:
            raise ClusterError(
                f"a worker at {self.address} cannot run grader ({type(error).__name__}: {error}); install grader there"
            )
        reply = decode_reply(future.result())
        if reply.kind != "installation":
            raise ClusterError(f"the worker {reply.worker} cannot grade: {reply.text}")
        return decode_installation(reply.text)

    def close(self) -> None:
        """Leave the cluster, whether it is there or not."""
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
    # What it has to say is said in sentences here: versions by `Installation`, lost connections by `check`.
    if not os.environ.get("GRADER_DEBUG"):
        for name in ("distributed", "distributed.client", "tornado.application", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        warnings.filterwarnings("ignore", message="[\\s\\S]*Mismatched versions found")
    if address.startswith("tls://") and Security().get_connection_args("client").get("ssl_context") is None:
        raise ClusterError(
            f"'{address}' needs a certificate: name it in Dask's configuration, distributed.comm.tls.ca-file and .client"
        )
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False, name="grader")
    except Exception as error:
        words = " ".join(str(error).split())[:200]
        raise ClusterError(
            f"no Dask scheduler answers at '{address}' ({words or type(error).__name__}); "
            "give the address that `dask scheduler` prints, such as tcp://10.0.0.1:8786"
        ) from None
