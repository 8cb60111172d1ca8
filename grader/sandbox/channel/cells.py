"""Run cells over a client, one after the other, and keep text and small pictures of their outputs within the limits."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from grader.sandbox.channel.client import KernelClient
from grader.sandbox.channel.messages import Display, Message, Stream
from grader.sandbox.channel.outputs import OVERHEAD, Outputs
from grader.sandbox.channel.transcript import size
from grader.sandbox.limits import FLOOD, Limits

__all__ = ["CellClient"]

PICTURE_ROOM = 1_000_000  # characters of pictures that are kept of all cells together
IOPUB_SECONDS = 2.0  # how long outputs may lag behind the reply


class CellClient:
    """Runs one cell after the other and keeps the text and small pictures of their outputs, within the limits."""

    def __init__(self, client: KernelClient, limits: Limits) -> None:
        self._client, self._limits = client, limits
        self._spent = 0  # bytes kept from earlier cells
        self._picture_room = PICTURE_ROOM
        self.flooded = asyncio.Event()
        self._begin()

    def _begin(self) -> None:
        self.flooded.clear()
        self._running = False
        self._seen = 0  # bytes that this cell sent
        room = min(self._limits.cell_output_bytes, self._limits.total_output_bytes - self._spent)
        self._outputs = Outputs(max(0, room), self._picture_room)

    async def run(self, source: str, recorded: int | None = None) -> dict[str, Any] | None:
        """Run a cell and return the content of the execute_reply, None for an empty cell. It has no timeout.

        `recorded` is the cell's index for the recorder, None without a recorder. Raises ConnectionError if the kernel
        hung up.
        """
        self._begin()
        if not source.strip():
            return None
        self._running = True
        reply = await self._client.run(source, self._take, recorded)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._client.idle.wait(), IOPUB_SECONDS)
        return reply.as_content()

    @property
    def replied(self) -> float | None:
        """The time of the latest cell's reply on the monotonic clock; outputs may follow. None while the cell runs."""
        return self._client.replied if self._running else None

    @property
    def truncated(self) -> bool:
        """True if text of the latest cell was left out."""
        return self._outputs.truncated

    def text(self) -> tuple[str, str]:
        """Return all text of the latest cell, and its part on standard output. Call it once, after the cell."""
        self._spent += self._outputs.kept
        return self._outputs.text()

    def pictures(self) -> tuple[str, ...]:
        """Return the pictures of the latest cell, in base64. Call it once, after the cell."""
        self._picture_room -= sum(map(len, self._outputs.pictures))
        return self._outputs.pictures

    def _take(self, message: Message) -> None:
        content = message.content
        self._seen += OVERHEAD + (size(content.text) if isinstance(content, (Stream, Display)) else 0)
        self._seen += content.read if isinstance(content, Display) else 0
        if self._seen > FLOOD * self._limits.cell_output_bytes:
            self.flooded.set()
        self._outputs.take(message.kind, content)
