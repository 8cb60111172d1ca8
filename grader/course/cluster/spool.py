"""Results that wait for the driver in a folder of its --out, where workers can see that: a killed driver loses none of them.

The driver alone writes the store, since SQLite does not bear many writers on a network file system. A worker gives its
result back in any case, and writes it here besides, so that a task which runs a second time, or the next driver, finds it.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from grader.files import read_regular, write_atomically

FOLDER = ".spool"
MAX_BYTES = 64 * 1024 * 1024
_KEY = re.compile(r"[0-9a-f]{64}")


class Spool:
    """The driver's side."""

    def __init__(self, out: Path, run: str) -> None:
        self.folder = out.resolve() / FOLDER
        self._mark = self.folder / f"run-{run}"
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)
        self._mark.touch()

    def take(self, key: str) -> str:
        """The document that waits under this key; '' when none does that nobody else could have written."""
        return read(self.folder, key)

    def drop(self, key: str) -> None:
        """Remove what waits under this key: it is in the store."""
        if _KEY.fullmatch(key):
            (self.folder / key).unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove all that waits: everything is to be graded anew."""
        for path in self.folder.iterdir():
            self.drop(path.name)

    def close(self) -> None:
        """Leave only what waits."""
        with contextlib.suppress(OSError):
            self._mark.unlink(missing_ok=True)
            self.folder.rmdir()


def visible(folder: Path, run: str) -> bool:
    """Whether this is the folder of that run, and not one that is called so on another machine."""
    try:
        return (folder / f"run-{run}").is_file()
    except OSError:
        return False


def read(folder: Path, key: str) -> str:
    """The document under this key; '' for none, and for one that another user wrote or could have."""
    path = folder / key
    try:
        status = path.lstat()
        if not _KEY.fullmatch(key) or status.st_uid != os.getuid() or status.st_mode & 0o022:
            return ""
        content, _ = read_regular(path, MAX_BYTES)
        return content.decode() if len(content) <= MAX_BYTES else ""
    except (OSError, ValueError):
        return ""


def write(folder: Path, key: str, document: str) -> None:
    """Put a document there, whole or not at all; where that fails the reply still carries it."""
    if _KEY.fullmatch(key):
        with contextlib.suppress(OSError):
            write_atomically(folder / key, document)
