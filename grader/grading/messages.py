"""Messages between a worker process and the process that started it: frames of JSON on a socket.

Nothing is pickled. A frame is its length in 8 bytes, then JSON, which is decoded strictly into one of the records here.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from grader.machine import Device
from grader.notebook.helper_files import Beside
from grader.sandbox.limits import Limits

MAX_RESULT = 8 << 20  # bytes of a result's document, which takes about 130 KB, and of the evidence, which takes 1.3 MB
MAX_BYTES = 2 * MAX_RESULT + 4096  # of a frame: JSON escapes at most every character
HEADER = struct.Struct(">Q")
T = TypeVar("T")


class MalformedMessage(ValueError):
    """The other end sent something that is not a message."""


@dataclass(frozen=True)
class Terms:
    """The settings of all gradings of one worker: the arguments of `grader.grade`.

    `tried` is the back end that the starting process has tried, '' for none. `many`: it will grade many notebooks, so
    that it imports everything at once.
    """

    assignment: str
    limits: Limits
    data: str = ""
    sample: bool = False
    device: Device = "auto"
    isolation: str = "auto"
    tried: str = ""
    seed: int | None = None
    cores: int = 1
    many: bool = False


@dataclass(frozen=True)
class Server:
    """A fork server that is lent: its control socket comes with this message. See `warm_start.Kind`."""

    level: str
    readable: tuple[str, ...]
    hidden: tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """The order to grade a notebook. Paths are bytes in hexadecimal, since they may be no text.

    `files` are the names and paths of its helper files; None leaves it to the worker to find them. `only` are texts
    that name the wanted items, None for all. `watch`: it is checked again and again, each time only where it changed.
    """

    path: str
    server: Server | None = None
    files: tuple[tuple[str, str], ...] | None = None
    only: tuple[str, ...] | None = None
    watch: bool = False

    @classmethod
    def of(
        cls,
        path: Path,
        server: Server | None = None,
        beside: Beside | None = None,
        only: Sequence[str] | None = None,
        watch: bool = False,
    ) -> Order:
        """Return the order to grade the notebook at `path` with the helper files `beside` it."""
        files = None if beside is None else tuple((_hex(name), _hex(where)) for name, where in beside)
        return cls(_hex(path), server, files, None if only is None else tuple(map(as_text, only)), watch)

    @property
    def notebook(self) -> Path:
        """The path of the notebook."""
        return Path(_text(self.path))

    @property
    def beside(self) -> Beside | None:
        """The helper files; None for those that the notebook names."""
        if self.files is None:
            return None
        return tuple((_text(name), Path(_text(where))) for name, where in self.files)


def _hex(path: str | Path) -> str:
    return os.fsencode(path).hex()


def _text(path: str) -> str:
    return os.fsdecode(bytes.fromhex(path))


@dataclass(frozen=True)
class Report:
    """A report of a worker.

    'began': it reads the file; 'step': its progress; 'again': the items that are checked again, separated by blanks;
    'verdict': an item's result as JSON; 'so_far': one that is not final, and `why`; 'evidence': the kept evidence in
    base64, before the result; 'result': the result's document; 'refused': the caller asked for something impossible,
    in a sentence; 'gave_up': the notebook asks too much of the grader, in a sentence; 'failed': the grader itself
    failed, in words.
    """

    kind: Literal["began", "step", "again", "verdict", "so_far", "evidence", "result", "refused", "gave_up", "failed"]
    text: str = ""
    phase: Literal["read", "run", "probe", "check"] = "read"
    done: int = 0
    total: int = 0
    why: str = ""


def pack(message: Terms | Order | Report) -> bytes:
    """Return the frame of a message."""
    import msgspec

    content = msgspec.json.encode(message)
    return HEADER.pack(len(content)) + content


def as_text(text: str) -> str:
    """Return the text without lone surrogates, which JSON cannot carry."""
    return text.encode("utf-8", "replace").decode("utf-8")


class Inbox:
    """Collects bytes as they arrive and returns the messages that are complete."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def add(self, data: bytes) -> None:
        """Add bytes from the socket."""
        self._bytes += data

    def take(self, kind: type[T]) -> T | None:
        """Return the next message; None if it is not complete. Raises MalformedMessage."""
        import msgspec

        if len(self._bytes) < HEADER.size:
            return None
        (size,) = HEADER.unpack_from(self._bytes)
        if size > MAX_BYTES:
            raise MalformedMessage(f"a message of {size} bytes, more than {MAX_BYTES}")
        if len(self._bytes) < HEADER.size + size:
            return None
        content = bytes(self._bytes[HEADER.size : HEADER.size + size])
        del self._bytes[: HEADER.size + size]
        try:
            return msgspec.json.decode(content, type=kind, strict=True)
        except (msgspec.DecodeError, ValueError) as error:
            raise MalformedMessage(str(error)) from None
