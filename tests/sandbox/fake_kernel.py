"""A fake kernel that sends whatever a test wants: real ZeroMQ sockets, a known key, no Python behind them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import zmq
import zmq.asyncio

from grader.sandbox.channel.cells import CellClient
from grader.sandbox.channel.client import KernelClient
from grader.sandbox.limits import Limits

KEY = "secret"
LIMITS = Limits(cell_output_bytes=10_000, total_output_bytes=30_000)


def as_bytes(part: Any) -> bytes:
    return part if isinstance(part, bytes) else json.dumps(part).encode()


def frames(header: Any, parent: Any, content: Any, metadata: Any = None, key: str = KEY) -> list[bytes]:
    """The parts of a message, each JSON data or raw bytes, signed."""
    parts = [as_bytes(part) for part in (header, parent, {} if metadata is None else metadata, content)]
    signature = hmac.new(key.encode(), b"".join(parts), hashlib.sha256).hexdigest().encode()
    return [b"<IDS|MSG>", signature, *parts]


class FakeKernel:
    """Answers kernel_info properly, and passes each execute_request's header to `script(kernel, header)`."""

    def __init__(self, folder: Path, script: Callable[[FakeKernel, dict[str, Any]], None]) -> None:
        self.sockets, self.key = folder / "k", KEY
        self.context = zmq.asyncio.Context()
        self.shell = self.context.socket(zmq.ROUTER)
        self.iopub = self.context.socket(zmq.XPUB)
        self.shell.bind(f"ipc://{self.sockets}-1")
        self.iopub.bind(f"ipc://{self.sockets}-2")
        self.script = script
        self.requests: list[dict[str, Any]] = []
        self.identity = b""

    async def serve(self) -> None:
        while True:
            self.identity, *parts = await self.shell.recv_multipart()
            header = json.loads(parts[2])
            if header["msg_type"] == "kernel_info_request":
                self.reply(header, {}, kind="kernel_info_reply")
                self.publish("status", header, {"execution_state": "idle"})
            else:
                self.requests.append(header)
                self.script(self, header)

    def send(self, parts: list[bytes]) -> None:
        """Send parts on the shell channel."""
        self.shell.send_multipart([self.identity, *parts])

    def reply(self, parent: Any, content: Any, kind: Any = "execute_reply", **parts: Any) -> None:
        self.send(frames({"msg_id": "r", "msg_type": kind}, parent, content, **parts))

    def publish(self, kind: Any, parent: Any, content: Any, **parts: Any) -> None:
        self.iopub.send_multipart([b"topic", *frames({"msg_id": "o", "msg_type": kind}, parent, content, **parts)])

    def end(self, parent: Any, **content: Any) -> None:
        """Send what a well-behaved kernel sends at the end of a cell."""
        self.reply(parent, {"status": "ok", "execution_count": 1, **content})
        self.publish("status", parent, {"execution_state": "idle"})


@asynccontextmanager
async def driven(
    script: Callable[[FakeKernel, dict[str, Any]], None], limits: Limits = LIMITS, max_bytes: int = 1 << 22
) -> AsyncIterator[tuple[FakeKernel, KernelClient, CellClient]]:
    """Yield a fake kernel and the driver's real clients for it."""
    with tempfile.TemporaryDirectory(prefix="gk-") as folder:
        kernel = FakeKernel(Path(folder), script)
        serving = asyncio.create_task(kernel.serve())
        client = KernelClient(kernel, max_bytes)
        client.open()
        try:
            for _ in range(50):
                if await client.is_ready():
                    break
            yield kernel, client, CellClient(client, limits)
        finally:
            client.close()
            serving.cancel()
            kernel.context.destroy(linger=0)
