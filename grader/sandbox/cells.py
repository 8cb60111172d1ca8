"""nbclient and jupyter_client, adapted to a kernel that may send anything at any time.

To be imported inside functions: nbformat and the others take half a second.
"""

from __future__ import annotations

import asyncio
import queue
import time
from typing import Any

import nbformat.v4
import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from nbclient.client import NotebookClient
from nbclient.exceptions import CellExecutionComplete

from grader.sandbox.policy import FLOOD, Limits
from grader.sandbox.process import CHANNELS, KernelProcess
from grader.sandbox.transcript import append, cut, fold, printable, size, strip_ansi

IOPUB_SECONDS = 2  # how long outputs may lag behind the reply
READY_SECONDS = 0.2  # then it is asked again
REOPEN_TRIES = 3
OVERHEAD = 64  # bytes that an output counts for beside its text
_TEXT = ("stream", "display_data", "execute_result", "update_display_data")


class PatientChannel(AsyncZMQSocketChannel):
    """A channel that lets other tasks run between messages, and drops those that cannot be read.

    pyzmq answers at once while messages wait, so that a kernel that floods the channel would stop every clock of this loop.
    """

    replied: tuple[object, float] = (None, 0.0)
    """The request that the latest execute_reply answers, and when it came, on the monotonic clock."""

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:  # type: ignore[override]
        """The next message that is one. Raises queue.Empty after `timeout` seconds without any."""
        while True:
            await asyncio.sleep(0)
            try:
                message = await super().get_msg(timeout)
            except (queue.Empty, zmq.ZMQError):
                raise
            except Exception:  # no signature, no JSON, no message: it can be anything
                continue
            parent, content = message.get("parent_header"), message.get("content")
            if isinstance(parent, dict) and isinstance(content, dict) and isinstance(message.get("msg_type"), str):
                if message["msg_type"] == "execute_reply":
                    self.replied = parent.get("msg_id"), time.monotonic()
                return message


class PatientClient(AsyncKernelClient):
    """A client of one kernel process. Messages over `max_bytes` are refused: libzmq then drops the connection."""

    def __init__(self, process: KernelProcess, max_bytes: int) -> None:
        context = zmq.asyncio.Context()
        context.setsockopt(zmq.MAXMSGSIZE, max_bytes)  # the default of the sockets to come
        ports = {f"{channel}_port": port for channel, port in CHANNELS.items()}
        super().__init__(context=context, transport="ipc", ip=str(process.sockets), **ports)
        self.session.key = process.key.encode()
        self.shell_channel_class = PatientChannel
        self.iopub_channel_class = PatientChannel

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        """Send an execute_request; its id is returned and kept as `asked`."""
        self.asked = super().execute(*args, **kwargs)
        return self.asked

    def open(self) -> None:
        """Connect to the kernel, which must be listening."""
        self.start_channels(stdin=False, hb=False, control=False)
        self.allow_stdin = False

    async def is_ready(self) -> bool:
        """Ask for a sign of life; True once the answer and its 'idle' have come, so that no output will be missed."""
        msg_id = self.kernel_info()
        answered = idle = False
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if await self.shell_channel.msg_ready():
                message = await self.shell_channel.get_msg(1)
                answered = answered or message["parent_header"].get("msg_id") == msg_id
            elif await self.iopub_channel.msg_ready():
                message = await self.iopub_channel.get_msg(1)
                mine = message["parent_header"].get("msg_id") == msg_id
                idle = idle or (mine and message["content"].get("execution_state") == "idle")
            else:
                await asyncio.sleep(0.002)
            if answered and idle:
                return True
        return False

    async def reopen_iopub(self) -> None:
        """Connect the channel of the outputs again, after a message that was too large had ended the connection."""
        self.iopub_channel.stop()
        self._iopub_channel = None
        self.iopub_channel.start()
        for _ in range(REOPEN_TRIES):
            if await self.is_ready():
                return

    def close(self) -> None:
        """Disconnect, without waiting for what has not been sent."""
        self.context.destroy(linger=0)


