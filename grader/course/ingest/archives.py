"""Zip archives, which strangers made: read within bounds, and never written but under names of our own."""

from __future__ import annotations

import contextlib
import re
import shutil
import stat
import struct
import time
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from grader.course.ingest.sources import BadFile, Found, IngestError, hidden

MIB = 1 << 20
_END, _END64 = b"PK\x05\x06", b"PK\x06\x06"
_CHUNK = 1 << 16
_ENCRYPTED = 1  # of an entry's flags
_PASSWORD = "is protected by a password: an archive without one is needed"


@dataclass(frozen=True)
class Bounds:
    """What is read of an archive at most: the bytes of its list of files, of one file, and of all files together."""

    list_bytes: int
    file_bytes: int
    total_bytes: int


OUTER = Bounds(32 * MIB, 256 * MIB, 1 << 40)  # a download of a whole class
INNER = Bounds(1 * MIB, 101 * MIB, 512 * MIB)  # what one student packed


class Room:
    """What all archives together may take of the disk below `folder`: half of what is free."""

    def __init__(self, folder: Path) -> None:
        self.left = shutil.disk_usage(folder).free // 2


class Zip:
    """An archive; its files are unpacked one by one into `into`, each into a folder of its own.

    Raises IngestError for what is no archive, is broken, or was made to do harm.
    """

    def __init__(self, path: Path, into: Path, room: Room, bounds: Bounds = OUTER, label: str = "") -> None:
        self.label = label or str(path)
        self._into, self._room, self._bounds = into, room, bounds
        self._count, self._left = 0, bounds.total_bytes
        try:
            if _list_bytes(path) > bounds.list_bytes:
                raise IngestError(f"'{self.label}' holds too many files for what a class hands in; unpack it yourself")
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
            raise IngestError(f"'{self.label}' is no whole zip archive ({_reason(error)}); download it again") from None
        self._infos: dict[PurePosixPath, zipfile.ZipInfo] = {}
        try:
            for info in self._zip.infolist():
                self._take(info)
            if self._infos and all(info.flag_bits & _ENCRYPTED for info in self._infos.values()):
                raise IngestError(f"'{self.label}' {_PASSWORD}")
        except IngestError:
            self.close()
            raise

    def _take(self, info: zipfile.ZipInfo) -> None:
        name = _name(info).replace("\\", "/")
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name):
            raise IngestError(
                f"'{self.label}' holds the path '{name[:100]}', which leads out of it; an honest archive has none, so "
                "nothing of it is read"
            )
        if name.endswith("/") or hidden(path) or stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            return  # folders, links and devices
        self._infos.setdefault(path, info)

    def close(self) -> None:
        """Close the archive; what was unpacked stays."""
        self._zip.close()

    def files(self) -> tuple[Found, ...]:
        """Its files, sorted by path; hidden ones and links are left out."""
        found = [Found(path, info.file_size, _stamp(info)) for path, info in self._infos.items()]
        return tuple(sorted(found, key=lambda one: one.path.parts))

    def fetch(self, found: Found) -> Path:
        """Unpack one file. Raises BadFile."""
        info = self._infos[found.path]
        if info.flag_bits & _ENCRYPTED:
            raise BadFile(_PASSWORD)
        self._count += 1
        target = self._into / f"{self._count:06}" / _file_name(found.path.name)
        target.parent.mkdir(parents=True)
        try:
            with self._zip.open(info) as packed, target.open("wb") as file:
                limit = min(self._bounds.file_bytes, self._left, self._room.left)
                size = 0
                while chunk := packed.read(_CHUNK):
                    size += len(chunk)
                    if size > limit:  # counted as they come: what an archive says of its sizes need not be true
                        raise BadFile(f"is larger than the {limit // MIB} MiB that are unpacked")
                    file.write(chunk)
                self._left -= size
                self._room.left -= size
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
    """The size of the archive's list of files, as its end says: reading the list takes some ten times as much memory."""
    if not path.is_file():  # to open a pipe is to wait
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


def _name(info: zipfile.ZipInfo) -> str:
    """The name; systems that write UTF-8 without saying so are understood."""
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


def _file_name(name: str) -> str:
    """A name that any file system takes, with its ending."""
    safe = re.sub(r"[\x00-\x1f\x7f/\\:*?\"<>|]", "_", name).strip(". ") or "_"
    stem, dot, ending = safe.rpartition(".")
    return f"{stem[:80]}{dot}{ending[:10]}" if dot and stem else safe[:80]


def _reason(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (text.strip().rstrip(".").splitlines() or [type(error).__name__])[0][:120]
