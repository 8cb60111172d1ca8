"""`grader check --watch`: check a notebook again whenever it is saved."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

POLL_SECONDS = 0.3
SETTLED_SECONDS = 0.3  # a file that does not change for so long is taken to be written
MOST_FILES = 500

Stamp = tuple[tuple[str, int, int, int], ...]


def stamp(path: Path) -> Stamp:
    """Return what tells one state of the notebook and of the Python files beside it from another; () if it is gone.

    Of a folder, all files in it count.
    """
    try:
        whole = path.is_dir()
        folder = path if whole else path.parent
        files = [] if whole else [path]
        if whole or path.suffix != ".zip":
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries if whole or entry.name.endswith(".py"))
            files += [folder / name for name in names[:MOST_FILES] if not name.startswith(".")]
        found = {str(file): file.stat() for file in files if file.is_file() or file == path}
    except OSError:
        return ()
    return tuple((name, one.st_mtime_ns, one.st_size, one.st_ino) for name, one in found.items())


def saves(
    path: Path,
    gone: Callable[[], None],
    look: Callable[[Path], Stamp] = stamp,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Yield at once, and then after each save that has settled, without end.

    A save while the caller works is noticed when the caller asks for the next one. `gone` is called once each time the
    file disappears, but not if it is back within a moment, as when an editor replaces it.
    """
    seen = look(path)
    yield
    told = False
    while True:
        now = look(path)
        if now == seen:
            told = False
            sleep(POLL_SECONDS)
            continue
        sleep(SETTLED_SECONDS)
        if look(path) != now:  # it is still being written
            continue
        if not now:
            if not told:
                gone()
            told = True
            sleep(POLL_SECONDS)
            continue
        seen, told = now, False
        yield
