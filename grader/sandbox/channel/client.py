"""The driver's end of a kernel's channels: send one request at a time, and take only the messages that belong to it.

A request's id is unpredictable, so that no reply can exist before the request; only the first reply counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from grader.evidence.decode import Malformed
from grader.sandbox.channel.messages import CHANNELS, ExecuteReply, Message, Status, new_id, pack, unpack
from grader.sandbox.channel.zmtp import Connection, ProtocolError, SocketType

SHELL, IOPUB = CHANNELS["shell"], CHANNELS["iopub"]
READY_SECONDS = 0.2  # then the kernel is asked again
HANG_UP_SECONDS = 5.0  # until a closed connection is an error: the process may be ending normally
PAUSE_EVERY = 100  # unwanted outputs
PAUSE_SECONDS = 0.02
MAX_OUTPUT_BYTES = 32 << 20  # of one output in all its formats, images too; a longer one is dropped
MALFORMED = ExecuteReply("error", ename="MalformedReply", evalue="the kernel's reply does not have the agreed form")

OnOutput = Callable[[Message], None]


class KernelEndpoint(Protocol):
    """A kernel process as a client sees it: the paths of its sockets (`sockets` plus '-1', '-2', …) and its key."""

    sockets: Path
    key: str


class KernelClient:
    """A client of one kernel process, which may send anything at any time. A reply over `max_bytes` is dropped."""

    def __init__(self, process: KernelEndpoint, max_bytes: int) -> None:
        self._process, self._max_bytes = process, max_bytes
        self._key = process.key.encode()
        self._shell: Connection | None = None
        self._iopub: Connection | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._asked, self._kind = "", ""
        self._reply: asyncio.Future[ExecuteReply] | None = None
        self._on_output: OnOutput | None = None
        self._broken = ""
        self.idle = asyncio.Event()  # all outputs of the latest request have come
        self.replied: float | None = None  # time of the latest request's reply, on the monotonic clock

    # --- life ------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Connect in the background, since the kernel may not be listening yet."""
        self._start(self._connect())

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self) -> None:
        self._shell = await self._reach(SHELL, "DEALER", self._max_bytes)
        self._iopub = await self._reach(IOPUB, "SUB", min(self._max_bytes, MAX_OUTPUT_BYTES))
        self._start(self._read_shell(self._shell))
        self._start(self._read_iopub(self._iopub))

    async def _reach(self, port: int, kind: SocketType, max_bytes: int) -> Connection:
        while True:
            try:
                return await Connection.open(Path(f"{self._process.sockets}-{port}"), kind, max_bytes)
            except (OSError, ProtocolError):  # not listening yet, or about to end; the caller has a timeout
                await asyncio.sleep(0.02)

    async def is_ready(self) -> bool:
        """Send `kernel_info`; return whether the reply and its 'idle' came, so that no later output will be missed."""
        until = time.monotonic() + READY_SECONDS
        while self._iopub is None and time.monotonic() < until:
            await asyncio.sleep(0.002)
        if self._iopub is None:
            return False
        reply = self._send("kernel_info", {})
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.gather(reply, self.idle.wait()), READY_SECONDS)
            return True
        return False

    def close(self) -> None:
        """Disconnect without waiting for unsent data."""
        for task in self._tasks:
            task.cancel()
        for connection in (self._shell, self._iopub):
            if connection is not None:
                connection.close()

    # --- requests --------------------------------------------------------------------------------------------------

    async def run(self, code: str, on_output: OnOutput, recorded: int | None = None) -> ExecuteReply:
        """Run a cell and wait for its reply, without a timeout.

        `on_output` gets each message about the cell until the next request. `recorded` is the cell's index for the
        recorder, None without a recorder. Raises ConnectionError if the kernel hung up.
        """
        metadata = {} if recorded is None else {"cell": recorded}
        return await self._execute(on_output, metadata, code=code, silent=False, store_history=True)

    async def ask(self, expression: str) -> ExecuteReply:
        """Evaluate an expression in the kernel; the reply's `answer` is its value.

        Waits without a timeout. Raises ConnectionError if the kernel hung up.
        """
        return await self._execute(
            None, {}, code="", silent=True, store_history=False, user_expressions={"answer": expression}
        )

    async def _execute(
        self, on_output: OnOutput | None, metadata: Mapping[str, Any], **content: object
    ) -> ExecuteReply:
        content = {"user_expressions": {}, "allow_stdin": False, "stop_on_error": False, **content}
        reply = self._send("execute", content, on_output, metadata)
        assert self._shell is not None
        with contextlib.suppress(OSError):  # the reader notices it too, and knows how long to wait
            await self._shell.drain()
        return await reply

    def _send(
        self,
        kind: str,
        content: Mapping[str, Any],
        on_output: OnOutput | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> asyncio.Future[ExecuteReply]:
        if self._broken or self._shell is None:
            raise ConnectionError(self._broken or "the kernel was never reached")
        self._asked, self._kind, self._on_output = new_id(), f"{kind}_reply", on_output
        self._reply = asyncio.get_running_loop().create_future()
        self.replied = None
        self.idle.clear()
        self._shell.write(pack(f"{kind}_request", self._asked, content, self._key, metadata))
        return self._reply

    # --- incoming messages -----------------------------------------------------------------------------------------

    async def _read_shell(self, connection: Connection) -> None:
        """Take the one reply that is waited for, and drop everything else."""
        with contextlib.suppress(EOFError, OSError, ProtocolError):
            while True:
                message = self._unpacked(await connection.receive())
                wanted = self._reply is not None and not self._reply.done()
                if wanted and message is not None and (message.parent, message.kind) == (self._asked, self._kind):
                    self.replied = time.monotonic()
                    content = message.content
                    assert self._reply is not None
                    self._reply.set_result(content if isinstance(content, ExecuteReply) else MALFORMED)
        await asyncio.sleep(HANG_UP_SECONDS)
        self._broken = "the kernel hung up"
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(ConnectionError(self._broken))
            self._reply.exception()  # marks it as retrieved: perhaps nobody waits any more

    async def _read_iopub(self, connection: Connection) -> None:
        """Pass on messages of the latest request; read slowly if a kernel floods while nobody waits for outputs."""
        unwanted = 0
        with contextlib.suppress(EOFError, OSError, ProtocolError):
            while True:
                message = self._unpacked(await connection.receive())
                if message is not None and message.parent == self._asked and not self.idle.is_set():
                    if self._on_output is not None:
                        self._on_output(message)
                    if isinstance(message.content, Status) and message.content.execution_state == "idle":
                        self.idle.set()
                elif self._on_output is None or self.idle.is_set():
                    unwanted += 1
                    if unwanted % PAUSE_EVERY == 0:
                        await asyncio.sleep(PAUSE_SECONDS)

    def _unpacked(self, parts: list[bytes]) -> Message | None:
        try:
            return unpack(parts, self._key)
        except Malformed:
            return None
