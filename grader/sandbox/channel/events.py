"""Read the recorder's events from a file that student code can also write to."""

from __future__ import annotations

import os
from pathlib import Path

from grader.evidence.decode import Malformed, decode_json

MAX_LINE = 6_000_000  # bytes; the recorder's own lines are not longer
MAX_LINES = 50_000
MAX_VALUES = 4_000_000  # in all lines together: 64 MiB of numbers, and about 300 MB of memory at worst
_CHUNK = 1 << 20


class EventLog:
    """A file of JSON lines that the kernel appends to and the driver reads, up to `max_bytes`.

    Lines that are not a JSON object, and lines beyond the limits above, are dropped: whoever wrote them, they are not
    evidence. A line is read when its newline has been written.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._left = max_bytes
        self._offset = 0
        self._tail = bytearray()
        self._too_long = False  # is the unfinished line
        self._lines_left, self._values_left = MAX_LINES, MAX_VALUES

    def fileno(self) -> int:
        """The descriptor that the kernel inherits."""
        return self._fd

    def read(self) -> list[dict[str, object]]:
        """Return the events written since the last call."""
        found: list[dict[str, object]] = []
        while self._left and (chunk := os.pread(self._fd, min(self._left, _CHUNK), self._offset)):
            self._offset += len(chunk)
            self._left -= len(chunk)
            *lines, rest = chunk.split(b"\n") if self._lines_left else (b"",)
            for line in lines:
                self._extend_line(line)
                event = None if self._too_long else self._event(bytes(self._tail))
                if event is not None:
                    found.append(event)
                self._tail.clear()
                self._too_long = False
            self._extend_line(rest)
        return found

    def _extend_line(self, piece: bytes) -> None:
        self._too_long = self._too_long or len(self._tail) + len(piece) > MAX_LINE
        if self._too_long:
            self._tail.clear()
        else:
            self._tail += piece

    def _event(self, line: bytes) -> dict[str, object] | None:
        values = line.count(b",") + line.count(b"[") + line.count(b"{")
        if not line or not self._lines_left or values > self._values_left:
            return None
        self._lines_left -= 1
        self._values_left -= values
        return parse_event(line)

    def close(self) -> None:
        """Close the file; it may be closed already."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def parse_event(line: bytes) -> dict[str, object] | None:
    """Return the JSON object in a line, None if the line is anything else."""
    try:
        event = decode_json(line)
    except Malformed:
        return None
    return event if isinstance(event, dict) else None
