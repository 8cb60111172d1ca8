"""Locate, read and check MNIST's files. Standard library only; used inside the kernel and outside."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

SIDE = 28  # pixels
IMAGES_HEADER = 16  # bytes before the first pixel
LABELS_HEADER = 8
IMAGES_MAGIC = 2051
LABELS_MAGIC = 2049
_MOST_IMAGES = 1_000_000  # protects memory from a false header; EMNIST, the largest data set of this form, has 814,255

TRAIN = ("train-images", "train-labels")
TEST = ("t10k-images", "t10k-labels")


class IdxError(ValueError):
    """A folder or file is not MNIST in IDX format; the message says in one sentence what is wrong and where."""


@dataclass(frozen=True)
class Split:
    """The contents of one split's two files: their decompressed bytes, headers included."""

    images: bytes
    labels: bytes

    @property
    def size(self) -> int:
        """Number of images."""
        return len(self.labels) - LABELS_HEADER


def locate(folder: Path) -> Mapping[str, Path]:
    """Return the paths of MNIST's four files in `folder`, or in its `MNIST/raw` or `raw`; keys as in TRAIN and TEST.

    Files may be gzipped or not, and named with a dash or a dot before 'idx'; a plain file is preferred to a gzipped
    one. Raises IdxError if no folder holds all four.
    """
    best: dict[str, Path] = {}
    try:
        if not folder.is_dir():
            raise IdxError(f"{folder} is not a folder." if folder.exists() else f"There is no folder {folder}.")
        for place in (folder, folder / "MNIST" / "raw", folder / "raw"):
            found = {part: path for part in TRAIN + TEST if (path := _find(place, part)) is not None}
            if len(found) == 4:
                return found
            best = max(best, found, key=len)
    except OSError as error:
        raise IdxError(f"{folder} cannot be read: {error.strerror or error}.") from None
    missing = ", ".join(_name(part) for part in TRAIN + TEST if part not in best)
    raise IdxError(f"{folder} does not hold MNIST: no {missing} (or the same with .gz) in it or in its MNIST/raw.")


def read_split(files: Mapping[str, Path], train: bool) -> Split:
    """Read and check one split of the files that `locate` found.

    Raises IdxError for a truncated or corrupt file, one in another format, images that are not 28×28, labels outside
    0-9, and different numbers of images and labels.
    """
    images_path, labels_path = (files[part] for part in (TRAIN if train else TEST))
    images = _read(images_path, IMAGES_MAGIC, "images")
    labels = _read(labels_path, LABELS_MAGIC, "labels")
    split = Split(images, labels)
    if len(images) - IMAGES_HEADER != split.size * SIDE * SIDE:
        count = (len(images) - IMAGES_HEADER) // (SIDE * SIDE)
        raise IdxError(f"{images_path} holds {count:,} images but {labels_path.name} holds {split.size:,} labels.")
    if max(memoryview(labels)[LABELS_HEADER:]) > 9:
        raise IdxError(f"{labels_path} holds labels that are not digits from 0 to 9.")
    return split


def _name(part: str) -> str:
    return f"{part}-idx{3 if part.endswith('images') else 1}-ubyte"


def _find(folder: Path, part: str) -> Path | None:
    dash = _name(part)
    dot = dash.replace("-idx", ".idx")
    names = (dash, dot, f"{dash}.gz", f"{dot}.gz")
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _read(path: Path, magic: int, what: str) -> bytes:
    """Return all bytes of an IDX file of images or labels, checked against its header."""
    header_size = IMAGES_HEADER if magic == IMAGES_MAGIC else LABELS_HEADER
    try:
        with _open(path) as file:
            header = file.read(header_size)
            if len(header) < header_size or struct.unpack(">i", header[:4])[0] != magic:
                raise IdxError(f"{path} is not an IDX file of {what}.")
            count, *sides = struct.unpack(f">{header_size // 4 - 1}i", header[4:])
            if sides and sides != [SIDE, SIDE]:
                raise IdxError(f"The images in {path} are {sides[0]}×{sides[1]} pixels, not {SIDE}×{SIDE}.")
            if not 0 < count <= _MOST_IMAGES:
                raise IdxError(f"The header of {path} says {count:,} {what}, which is impossible.")
            size = count * (SIDE * SIDE if sides else 1)
            body = file.read(size + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise IdxError(f"{path} is damaged or truncated ({error}).") from None
    except OSError as error:
        raise IdxError(f"{path} cannot be read: {error.strerror or error}.") from None
    if len(body) != size:
        trouble = "is truncated" if len(body) < size else "has bytes after its last entry"
        raise IdxError(f"{path} {trouble}: its header says {count:,} {what}.")
    return header + body


def _open(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return cast(IO[bytes], gzip.open(path, "rb"))
    return path.open("rb")
