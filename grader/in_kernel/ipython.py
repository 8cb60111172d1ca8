"""ipykernel's classes, adapted to a notebook that nobody sits in front of."""

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

UNANSWERED_INPUTS = 100  # then input() raises EOFError: a loop that waits for an answer would never end
MESSAGE_CHARS = 20_000
TRACEBACK_CHARS = 100_000


class GradedKernel(IPythonKernel):
    """A kernel that answers input() itself, outlives exit(), and keeps its replies short."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._inputs = 0
        self._streams = {"stdout": sys.stdout, "stderr": sys.stderr}
        self.shell.ask_exit = self._stay

    def start(self) -> None:
        """Start serving. An interrupt reaches a cell that waits in `await` only if signals wake the event loop."""
        super().start()
        with contextlib.suppress(
            NotImplementedError, RuntimeError, ValueError
        ):  # not in the main thread, or no such signal
            asyncio.get_event_loop().add_signal_handler(signal.SIGUSR2, lambda: None)  # then every signal wakes it

    def raw_input(self, prompt: object = "") -> str:
        """What input() calls: shows the prompt and answers with an empty line."""
        self._inputs += 1
        if self._inputs > UNANSWERED_INPUTS:
            raise EOFError("nobody answers input() while a notebook is graded")
        print(prompt)
        return ""

    def getpass(self, prompt: str = "", *_: object, **__: object) -> str:
        """What getpass.getpass() calls."""
        return self.raw_input(prompt)

    def _stay(self) -> None:
        """What exit and quit call: in Jupyter they end the kernel and everything after them."""
        print("exit() did not end the notebook: the grader runs the cells that follow", file=sys.stderr)

    async def do_execute(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Run a cell. Whatever it broke, there is a reply, and one that is short enough for the channel.

        The recorder is told of its begin and its end where the request's metadata name its index as 'cell'.
        """
        self._mend_streams()
        index = self.get_parent("shell").get("metadata", {}).get("cell")
        if index is not None:
            events.begin_cell(index)
        try:
            reply: dict[str, Any] = await super().do_execute(*args, **kwargs)
        except Exception as error:  # IPython itself stumbled over what a cell did to it
            reply = {"status": "error", "ename": type(error).__name__, "evalue": str(error), "traceback": []}
        finally:
            if index is not None:
                with _uninterrupted(), contextlib.suppress(BaseException):  # student code may run in it
                    events.end_cell()
        self._mend_streams()
        if reply.get("status") == "error":
            reply["evalue"] = reply["evalue"][:MESSAGE_CHARS]
            traceback = "\n".join(map(str, reply["traceback"]))
            reply["traceback"] = [traceback[-TRACEBACK_CHARS:]]
        return reply

    def _mend_streams(self) -> None:
        """Put standard output back where a cell left something that cannot be flushed, such as None or a closed file."""
        for name in ("stdout", "stderr"):
            try:
                getattr(sys, name).flush()
            except Exception:
                setattr(sys, name, self._streams[name])


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Without interrupts, which are meant for the cell: what the recorder has still to write must not be torn."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler if before is None else before)


def pack(message: object) -> bytes:
    """A message as JSON, also when it holds lone surrogates, over which jupyter_client's own packer stumbles."""
    try:
        return json_packer(message)
    except UnicodeEncodeError:
        return json.dumps(message, default=json_default).encode()


class CappedStream(OutStream):
    """Standard output or error of a cell, which falls silent after `limit` characters: the driver keeps fewer."""

    limit = 1 << 20
    flush_interval = 0.05  # a kernel that dies takes with it what has not been sent

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._cell: object = None
        self._left = self.limit
        self._process = os.getpid()
        super().__init__(*args, **kwargs)

    def flush(self) -> None:
        """Send what was written, and wait until it is sent. ipykernel flushes eight times a cell, mostly nothing."""
        if self._buffers or self._piped():
            super().flush()

    def _piped(self) -> bool:
        """Whether something waits in the pipe through which comes what is written to the descriptor."""
        poller = select.poll()  # one for each call: several threads may flush
        if self._fid is not None:
            poller.register(self._fid, select.POLLIN)
        return bool(poller.poll(0))

    def write(self, string: str) -> int | None:
        """Write a string, or as much of it as the cell may still print; says that it wrote all."""
        cell = self.parent_header.get("msg_id")
        if cell != self._cell:
            self._cell, self._left = cell, self.limit
        if not isinstance(string, str):
            raise TypeError(f"write() argument must be str, not {type(string).__name__}")
        if kept := string[: self._left]:
            self._left -= len(kept)
            if os.getpid() == self._process:
                super().write(kept)
            else:  # a forked child: the kernel reads what is written to its descriptors
                os.write(1 if self.name == "stdout" else 2, kept.encode(errors="replace"))
        return len(string)
