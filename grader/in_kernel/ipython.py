"""ipykernel's classes, adapted to notebooks that run unattended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import signal
import sys
from collections.abc import Iterator
from typing import Any

from ipykernel.iostream import OutStream
from ipykernel.ipkernel import IPythonKernel
from jupyter_client.jsonutil import json_default
from jupyter_client.session import json_packer

from grader.in_kernel import events

UNANSWERED_INPUTS = 100  # then input() raises EOFError, or a loop that waits for an answer would never end
MESSAGE_CHARS = 20_000
TRACEBACK_CHARS = 100_000


class GradedKernel(IPythonKernel):
    """A kernel that answers input() itself, ignores exit(), and keeps its replies short."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._inputs = 0
        self._streams = {"stdout": sys.stdout, "stderr": sys.stderr}
        self.shell.ask_exit = self._stay

    def start(self) -> None:
        """Start serving. An interrupt reaches a cell that waits in `await` only if signals wake the event loop."""
        super().start()
        unsupported = (NotImplementedError, RuntimeError, ValueError)  # not in the main thread, or no such signal
        with contextlib.suppress(*unsupported):
            asyncio.get_event_loop().add_signal_handler(signal.SIGUSR2, lambda: None)  # then every signal wakes it

    def raw_input(self, prompt: object = "") -> str:
        """Implement input(): show the prompt and answer with an empty line."""
        self._inputs += 1
        if self._inputs > UNANSWERED_INPUTS:
            raise EOFError("there is nobody to answer input() while a notebook is graded")
        print(prompt)
        return ""

    def getpass(self, prompt: str = "", *_: object, **__: object) -> str:
        """Implement getpass.getpass()."""
        return self.raw_input(prompt)

    def _stay(self) -> None:
        """Implement exit and quit, which in Jupyter would end the kernel before the later cells."""
        print("exit() did not end the notebook: the grader runs the cells that follow", file=sys.stderr)

    async def do_execute(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Run a cell. There is always a reply, short enough for the channel, whatever the cell broke.

        The recorder is told when the cell begins and ends if the request's metadata give the cell's index as 'cell'.
        """
        self._mend_streams()
        index = self.get_parent("shell").get("metadata", {}).get("cell")
        if index is not None:
            events.begin_cell(index)
        try:
            reply: dict[str, Any] = await super().do_execute(*args, **kwargs)
        except Exception as error:  # IPython itself failed because of something that a cell changed
            reply = {"status": "error", "ename": type(error).__name__, "evalue": str(error), "traceback": []}
        finally:
            if index is not None:
                with _uninterrupted(), contextlib.suppress(BaseException):  # it may run student code
                    events.end_cell()
        self._mend_streams()
        if reply.get("status") == "error":
            reply["evalue"] = reply["evalue"][:MESSAGE_CHARS]
            traceback = "\n".join(map(str, reply["traceback"]))
            reply["traceback"] = [traceback[-TRACEBACK_CHARS:]]
        return reply

    def _mend_streams(self) -> None:
        """Restore sys.stdout and sys.stderr if a cell replaced them with something unusable, such as a closed file."""
        for name in ("stdout", "stderr"):
            try:
                getattr(sys, name).flush()
            except Exception:
                setattr(sys, name, self._streams[name])


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ignore interrupts, which are meant for the cell, while the recorder writes its last events."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler if before is None else before)


def pack(message: object) -> bytes:
    """Return a message as JSON, even with lone surrogates, which jupyter_client's own packer rejects."""
    try:
        return json_packer(message)
    except UnicodeEncodeError:
        return json.dumps(message, default=json_default).encode()


class CappedStream(OutStream):
    """Standard output or error of a cell, cut off after `limit` characters: the driver would discard the rest."""

    limit = 1 << 20
    flush_interval = 0.05  # short, because unsent output is lost when a kernel dies

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._cell: object = None
        self._left = self.limit
        self._process = os.getpid()
        super().__init__(*args, **kwargs)

    def flush(self) -> None:
        """Send buffered output and wait until it is sent.

        Return at once if there is none: ipykernel flushes eight times a cell, usually with nothing to send.
        """
        if self._buffers or self._piped():
            super().flush()

    def _piped(self) -> bool:
        """Return whether output waits in the pipe that carries writes to the file descriptor."""
        poller = select.poll()  # a new one for each call: several threads may flush
        if self._fid is not None:
            poller.register(self._fid, select.POLLIN)
        return bool(poller.poll(0))

    def write(self, string: str) -> int | None:
        """Write a string, or as much of it as the cell may still print; return its full length in any case."""
        cell = self.parent_header.get("msg_id")
        if cell != self._cell:
            self._cell, self._left = cell, self.limit
        if not isinstance(string, str):
            raise TypeError(f"write() argument must be str, not {type(string).__name__}")
        if kept := string[: self._left]:
            self._left -= len(kept)
            if os.getpid() == self._process:
                super().write(kept)
            else:  # a forked child: the kernel reads its file descriptors
                os.write(1 if self.name == "stdout" else 2, kept.encode(errors="replace"))
        return len(string)
