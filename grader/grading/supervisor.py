"""Start worker processes, have them grade, and end them with all that they started when one takes too much.

The worker does everything with a student's file; from it come only messages, which are limited in size and parsed.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from grader.errors import GraderError
from grader.grading.messages import Inbox, MalformedMessage, Order, Report, Server, Terms, pack
from grader.grading.patience import Patience, died, out_of_memory, too_large
from grader.sandbox.confinement import cgroup
from grader.sandbox.confinement.cold_start import launcher
from grader.sandbox.confinement.process_tree import private_bytes
from grader.temporary import sweep

if TYPE_CHECKING:
    from grader.grading.progress import Progress, SoFar
    from grader.notebook.helper_files import Beside
    from grader.result import ItemResult, Result

TICK_SECONDS = 0.1
CLOSING_SECONDS = 2.0  # for what a killed worker started to end by itself, and for an idle worker to exit
LOG_BYTES = 4000
_START = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from grader.grading.worker import main; main()"  # not -m:
    # the folder of the caller must come where the caller has it, and a student's json.py is not to be imported
)


class GaveUp(Exception):
    """The worker was ended, or ended by itself. The message is a sentence for the notebook's result.

    `again`: perhaps the notebook is not the reason, so that another try makes sense.
    """

    def __init__(self, message: str, again: bool = False) -> None:
        super().__init__(message)
        self.again = again


class CutShort(Exception):
    """The grader itself failed; the message says how."""


class Worker:
    """A worker process for gradings under `terms`. Only one thread at a time may call `grade`.

    Without terms it starts with its imports, and is told the terms of many gradings by `begin`. Raises OSError if it
    cannot be started.
    """

    def __init__(self, terms: Terms | None = None) -> None:
        self._terms = terms
        self._inbox = Inbox()
        self._lent: object = None
        self._lock = threading.Lock()
        self._ended = False
        self._channel, other = socket.socketpair()
        with other:
            command = [sys.executable, "-I", "-c", _START, json.dumps(sys.path)]
            command += ["many" if terms is None or terms.many else "one", str(other.fileno())]
            self._process = (
                launcher()
                .submit(
                    subprocess.Popen,
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    pass_fds=(other.fileno(),),
                    start_new_session=True,  # Ctrl-C is for this process, which decides
                )
                .result()
            )
        self._log = bytearray()
        threading.Thread(target=self._read_log, name="grader-worker-log", daemon=True).start()
        self.pid = self._process.pid
        if terms is not None:
            self.begin(terms)

    def begin(self, terms: Terms) -> None:
        """Set the terms of all gradings."""
        self._terms = terms
        with contextlib.suppress(OSError):  # it has ended, which `grade` notices
            self._channel.sendall(pack(terms))

    @property
    def usable(self) -> bool:
        """True while it can grade."""
        return not self._ended and self._process.poll() is None

    def grade(
        self,
        path: Path,
        progress: Callable[[Progress], None] | None = None,
        verdict: Callable[[ItemResult], None] | None = None,
        lent: tuple[Server, int] | None = None,
        beside: Beside | None = None,
        only: Sequence[str] | None = None,
        so_far: SoFar | None = None,
        again: Callable[[Sequence[str]], None] | None = None,
    ) -> Result:
        """Have a notebook graded and return the result. `progress`, `verdict` and others are called in this thread.

        `beside` are its helper files, `only` the wanted items and `so_far` as for `grader.grade`. With `again` the
        worker remembers the notebook: from the second time on it grades only the items that a change touches, with
        which `again` is called first, and keeps the other verdicts. `lent` is a fork server and the descriptor of its
        control socket.

        Raises GaveUp and CutShort, and GraderError for the caller's mistakes; a worker that gave up has ended.
        """
        if self._terms is None:
            raise RuntimeError("a worker needs terms")
        patience, evidence = Patience(self._terms.limits, time.monotonic()), b""
        try:
            self._send(Order.of(path, None, beside, only, again is not None), lent)
            while True:
                report = self._next(patience)
                if report.kind == "step" and progress is not None:
                    progress(_progress(report))
                elif report.kind == "verdict" and verdict is not None:
                    verdict(_item(report.text))
                elif report.kind == "so_far" and so_far is not None:
                    so_far(_item(report.text), report.why)
                elif report.kind == "again" and again is not None:
                    again(report.text.split())
                elif report.kind == "evidence":
                    evidence = _decoded(report.text)
                elif report.kind not in ("began", "step", "again", "verdict", "so_far"):
                    return self._result(report).with_evidence(evidence)
        except (GraderError, CutShort):  # it is ready for the next
            raise
        except OSError:  # it hung up
            status = self._wait(CLOSING_SECONDS)
            self.kill()
            raise GaveUp(died(status, patience.phase), again=True) from None
        except MalformedMessage:
            self.kill()
            raise GaveUp(too_large()) from None
        except BaseException:  # also Ctrl-C: nobody waits for the result any more
            self.kill()
            raise

    def _send(self, order: Order, lent: tuple[Server, int] | None) -> None:
        if lent is None or lent == self._lent:
            self._channel.sendall(pack(order))
            return
        message = pack(replace(order, server=lent[0]))
        sent = socket.send_fds(self._channel, [message], [lent[1]])
        self._channel.sendall(message[sent:])  # a long list of helper files may not go out at once
        self._lent = lent

    def _next(self, patience: Patience) -> Report:
        """Return the next report. Raises GaveUp, MalformedMessage and OSError."""
        while True:
            report = self._inbox.take(Report)
            if report is not None:
                if report.kind in ("began", "step"):
                    patience.note(report, time.monotonic())
                return report
            if select.select([self._channel], [], [], TICK_SECONDS)[0]:
                data = self._channel.recv(1 << 16)
                if not data:
                    status = self._wait(CLOSING_SECONDS)
                    raise GaveUp(died(status, patience.phase), again=True)
                self._inbox.add(data)
            if words := patience.overrun(time.monotonic()):
                raise GaveUp(words, again=patience.step is None)
            if private_bytes(self.pid) > patience.limits.grading_memory_bytes:
                raise GaveUp(out_of_memory(patience.limits, patience.phase))

    def _result(self, report: Report) -> Result:
        from grader.result import parse_result

        if report.kind == "refused":
            raise GraderError(report.text)
        if report.kind == "gave_up":
            raise GaveUp(report.text)
        if report.kind == "failed":
            raise CutShort(report.text)
        try:
            result = parse_result(report.text)
        except ValueError as error:
            raise CutShort(f"the worker's result does not have the agreed form: {error}") from None
        if result.signature is not None or result.advisory:
            raise CutShort("the worker's result is signed or advisory, but must be neither")
        return result

    # --- end -------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """End a worker that has nothing to do; kill it if it does not end."""
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_WR)
        if self._wait(CLOSING_SECONDS) is None:
            self.kill()
        self._release()

    def kill(self) -> None:
        """End the worker at once with all that it started, and remove what it left. Any thread may call this."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
        started = _Tree(self.pid)
        self._process.kill()
        self._wait(CLOSING_SECONDS)
        started.end()
        self._release()
        sweep()
        cgroup.sweep()

    def _release(self) -> None:
        self._ended = True
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)  # wakes a thread that reads it, which closes it

    def _wait(self, seconds: float) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def _read_log(self) -> None:
        """Read all that the worker prints, and keep the end: it could block on a full pipe, or fill a disk."""
        output = self._process.stdout
        assert output is not None
        with output:
            while chunk := os.read(output.fileno(), 1 << 16):
                self._log += chunk
                del self._log[:-LOG_BYTES]

    @property
    def log(self) -> str:
        """The end of what the worker printed."""
        return bytes(self._log).decode(errors="replace").strip()


class _Tree:
    """The processes below one that is about to be killed."""

    def __init__(self, pid: int) -> None:
        import psutil

        self._processes: list[psutil.Process] = []
        with contextlib.suppress(psutil.Error):
            self._processes = psutil.Process(pid).children(recursive=True)

    def end(self) -> None:
        """Let them end, since wardens clear up below them when their parent is gone, then kill what is left."""
        import psutil

        _, left = psutil.wait_procs(self._processes, timeout=CLOSING_SECONDS)
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=CLOSING_SECONDS)


def _progress(report: Report) -> Progress:
    from grader.grading.progress import Progress

    return Progress(report.phase, report.done, report.total, report.text)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise MalformedMessage(str(error)) from None


def _item(text: str) -> ItemResult:
    import msgspec

    from grader.result import ItemResult

    try:
        return msgspec.json.decode(text, type=ItemResult)
    except msgspec.DecodeError as error:
        raise MalformedMessage(str(error)) from None
