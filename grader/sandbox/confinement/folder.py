"""Make the private folder of a kernel, and read its log."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from grader.temporary import make_folder, remove

__all__ = ["log_end", "private_folder", "remove"]

SOCKET_PATH_BYTES = 100  # macOS's limit on a socket's path, less a few bytes
LOG_BYTES = 8192


def log_end(log: Path) -> str:
    """Return the end of a log, at most LOG_BYTES bytes, '' if it cannot be read."""
    with contextlib.suppress(OSError), open(log, "rb") as file:
        file.seek(max(0, os.path.getsize(log) - LOG_BYTES))
        return file.read().decode(errors="replace").strip()
    return ""


def private_folder() -> Path:
    """Make a folder that only this user can enter, with a path short enough for Unix sockets. Raises OSError."""
    if os.name != "posix":
        raise OSError("kernels need Unix sockets and process groups: use Linux, macOS or WSL")
    folder = make_folder("gk-")
    if len(os.fsencode(folder)) > SOCKET_PATH_BYTES - len("/k-1"):
        remove(folder)
        folder = make_folder("gk-", "/tmp")
    return folder
