"""Sources of submissions: list the files of a folder or an archive, and fetch single files to disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from grader.errors import GraderError


class IngestError(GraderError):
    """The class cannot be read; the message is one sentence."""


class BadFile(Exception):
    """One file cannot be read; the message continues a sentence that begins with the file's name."""


@dataclass(frozen=True)
class Found:
    """A file: its path in the folder or archive, its size in bytes, and its time stamp, which is used only for sorting.

    `problem` is '' or the reason why it cannot be read, as in `BadFile`: it may still be somebody's submission.
    """

    path: PurePosixPath
    size: int
    stamp: float = 0.0
    problem: str = ""


class Source(Protocol):
    """A folder or an archive. `label` names it in messages."""

    label: str

    def files(self) -> tuple[Found, ...]:
        """Return its files, sorted by path, without hidden files and links within it."""

    def fetch(self, found: Found) -> Path:
        """Return the path of the file on disk. Raises BadFile."""


def hidden(path: PurePosixPath) -> bool:
    """Return whether the path is hidden or written by a tool: no student handed it in."""
    return any(part.startswith(".") or part in ("__MACOSX", "__pycache__") for part in path.parts)


SUFFIXES = (".ipynb", ".py", ".zip")  # of files that may be submissions
MAX_DEPTH = 100  # of nested folders
_NOT_ORDINARY = "is not an ordinary file: submit the file itself"
_FOLDER = "is a folder without a notebook in it: submit the .ipynb file itself"
_LINK = "is a link to a place outside the folder, which is not followed: submit the file itself"


class Folder:
    """A folder on disk, without `skip`, a folder below it. `files` raises IngestError if it cannot be opened."""

    def __init__(self, path: Path, skip: Path) -> None:
        self.label = str(path)
        self._path, self._skip = path, skip.resolve()

    def files(self) -> tuple[Found, ...]:
        """Return its files, sorted by path, without hidden files and links within it."""
        return tuple(sorted(self._files(), key=lambda found: found.path.parts))

    def _files(self) -> Iterator[Found]:
        closed: list[OSError] = []
        for root, folders, files in os.walk(self._path, followlinks=False, onerror=closed.append):
            here = Path(root)
            folders[:] = [name for name in folders if not hidden(PurePosixPath(name)) and self._wanted(here / name)]
            for name in (*folders, *files):
                if not hidden(PurePosixPath(name)) and (found := self._found(here / name)) is not None:
                    yield found
            if len(here.relative_to(self._path).parts) >= MAX_DEPTH:
                folders.clear()
        for error in closed:
            path, why = Path(error.filename), f"cannot be opened ({error.strerror}): check its permissions"
            if path == self._path:
                raise IngestError(f"'{self.label}' {why}")
            yield Found(PurePosixPath(path.relative_to(self._path).as_posix()), 0, 0.0, why)

    def _found(self, path: Path) -> Found | None:
        """Return the path as a file; None if it cannot be meant as a submission."""
        name, ending = PurePosixPath(path.relative_to(self._path).as_posix()), path.suffix.lower()
        try:
            if path.is_symlink():  # it may lead to other people's files
                return Found(name, 0, 0.0, _LINK) if ending == ".ipynb" and not self._within(path) else None
            status = path.stat()
        except OSError:  # deleted meanwhile
            return None
        if stat.S_ISREG(status.st_mode):
            return Found(name, status.st_size, status.st_mtime)
        if stat.S_ISDIR(status.st_mode):
            return Found(name, 0, 0.0, _FOLDER) if ending == ".ipynb" and not _holds_any(path) else None
        return Found(name, 0, 0.0, _NOT_ORDINARY) if ending in SUFFIXES else None  # opening a pipe would block

    def _within(self, link: Path) -> bool:
        """Return whether the link leads to a file of this folder, which is listed anyway."""
        try:
            target = link.resolve(strict=True)
        except (OSError, RuntimeError):  # leads nowhere, or to itself
            return False
        return target.is_file() and self._path.resolve() in target.parents

    def _wanted(self, folder: Path) -> bool:
        return folder.is_symlink() or folder.resolve() != self._skip

    def fetch(self, found: Found) -> Path:
        """Return the path of the file. Raises BadFile."""
        if found.problem:
            raise BadFile(found.problem)
        return self._path / found.path


def _holds_any(folder: Path) -> bool:
    """Return whether any file below the folder may be a submission."""
    return any(PurePosixPath(name).suffix.lower() in SUFFIXES for _, _, names in os.walk(folder) for name in names)
