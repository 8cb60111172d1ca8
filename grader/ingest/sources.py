"""The files of a folder or an archive, by name; those that are wanted as files on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol


class IngestError(Exception):
    """What was handed in cannot be read at all; the message is one sentence."""


class BadFile(Exception):
    """One file of it cannot be read; the message says what is wrong, after 'it'."""


@dataclass(frozen=True)
class Found:
    """A file: its path below the folder or in the archive, its size in bytes, and its stamp, which only orders files."""

    path: PurePosixPath
    size: int
    stamp: float = 0.0


class Source(Protocol):
    """A folder or an archive. `label` is what a person calls it."""

    label: str

    def files(self) -> tuple[Found, ...]:
        """Its files, sorted by path; hidden ones and links are left out."""

    def fetch(self, found: Found) -> Path:
        """The file on disk. Raises BadFile."""


def hidden(path: PurePosixPath) -> bool:
    """Whether it is what a system keeps for itself, and nobody handed in."""
    return any(part.startswith(".") or part in ("__MACOSX", "__pycache__") for part in path.parts)


class Folder:
    """A folder on disk; `skip` is left out, wherever below it is."""

    def __init__(self, path: Path, skip: Path) -> None:
        self.label = str(path)
        self._path, self._skip = path, skip.resolve()

    def files(self) -> tuple[Found, ...]:
        """Its files, sorted by path; hidden ones and links are left out."""
        return tuple(sorted(self._files(), key=lambda found: found.path.parts))

    def _files(self) -> Iterator[Found]:
        for root, folders, files in os.walk(self._path, followlinks=False):
            folders[:] = [
                name for name in folders if not hidden(PurePosixPath(name)) and self._wanted(Path(root) / name)
            ]
            for name in files:
                path = Path(root) / name
                if hidden(PurePosixPath(name)) or path.is_symlink():  # a link may lead to others' files
                    continue
                try:
                    status = path.stat()
                except OSError:  # a dangling link, or gone
                    continue
                yield Found(PurePosixPath(path.relative_to(self._path).as_posix()), status.st_size, status.st_mtime)

    def _wanted(self, folder: Path) -> bool:
        return folder.resolve() != self._skip

    def fetch(self, found: Found) -> Path:
        """The file itself."""
        return self._path / found.path
