"""The recorder's events, read from a file that student code could write to as well."""

from __future__ import annotations

import json
import os
from pathlib import Path


class EventLog:
    """A file of JSON lines that the kernel appends to and the driver reads, at most `max_bytes` of it.

    Lines that are no JSON object are dropped: whoever wrote them, they are no evidence. A line is read once it has ended.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._left = max_bytes
        self._offset = 0
        self._tail = b""

    def fileno(self) -> int:
        """The descriptor that the kernel inherits."""
        return self._fd

    def read(self) -> list[dict[str, object]]:
        """The events that were written since the last call."""
        while self._left and (chunk := os.pread(self._fd, min(self._left, 1 << 20), self._offset)):
            self._offset += len(chunk)
            self._left -= len(chunk)
            self._tail += chunk
        *lines, self._tail = self._tail.split(b"\n")
        return [event for line in lines if (event := parse_event(line)) is not None]

    def close(self) -> None:
        """Close the file; it may be closed already."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def parse_event(line: bytes) -> dict[str, object] | None:
    """The JSON object that a line holds, None when it holds anything else."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None
