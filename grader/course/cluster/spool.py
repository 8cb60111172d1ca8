"""Results that wait for the driver in a folder below --out, if workers can see it: a killed driver loses none of them.

Only the driver writes the store, since SQLite does not support many writers on a network file system. A worker always
returns its result, and also writes it here, so that a repeated task or the next driver finds it.
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
    """The driver's side of the folder."""

    def __init__(self, out: Path, run: str) -> None:
        self.folder = out.resolve() / FOLDER
        self._mark = self.folder / f"run-{run}"
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)
        self._mark.touch()

    def take(self, key: str) -> str:
        """Return the document under this key; '' if there is none, or another user could have written it."""
        return read(self.folder, key)

    def drop(self, key: str) -> None:
        """Remove the document under this key, which is now in the store."""
        if _KEY.fullmatch(key):
            (self.folder / key).unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove all documents: everything is to be graded again."""
        for path in self.folder.iterdir():
            self.drop(path.name)

    def close(self) -> None:
        """Remove the mark of this run, and the folder if it is empty."""
        with contextlib.suppress(OSError):
            self._mark.unlink(missing_ok=True)
            self.folder.rmdir()


def visible(folder: Path, run: str) -> bool:
    """Return whether this is the folder of that run, and not a folder of the same name on another machine."""
    try:
        return (folder / f"run-{run}").is_file()
    except OSError:
        return False


def read(folder: Path, key: str) -> str:
    """Return the document under this key; '' if there is none, or another user wrote it or could have."""
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
    """Write a document atomically. Errors are ignored, since the reply carries it too."""
    if _KEY.fullmatch(key):
        with contextlib.suppress(OSError):
            write_atomically(folder / key, document)
