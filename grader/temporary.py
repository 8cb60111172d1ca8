"""Temporary folders that do not outlive their owner for long: what a killed process left is removed at the next start.

The owner holds a lock on each of its folders, which the system releases when the process ends, however it ends. A
folder without a lock has no owner any more. This also holds for processes of other containers that share the folder.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIXES = ("gk-", "grader-class-", "grader-task-", "grader-calibrate-", "grader-git-")
# A name of 12 hexadecimal digits says that the owner holds a lock; others have 8 letters, as of tempfile.
_OWNED = re.compile(f"(?:{'|'.join(PREFIXES)})[0-9a-f]{{12}}")
_NEW = "grader-new-"  # a folder that is not locked yet
_NEW_SECONDS = 3600.0
REMOVE_SECONDS = 60.0
_locks: dict[Path, int] = {}


def make_folder(prefix: str, parent: str | None = None) -> Path:
    """Make a folder that only this user can enter, and own it until `remove`. Raises OSError.

    `prefix` is one of PREFIXES; `parent` is the folder to make it in, by default that for temporary files.
    """
    if prefix not in PREFIXES:
        raise ValueError(f"{prefix!r} is not one of the prefixes that are swept")
    fresh = Path(tempfile.mkdtemp(prefix=_NEW, dir=parent))
    try:
        lock = _lock(fresh)
        folder = fresh.with_name(prefix + secrets.token_hex(6))
        fresh.rename(folder)  # only now can a sweep find it
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    if lock >= 0:
        _locks[folder] = lock
    return folder


def remove(folder: Path) -> None:
    """Remove a folder with everything that student code left in it, whatever the file modes."""
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):  # they have no limit on depth
        if folder.exists():
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                subprocess.run([*command, "--", folder], capture_output=True, timeout=REMOVE_SECONDS, check=False)
    lock = _locks.pop(folder, -1)
    if lock >= 0:
        os.close(lock)


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """Make a folder, and remove it at the end of the context. Raises OSError."""
    folder = make_folder(prefix)
    try:
        yield folder
    finally:
        remove(folder)


def sweep() -> list[Path]:
    """Remove this user's folders whose owners have ended, and return them. Errors are ignored."""
    gone = []
    for parent in {Path(tempfile.gettempdir()), Path("/tmp")}:
        with contextlib.suppress(OSError):
            names = [name for name in os.listdir(parent) if _OWNED.fullmatch(name) or name.startswith(_NEW)]
            gone += [parent / name for name in names if _sweep_one(parent / name)]
    return gone


def _sweep_one(folder: Path) -> bool:
    lock = _lock(folder)
    if lock < 0:
        return False
    try:
        held, now = os.fstat(lock), os.stat(folder, follow_symlinks=False)
        same = (held.st_dev, held.st_ino) == (now.st_dev, now.st_ino)
        young = folder.name.startswith(_NEW) and time.time() - held.st_mtime < _NEW_SECONDS
        if not same or young or held.st_uid != os.geteuid():
            return False
        remove(folder)
        return not folder.exists()
    except OSError:
        return False
    finally:
        os.close(lock)


def _lock(folder: Path) -> int:
    """Return a descriptor that holds the lock on a folder; -1 if another has it, or there can be none.

    The folder may be anything that another user put there: a link is not followed, and a pipe is not opened.
    """
    try:
        import fcntl

        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (ImportError, OSError):
        return -1
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return -1
    return lock
