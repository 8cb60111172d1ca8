"""Helper files: what a student hands in beside the notebook, such as `utils.py`, a table or a checkpoint.

They are read here once, within bounds, and are plain data from then on: each kernel gets copies of its own.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MAX_FILES = 200
MAX_BYTES = 64 << 20  # of all files together
MAX_DEPTH = 10  # folders
MAX_NAME = 200  # characters of a file's path below the notebook's folder
MAX_MODULE = 1 << 20  # bytes of a Python file that is analysed
CHECKPOINTS = (".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin", ".safetensors", ".h5", ".hdf5", ".keras", ".tar")
"""Endings of files that hold trained weights."""

_TOOLS = frozenset(("__pycache__", "__MACOSX", "node_modules", "venv", "env", "site-packages", "lightning_logs"))
_MNIST = re.compile(r"-ubyte(\.gz)?$")  # the grader serves MNIST itself
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\:]")


@dataclass(frozen=True)
class HelperFile:
    """A file beside the notebook. `name` is its path below the notebook's folder, with slashes."""

    name: str
    content: bytes


@dataclass(frozen=True)
class HelperFiles:
    """The helper files of one submission, sorted by name, and in words those that were `left_out`."""

    files: tuple[HelperFile, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The SHA-256 of lines as `sha256sum` prints them, one for each file; '' if there are none."""
        if not self.files:
            return ""
        lines = (f"{hashlib.sha256(one.content).hexdigest()}  {one.name}\n" for one in self.files)
        return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def names(self) -> tuple[str, ...]:
        """The files' names."""
        return tuple(one.name for one in self.files)

    @property
    def modules(self) -> Mapping[str, str]:
        """The source of the Python files by dotted name: 'utils', 'models.cnn'; a package has its own name."""
        found = {}
        for one in self.files:
            if one.name.endswith(".py") and len(one.content) <= MAX_MODULE:
                parts = PurePosixPath(one.name).with_suffix("").parts
                dotted = ".".join(parts[:-1] if parts[-1] == "__init__" and parts[1:] else parts)
                found[dotted] = one.content.decode("utf-8-sig", "replace").replace("\r\n", "\n")
        return found


NO_FILES = HelperFiles()
Beside = tuple[tuple[str, Path], ...]
"""Helper files on disk: the name of each below the notebook's folder, and where it is."""


def may_help(name: PurePosixPath) -> bool:
    """Return whether a file of this name, relative to the notebook's folder, may be a helper file.

    Left out are notebooks, hidden files, what tools write, MNIST, and names that no course system lets pass.
    """
    parts = name.parts
    if name.is_absolute() or not parts or len(parts) > MAX_DEPTH or len(str(name)) > MAX_NAME:
        return False
    if any(part.startswith(".") or part in _TOOLS or _UNSAFE.search(part) for part in parts):
        return False
    return name.suffix.lower() not in (".ipynb", ".pyc") and not _MNIST.search(name.name)


def read_helper_files(beside: Iterable[tuple[str, Path]]) -> HelperFiles:
    """Read helper files within bounds: the Python files first, then small files before large ones. Never raises."""
    sized = sorted((not name.endswith(".py"), _size(path), name, path) for name, path in dict(beside).items())
    found: list[HelperFile] = []
    left_out: list[str] = []
    room = MAX_BYTES
    for _, size, name, path in sized:
        if not may_help(PurePosixPath(name)):
            continue
        if len(found) >= MAX_FILES:
            left_out.append(f"{name} (only {MAX_FILES} files are taken)")
        elif size > room:
            left_out.append(f"{name} (only {MAX_BYTES >> 20} MiB are taken)")
        elif (content := _content(path, room)) is None:
            left_out.append(f"{name} (cannot be read)")
        else:
            room -= len(content)
            found.append(HelperFile(name, content))
    return HelperFiles(tuple(sorted(found, key=lambda one: one.name)), tuple(left_out))


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except (OSError, ValueError):
        return 0


def _content(path: Path, limit: int) -> bytes | None:
    """Return the bytes of an ordinary file; None for a link, a pipe, a file that is too large or cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        try:
            content = file.read(limit + 1)
        except OSError:
            return None
    return content if len(content) <= limit else None
