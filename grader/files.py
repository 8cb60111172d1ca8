"""Read files that others made, and write files that are never half written."""

from __future__ import annotations

import errno
import json
import os
import stat
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """Return the grader's cache folder as an absolute path: GRADER_CACHE in the environment, or the user's cache."""
    import platformdirs

    folder = Path(os.environ.get("GRADER_CACHE") or platformdirs.user_cache_path("grader", appauthor=False))
    return folder.expanduser().absolute()


def read_regular(path: Path, limit: int) -> tuple[bytes, int]:
    """Return at most `limit` + 1 bytes of a regular file, and its permission bits.

    Raises OSError with a `strerror` if the file is missing, not readable or not a regular file; never waits for a pipe.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError as error:  # a name with a NUL
        raise OSError(errno.EINVAL, str(error), str(path)) from None
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(limit + 1), stat.S_IMODE(mode)
    finally:
        os.close(handle)


def escape_unprintable(document: str) -> str:
    """Return a JSON document with control characters and marks that change the reading direction written as escapes."""
    document = document.encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in document)


def write_atomically(path: Path, text: str | bytes) -> None:
    """Write `text` as UTF-8, or bytes, to a temporary file and rename it to `path`. Lone surrogates are replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8", "replace") if isinstance(text, str) else text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
