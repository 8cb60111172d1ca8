"""The file for students: a zip archive with a description, the rubric's modules and texts, and the answer key.

It is read within limits, and everything in it is checked against its description before any of it is used.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from grader.answer_key.records import AnswerKey
from grader.errors import GraderError
from grader.evidence.decode import Malformed

SUFFIX = ".grader"
FORMAT, VERSION = "grader assignment for students", 1
DESCRIPTION, KEY, FOLDER = "assignment.json", "answers.msgpack", "rubric/"
MAX_FILE, MAX_ENTRY, MAX_ALL, MAX_ENTRIES = 16 << 20, 8 << 20, 32 << 20, 300  # bytes, bytes, bytes, files
_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


class BundleError(GraderError):
    """Raised when a file for students cannot be read or made; the message is one sentence.

    >>> raise BundleError("'a.grader' is not an assignment's file")
    Traceback (most recent call last):
    grader.answer_key.file.BundleError: 'a.grader' is not an assignment's file
    """


@dataclass(frozen=True)
class Description:
    """The first entry of the file. `package` is the name that the modules give themselves.

    `withheld` names the modules that stay with the instructor, `files` the lengths of the others and of the data files.
    """

    format: str
    version: int
    grader: str
    package: str
    rubric: str
    withheld: tuple[str, ...]
    files: Mapping[str, int]


@dataclass(frozen=True)
class BundleFile:
    """A file for students as it was read: `files` by their names in the package, and the digest of all its bytes."""

    path: Path
    description: Description
    files: Mapping[str, bytes]
    key: AnswerKey
    sha256: str


def is_bundle(name: str) -> bool:
    """Return whether the name of an assignment is meant as the path of a file.

    >>> is_bundle("mnist.grader"), is_bundle("course/mnist.grader"), is_bundle("reference"), is_bundle("a.b")
    (True, True, False, False)
    """
    return name.endswith(SUFFIX) or "/" in name or "\\" in name or Path(name).is_file()


def packed(description: Description, files: Mapping[str, bytes], key: AnswerKey) -> bytes:
    """Return the bytes of a file for students; equal for equal contents."""
    entries = {DESCRIPTION: msgspec.json.format(msgspec.json.encode(description)), KEY: msgspec.msgpack.encode(key)}
    entries |= {FOLDER + name: data for name, data in sorted(files.items())}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, data, compresslevel=9)
    return buffer.getvalue()


def read_bundle(path: Path) -> BundleFile:
    """Read a file for students. Raises BundleError, with a sentence that says what is wrong with it."""
    return parse_bundle(path, _bytes(path))


def parse_bundle(path: Path, data: bytes) -> BundleFile:
    """Read a file for students whose bytes are known. Raises BundleError."""
    other = f"'{path.name}' is not an assignment's file"
    damaged = f"'{path.name}' is damaged or not whole; download it again"
    if not data.startswith(b"PK"):
        raise BundleError(f"{other}: such a file is made by `grader bundle` and ends with '{SUFFIX}'")
    try:
        entries = _entries(path, data)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError):
        raise BundleError(damaged) from None
    if DESCRIPTION not in entries:
        raise BundleError(f"{other}: it is a zip archive of something else")
    description = _description(path, entries[DESCRIPTION])
    files = {name.removeprefix(FOLDER): found for name, found in entries.items() if name.startswith(FOLDER)}
    if {name: len(found) for name, found in files.items()} != dict(description.files) or KEY not in entries:
        raise BundleError(damaged)
    try:
        key = msgspec.msgpack.decode(entries[KEY], type=AnswerKey)
        key.need_whole()
    except (msgspec.MsgspecError, Malformed):
        raise BundleError(damaged) from None
    return BundleFile(path, description, files, key, hashlib.sha256(data).hexdigest())


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise BundleError(
                f"there is no file '{path}': give the path of the assignment's file that your instructor handed out"
            )
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        raise BundleError(f"'{path}' cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > MAX_FILE:
        raise BundleError(f"'{path.name}' is too large for an assignment's file: more than {MAX_FILE >> 20} MB")
    return data


def _entries(path: Path, data: bytes) -> dict[str, bytes]:
    """Return the entries of an archive. No more is unpacked than the limits allow, whatever the archive says."""
    too_large = BundleError(f"'{path.name}' is too large for an assignment's file once it is unpacked")
    found: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if len(archive.infolist()) > MAX_ENTRIES:
            raise too_large
        for entry in archive.infolist():
            if not _is_plain(entry.filename) or entry.filename in found:
                raise ValueError("an entry with such a name")
            with archive.open(entry) as file:
                content = file.read(MAX_ENTRY + 1)
            found[entry.filename] = content
            if len(content) > MAX_ENTRY or sum(map(len, found.values())) > MAX_ALL:
                raise too_large
    return found


def _is_plain(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and str(path) == name and "\\" not in name


def _description(path: Path, data: bytes) -> Description:
    try:
        versioned = msgspec.json.decode(data)
    except msgspec.MsgspecError:
        versioned = None
    if not isinstance(versioned, dict) or versioned.get("format") != FORMAT:
        raise BundleError(f"'{path.name}' is not an assignment's file: it is a zip archive of something else")
    if versioned.get("version") != VERSION:
        raise BundleError(
            f"'{path.name}' has version {str(versioned.get('version'))[:20]} of the format and this grader reads "
            f"version {VERSION}: update grader, or ask your instructor for a file that fits it"
        )
    try:
        found = msgspec.convert(versioned, Description)
    except msgspec.ValidationError:
        raise BundleError(f"'{path.name}' is damaged or not whole; download it again") from None
    if not _NAME.fullmatch(found.package) or not all(map(_NAME.fullmatch, found.withheld)):
        raise BundleError(f"'{path.name}' is damaged or not whole; download it again")
    return found
