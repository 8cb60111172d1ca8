"""Read untrusted zip archives: sizes are bounded, and files are unpacked only under names that the grader chooses."""

from __future__ import annotations

import contextlib
import re
import shutil
import stat
import struct
import time
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from grader.course.ingest.sources import SUFFIXES, BadFile, Found, IngestError, hidden

MIB = 1 << 20
_END, _END64 = b"PK\x05\x06", b"PK\x06\x06"
_CHUNK = 1 << 16
_ENCRYPTED = 1  # a bit of an entry's flags
_OUTSIDE = "has a path in the archive that leads out of its folder: submit it under an ordinary name"
_PASSWORD = "is protected by a password: pack it again without one"


@dataclass(frozen=True)
class Bounds:
    """Limits on an archive, in bytes: its list of files, one unpacked file, and all unpacked files together.

    `refuses` tells whether one path that leads out of the archive makes it unreadable as a whole.
    """

    list_bytes: int
    file_bytes: int
    total_bytes: int
    refuses: bool = False


OUTER = Bounds(32 * MIB, 256 * MIB, 1 << 40)  # a download of a whole class
INNER = Bounds(1 * MIB, 101 * MIB, 512 * MIB, refuses=True)  # what one student packed


class DiskBudget:
    """The disk space that all archives together may use below `folder`: half of the free space, in bytes."""

    def __init__(self, folder: Path) -> None:
        self.left = shutil.disk_usage(folder).free // 2


class Zip:
    """An archive whose files are unpacked one by one, each into a separate folder below `into`.

    `label` names the archive in messages. Raises IngestError if the file is not an archive, is broken, is encrypted or
    holds too many files. A path that leads out of the archive of a class is a file with a problem, and that of a
    student's archive raises IngestError too.
    """

    def __init__(self, path: Path, into: Path, budget: DiskBudget, bounds: Bounds = OUTER, label: str = "") -> None:
        self.label = label or str(path)
        self._into, self._budget, self._bounds = into, budget, bounds
        self._count, self._left = 0, bounds.total_bytes
        try:
            if _list_bytes(path) > bounds.list_bytes:
                raise IngestError(f"'{self.label}' holds too many files; unpack it and give the folder")
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
            raise IngestError(
                f"'{self.label}' is not a complete zip archive ({_reason(error)}); download it again"
            ) from None
        self._infos: dict[PurePosixPath, zipfile.ZipInfo] = {}
        self._outside: list[Found] = []
        try:
            separates = _separates(self._zip.infolist())
            for info in self._zip.infolist():
                self._add(info, separates)
            if self._infos and all(info.flag_bits & _ENCRYPTED for info in self._infos.values()):
                raise IngestError(f"'{self.label}' {_PASSWORD}")
        except IngestError:
            self.close()
            raise

    def _add(self, info: zipfile.ZipInfo, separates: bool) -> None:
        name = _name(info).replace("\\", "/")
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name):
            self._refuse(name, path)
            return
        if not (separates or self._bounds.refuses):
            name = _name(info).replace("\\", "_")
            path = PurePosixPath(name)
        if name.endswith("/") or hidden(path) or stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            return  # folders, links and devices
        self._infos.setdefault(path, info)

    def _refuse(self, name: str, path: PurePosixPath) -> None:
        """Note a path that leads out of its folder. The course system's own part comes first in it and stays."""
        if self._bounds.refuses:
            raise IngestError(
                f"'{self.label}' holds the path '{name[:100]}', which leads out of it; no ordinary archive has such a "
                "path, so nothing in it is read"
            )
        inside = [part.replace(":", "_") if part != ".." else "_" for part in path.parts if part.strip("/")]
        if path.suffix.lower() in SUFFIXES and not hidden(PurePosixPath(*inside)):
            self._outside.append(Found(PurePosixPath(*inside), 0, 0.0, _OUTSIDE))

    def close(self) -> None:
        """Close the archive; unpacked files stay."""
        self._zip.close()

    def files(self) -> tuple[Found, ...]:
        """Return its files, sorted by path, without hidden files and links."""
        found = [Found(path, info.file_size, _stamp(info)) for path, info in self._infos.items()]
        return tuple(sorted([*found, *self._outside], key=lambda one: one.path.parts))

    def fetch(self, found: Found) -> Path:
        """Unpack one file and return its path. Raises BadFile."""
        if found.problem:
            raise BadFile(found.problem)
        info = self._infos[found.path]
        if info.flag_bits & _ENCRYPTED:
            raise BadFile(_PASSWORD)
        self._count += 1
        target = self._into / f"{self._count:06}" / _safe_name(found.path.name)
        target.parent.mkdir(parents=True)
        try:
            with self._zip.open(info) as packed, target.open("wb") as file:
                limit = min(self._bounds.file_bytes, self._left, self._budget.left)
                size = 0
                while chunk := packed.read(_CHUNK):
                    size += len(chunk)
                    if size > limit:  # counted here, since the sizes in an archive may be false
                        raise BadFile(f"is larger than the {limit // MIB} MiB that may be unpacked")
                    file.write(chunk)
                self._left -= size
                self._budget.left -= size
        except BadFile:
            target.unlink(missing_ok=True)
            raise
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            ValueError,
            RuntimeError,
            NotImplementedError,
        ) as error:
            target.unlink(missing_ok=True)
            raise BadFile(f"cannot be unpacked ({_reason(error)})") from None
        return target


def _list_bytes(path: Path) -> int:
    """Return the size of the list of files, as stated at the archive's end; reading it takes ten times this memory."""
    if not path.is_file():  # opening a pipe would block
        raise zipfile.BadZipFile("it is not an ordinary file")
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - (1 << 16) - 22))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        raise zipfile.BadZipFile("its end is missing")
    (listed,) = struct.unpack_from("<L", tail, at + 12)
    if listed == 0xFFFFFFFF and (end := tail.rfind(_END64, 0, at)) >= 0:
        (listed,) = struct.unpack_from("<Q", tail, end + 40)
    return int(listed)


def _separates(infos: Sequence[zipfile.ZipInfo]) -> bool:
    """Return whether backslashes separate folders, as in archives that some programs for Windows make.

    They do if most names have one and none has a slash. In another archive a backslash is a character of a file's name:
    else a student's name of a file would decide how the class is laid out.
    """
    names = [_name(info) for info in infos]
    return not any("/" in name for name in names) and 2 * sum("\\" in name for name in names) > len(names)


def _name(info: zipfile.ZipInfo) -> str:
    """Return the name of an entry, also decoding UTF-8 that is not flagged as such."""
    name = info.filename
    if not info.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name


def _stamp(info: zipfile.ZipInfo) -> float:
    try:
        return time.mktime((*info.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        return 0.0


def _safe_name(name: str) -> str:
    """Return a name that is valid on any file system, with the same suffix."""
    safe = re.sub(r"[\x00-\x1f\x7f/\\:*?\"<>|]", "_", name).strip(". ") or "_"
    stem, dot, ending = safe.rpartition(".")
    return f"{stem[:80]}{dot}{ending[:10]}" if dot and stem else safe[:80]


def _reason(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (text.strip().rstrip(".").splitlines() or [type(error).__name__])[0][:120]
