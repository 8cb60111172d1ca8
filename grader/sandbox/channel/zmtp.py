"""ZeroMQ's wire protocol (ZMTP 3.0 without security) over a Unix socket, with limits on everything that is read.

libzmq limits the size of one part of a message but not the number of parts: a peer that never sends the last part fills
the reader's memory. Here a message that is too large is skipped without losing the connection, and nothing is read
before it is asked for, so that a flood waits in the kernel's own memory.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Literal

MAX_PARTS = 32
MAX_COMMAND = 1024  # bytes
READ_AHEAD = 1 << 17  # bytes; asyncio buffers at most twice as much, and one chunk
YIELD_EVERY = 64  # frames, after which other tasks run: reading buffered frames does not yield by itself
_MORE, _LONG, _COMMAND = 1, 2, 4
_SIGNATURE = b"\xff" + bytes(8) + b"\x7f"
_GREETING = _SIGNATURE + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)

SocketType = Literal["DEALER", "SUB"]


class ProtocolError(Exception):
    """The other side does not speak ZMTP."""


class Connection:
    """A connection to a socket that the other side has bound. Only one task at a time may receive."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, max_bytes: int) -> None:
        self._reader, self._writer, self._max_bytes = reader, writer, max_bytes
        self._frames = 0

    @classmethod
    async def open(cls, path: Path, kind: SocketType, max_bytes: int) -> Connection:
        """Connect and shake hands, as a DEALER, or as a SUB that subscribes to everything.

        Messages of more than `max_bytes` will be dropped. Raises OSError if nobody listens or the other side hangs up,
        ProtocolError if it speaks another protocol.
        """
        reader, writer = await asyncio.open_unix_connection(str(path), limit=READ_AHEAD)
        connection = cls(reader, writer, max_bytes)
        try:
            await connection._shake_hands(kind)
        except BaseException as error:
            writer.close()
            if isinstance(error, asyncio.IncompleteReadError):
                raise ConnectionResetError("the other side hung up") from None
            raise
        return connection

    async def _shake_hands(self, kind: SocketType) -> None:
        self._writer.write(_GREETING)
        greeting = await self._reader.readexactly(len(_GREETING))
        if (
            greeting[:1] != b"\xff"
            or greeting[9:10] != b"\x7f"
            or greeting[10] < 3
            or greeting[12:32] != _GREETING[12:32]
        ):
            raise ProtocolError("the other side does not offer ZMTP 3 without security")
        properties = b"".join(
            bytes([len(name)]) + name + len(value).to_bytes(4, "big") + value
            for name, value in ((b"Socket-Type", kind.encode()), (b"Identity", b""))
        )
        self._writer.write(_frame(b"\x05READY" + properties, _COMMAND))
        flags, size = await self._header()
        if not flags & _COMMAND or size > MAX_COMMAND:
            raise ProtocolError("the other side sent no READY command")
        if not (await self._reader.readexactly(size)).startswith(b"\x05READY"):
            raise ProtocolError("the other side refuses this socket type")
        if kind == "SUB":
            self._writer.write(_frame(b"\x01", 0))  # a subscription to every topic

    def write(self, parts: list[bytes]) -> None:
        """Send a message in the background."""
        *heads, last = parts
        for part in heads:
            self._writer.write(_frame(part, _MORE))
        self._writer.write(_frame(last, 0))

    async def drain(self) -> None:
        """Wait until the other side has read most of the sent data. Raises OSError if it hung up."""
        await self._writer.drain()

    async def receive(self) -> list[bytes]:
        """Return the parts of the next message that is not too large.

        Raises EOFError at the end of the connection, ProtocolError for data that is not ZMTP.
        """
        parts: list[bytes] = []
        left, fits = self._max_bytes, True
        while True:
            flags, size = await self._header()
            if flags & _COMMAND:  # a heartbeat, for example, which this side never requests
                await self._skip(size)
                continue
            left -= size
            fits = fits and left >= 0 and len(parts) < MAX_PARTS
            if fits:
                parts.append(await self._reader.readexactly(size))
            else:
                parts.clear()
                await self._skip(size)
            if flags & _MORE:
                continue
            if fits:
                return parts
            left, fits = self._max_bytes, True

    async def _header(self) -> tuple[int, int]:
        self._frames += 1
        if self._frames % YIELD_EVERY == 0:
            await asyncio.sleep(0)
        flags = (await self._reader.readexactly(1))[0]
        if flags & ~(_MORE | _LONG | _COMMAND):
            raise ProtocolError("a frame with unknown flags")
        size = int.from_bytes(await self._reader.readexactly(8 if flags & _LONG else 1), "big")
        return flags, size

    async def _skip(self, size: int) -> None:
        while size:
            chunk = await self._reader.read(min(size, READ_AHEAD))
            if not chunk:
                raise EOFError
            size -= len(chunk)

    def close(self) -> None:
        """Hang up without waiting for unsent data."""
        with contextlib.suppress(RuntimeError):  # its event loop is closed
            self._writer.transport.abort()


def _frame(body: bytes, flags: int) -> bytes:
    if len(body) > 255:
        return bytes([flags | _LONG]) + len(body).to_bytes(8, "big") + body
    return bytes([flags, len(body)]) + body
