"""The private folder of a kernel: made, read, and removed with what student code left in it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

SOCKET_PATH_BYTES = 100  # what macOS allows in a socket's path, less a few
LOG_BYTES = 8192
REMOVE_SECONDS = 60.0


def log_end(log: Path) -> str:
    """The end of a log."""
    with contextlib.suppress(OSError), open(log, "rb") as file:
        file.seek(max(0, os.path.getsize(log) - LOG_BYTES))
        return file.read().decode(errors="replace").strip()
    return ""


def private_folder() -> Path:
    """A new folder that only this user can enter, with a path short enough for Unix sockets. Raises OSError."""
    if os.name != "posix":
        raise OSError("kernels need Unix sockets and process groups: use Linux, macOS or WSL")
    folder = Path(tempfile.mkdtemp(prefix="gk-"))
    if len(os.fsencode(folder)) > SOCKET_PATH_BYTES - len("/k-1"):
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="gk-", dir="/tmp"))
    return folder


def remove(folder: Path) -> None:
    """Remove a folder with what student code left in it, whatever modes it gave them."""
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):  # they go as deep as it takes
        if folder.exists():
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                subprocess.run([*command, "--", folder], capture_output=True, timeout=REMOVE_SECONDS, check=False)
