"""Make the private folder of a kernel, read its log, and remove it with everything that student code left in it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

SOCKET_PATH_BYTES = 100  # macOS's limit on a socket's path, less a few bytes
LOG_BYTES = 8192
REMOVE_SECONDS = 60.0


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
    folder = Path(tempfile.mkdtemp(prefix="gk-"))
    if len(os.fsencode(folder)) > SOCKET_PATH_BYTES - len("/k-1"):
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="gk-", dir="/tmp"))
    return folder


def remove(folder: Path) -> None:
    """Remove a folder with everything that student code left in it, whatever the file modes."""
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):  # they have no limit on depth
        if folder.exists():
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                subprocess.run([*command, "--", folder], capture_output=True, timeout=REMOVE_SECONDS, check=False)
