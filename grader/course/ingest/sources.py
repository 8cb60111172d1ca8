"""The files of a folder or an archive, by name; those that are wanted as files on disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from grader.errors import GraderError


class IngestError(GraderError):
    """What was handed in cannot be read at all; the message is one sentence."""


class BadFile(Exception):
    """One file of it cannot be read; the message says what is wrong, after 'it'."""


@dataclass(frozen=True)
class Found:
    """A file: its path below the folder or in the archive, its size in bytes, and its stamp, which only orders files.

    `problem` says, after 'it', why it cannot be read: somebody may have handed it in all the same.
    """

    path: PurePosixPath
    size: int
    stamp: float = 0.0
    problem: str = ""


class Source(Protocol):
    """A folder or an archive. `label` is what a person calls it."""

    label: str

    def files(self) -> tuple[Found, ...]:
        """Its files, sorted by path; hidden ones and links within it are left out."""

    def fetch(self, found: Found) -> Path:
        """The file on disk. Raises BadFile."""


def hidden(path: PurePosixPath) -> bool:
    """Whether it is what a system keeps for itself, and nobody handed in."""
    return any(part.startswith(".") or part in ("__MACOSX", "__pycache__") for part in path.parts)


HANDED_IN = (".ipynb", ".py", ".zip")  # endings of what a submission may be
MAX_DEPTH = 100  # of folders in each other
_NOT_ORDINARY = "is not an ordinary file: submit the file itself"
_FOLDER = "is a folder without a notebook in it: submit the .ipynb file itself"
_LINK = "is a link to a place outside, which is not followed: submit the file itself"


class Folder:
    """A folder on disk; `skip` is left out, wherever below it is. Raises IngestError for one that cannot be opened."""

    def __init__(self, path: Path, skip: Path) -> None:
        self.label = str(path)
        self._path, self._skip = path, skip.resolve()

    def files(self) -> tuple[Found, ...]:
        """Its files, sorted by path; hidden ones and links within it are left out."""
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
        """What is there as a file; None for what nobody can mean to be one."""
        name, ending = PurePosixPath(path.relative_to(self._path).as_posix()), path.suffix.lower()
        try:
            if path.is_symlink():  # it may lead to others' files
                return Found(name, 0, 0.0, _LINK) if ending == ".ipynb" and not self._within(path) else None
            status = path.stat()
        except OSError:  # gone
            return None
        if stat.S_ISREG(status.st_mode):
            return Found(name, status.st_size, status.st_mtime)
        if stat.S_ISDIR(status.st_mode):
            return Found(name, 0, 0.0, _FOLDER) if ending == ".ipynb" and not _holds_any(path) else None
        return Found(name, 0, 0.0, _NOT_ORDINARY) if ending in HANDED_IN else None  # to open a pipe is to wait

    def _within(self, link: Path) -> bool:
        """Whether it leads to a file that is found here anyway."""
        try:
            target = link.resolve(strict=True)
        except (OSError, RuntimeError):  # it leads nowhere, or to itself
            return False
        return target.is_file() and self._path.resolve() in target.parents

    def _wanted(self, folder: Path) -> bool:
        return folder.is_symlink() or folder.resolve() != self._skip

    def fetch(self, found: Found) -> Path:
        """The file itself. Raises BadFile."""
        if found.problem:
            raise BadFile(found.problem)
        return self._path / found.path


def _holds_any(folder: Path) -> bool:
    """Whether there is a file below that may be a submission of its own."""
    return any(PurePosixPath(name).suffix.lower() in HANDED_IN for _, _, names in os.walk(folder) for name in names)
