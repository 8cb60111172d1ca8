"""The driver's end of a kernel's channels: sends one request at a time and takes in what belongs to it, whatever else comes.

A request's id cannot be foreseen, so that no reply can be there before it; the first reply counts, and once.
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
READY_SECONDS = 0.2  # then it is asked again
HANG_UP_SECONDS = 5.0  # until a closed connection is an error: the process may just be ending
PAUSE_EVERY = 100  # outputs that nobody waits for
PAUSE_SECONDS = 0.02
MAX_OUTPUT_BYTES = 32 << 20  # of one output with all its forms, pictures too; a longer one is dropped
MALFORMED = ExecuteReply("error", ename="MalformedReply", evalue="the kernel's reply does not have the agreed form")

OnOutput = Callable[[Message], None]


class Reached(Protocol):
    """A kernel's process: where its sockets are, `sockets` with '-1', '-2', … behind, and the key of its messages."""

    sockets: Path
    key: str


class PatientClient:
    """A client of one kernel process, which may send anything at any time. A reply over `max_bytes` is dropped."""

    def __init__(self, process: Reached, max_bytes: int) -> None:
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
        self.replied: float | None = None  # when the latest request was answered, on the monotonic clock

    # --- life ------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Connect, in the background: the kernel may not be there yet."""
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
            except (OSError, ProtocolError):  # not there yet, or just about to go: who waits has a limit
                await asyncio.sleep(0.02)

    async def is_ready(self) -> bool:
        """Ask for a sign of life; True once the answer and its 'idle' have come, so that no output will be missed."""
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
        """Disconnect, without waiting for what has not been sent."""
        for task in self._tasks:
            task.cancel()
        for connection in (self._shell, self._iopub):
            if connection is not None:
                connection.close()

    # --- requests --------------------------------------------------------------------------------------------------

    async def run(self, code: str, on_output: OnOutput, recorded: int | None = None) -> ExecuteReply:
        """Run a cell; `on_output` takes each message about it until the next request. Waits without a limit.

        `recorded` is its index for the recorder, None where there is none. Raises ConnectionError when the kernel has hung
        up.
        """
        metadata = {} if recorded is None else {"cell": recorded}
        return await self._execute(on_output, metadata, code=code, silent=False, store_history=True)

    async def ask(self, expression: str) -> ExecuteReply:
        """Have an expression evaluated; its value is the reply's `answer`. Waits without a limit; raises ConnectionError."""
        return await self._execute(
            None, {}, code="", silent=True, store_history=False, user_expressions={"answer": expression}
        )

    async def _execute(
        self, on_output: OnOutput | None, metadata: Mapping[str, Any], **content: object
    ) -> ExecuteReply:
        content = {"user_expressions": {}, "allow_stdin": False, "stop_on_error": False, **content}
        reply = self._send("execute", content, on_output, metadata)
        assert self._shell is not None
        with contextlib.suppress(OSError):  # whoever reads finds out, and knows how long to wait
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

    # --- what comes ------------------------------------------------------------------------------------------------

    async def _read_shell(self, connection: Connection) -> None:
        """Take the one reply that is wanted; everything else is dropped."""
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
            self._reply.exception()  # nobody may be waiting any more

    async def _read_iopub(self, connection: Connection) -> None:
        """Hand on what belongs to the latest request, and slow down whoever floods while nobody waits for outputs."""
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