class CellClient(NotebookClient):  # type: ignore[misc]
    """Runs one cell after the other; keeps the text of the outputs within the limits and nothing else of them."""

    def __init__(self, client: PatientClient, limits: Limits) -> None:
        super().__init__(
            nbformat.v4.new_notebook(),  # type: ignore[no-untyped-call]
            allow_errors=True,
            timeout=None,  # our own clock watches the cells
            iopub_timeout=IOPUB_SECONDS,
            record_timing=False,
            coalesce_streams=False,
            on_cell_executed=self._keep_reply,
        )
        self.kc = client
        self.flooded = asyncio.Event()
        self.truncated = False
        self._limits = limits
        self._spent = 0  # bytes kept of earlier cells
        self._begin()

    def _begin(self) -> None:
        self.flooded.clear()
        self.truncated = False
        self._reply: dict[str, Any] | None = None
        self._complete = False
        self._seen = 0  # bytes that this cell sent
        self._kept = 0  # bytes of it that are in the outputs now

    async def run(self, source: str) -> dict[str, Any] | None:
        """Run a cell and return the content of the execute_reply, None for an empty cell. Never times out itself."""
        self._begin()
        cell = nbformat.v4.new_code_cell(source)  # type: ignore[no-untyped-call]
        cell.outputs = []
        self.nb.cells.append(cell)
        await self.async_execute_cell(cell, len(self.nb.cells) - 1)
        if self._reply is not None and not self._complete:
            await self.kc.reopen_iopub()
        return self._reply

    @property
    def replied(self) -> float | None:
        """When the latest cell's reply came, on the monotonic clock; outputs may follow. None while it runs."""
        answered, when = self.kc.shell_channel.replied
        return when if answered == self.kc.asked else None

    def text(self) -> tuple[str, str]:
        """All text of the latest cell, and what of it went to standard output. To be called once when the cell has ended."""
        outputs = self.nb.cells[-1].outputs
        self._spent += self._kept
        everything = "\n".join(text.rstrip("\n") for output in outputs if (text := _shown(output)).strip())
        stdout = "".join(
            output.text for output in outputs if output.output_type == "stream" and output.name == "stdout"
        )
        return _clean(everything), _clean(stdout)

    def _keep_reply(self, cell: object, cell_index: int, execute_reply: dict[str, Any] | None) -> None:
        self._reply = execute_reply["content"] if execute_reply else None

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Put an output into the cell, as text and as far as it fits. A malformed one is dropped."""
        try:
            if msg["msg_type"] in _TEXT and not self._trim(msg["content"]):
                return None
            return super().process_message(msg, cell, cell_index)
        except CellExecutionComplete:
            self._complete = True
            raise
        except Exception:  # a part is missing or of the wrong kind
            return None

    def _trim(self, content: dict[str, Any]) -> bool:
        """Reduce an output to its text; False when it has none, or none would fit."""
        holder, key = (content, "text") if "text" in content else (content["data"], "text/plain")
        text = holder.get(key, "")
        text = text if isinstance(text, str) else "".join(text)
        self._seen += size(text) + OVERHEAD
        if self._seen > FLOOD * self._limits.cell_output_bytes:
            self.flooded.set()
        if key == "text":
            content["text"] = text
        else:
            content["data"], content["metadata"] = {"text/plain": self._fit(text)}, {}
        return bool(text) and self._room() > 0

    def _room(self) -> int:
        return min(self._limits.cell_output_bytes, self._limits.total_output_bytes - self._spent) - self._kept

    def _fit(self, text: str) -> str:
        kept = cut(text, self._room())
        self.truncated = self.truncated or len(kept) < len(text)
        return kept

    def output(self, outs: list[Any], msg: dict[str, Any], display_id: str | None, cell_index: int) -> Any:
        """Add an output; text that continues the stream of the one before is joined to it."""
        if self.clear_before_next_output:
            self._kept = 0
        added = super().output(outs, msg, display_id, cell_index)
        if added is None:
            return None
        before = outs[-2] if len(outs) > 1 else None
        if added.output_type != "stream":
            self._kept += size(_shown(added)) + OVERHEAD
        elif before is not None and before.output_type == "stream" and before.name == added.name:
            outs.pop()
            self._kept -= size(before.text)
            before.text = self._fit(append(before.text, added.text))
            self._kept += size(before.text)
        else:
            added.text = self._fit(fold(added.text))
            self._kept += size(added.text) + OVERHEAD
        return added

    def handle_comm_msg(self, outs: list[Any], msg: dict[str, Any], cell_index: int) -> None:
        """Ignore widgets: what is printed inside an Output widget then stays an output of the cell."""

    def clear_output(self, outs: list[Any], msg: dict[str, Any], cell_index: int) -> None:
        """Forget the outputs, as the notebook does."""
        super().clear_output(outs, msg, cell_index)
        if not outs:
            self._kept = 0


def _shown(output: Any) -> str:
    """The text of an output; an error's is in the reply."""
    if output.output_type == "stream":
        return str(output.text)
    return str(output.get("data", {}).get("text/plain", ""))


def _clean(text: str) -> str:
    return printable(fold(strip_ansi(text) + "\n")).removesuffix("\n")
