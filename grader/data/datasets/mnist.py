"""MNIST's files on disk: checked, read and written. Implements `grader.data.interface.Dataset`."""

from __future__ import annotations

import hashlib
import struct
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from grader.data.interface import Arrays, Contents, DataError
from grader.in_kernel.datasets import idx

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME = "MNIST"
SAMPLE = Path(__file__).resolve().parents[1]


def holds(folder: Path) -> bool:
    """Return True if all four files are in `folder`, in any layout that `idx.locate` finds."""
    try:
        idx.locate(folder)
    except idx.IdxError:
        return False
    return True


def inspect(folder: Path) -> Contents:
    """Read and check the four files in `folder`. Raises DataError.

    The digest is over the decompressed bytes of training images, training labels, test images and test labels, in this
    order, so that it does not depend on how the files are packed or named.
    """
    try:
        files = idx.locate(folder)
        stamps = tuple((path, path.stat().st_size, path.stat().st_mtime_ns) for path in files.values())
        train_size, test_size, sha256 = _inspect(stamps)
    except idx.IdxError as error:
        raise DataError(str(error)) from None
    return Contents(stamps[0][0].parent, train_size, test_size, sha256)


def load(contents: Contents) -> Arrays:
    """Return the images (28×28) and labels. Raises DataError when the files no longer match the digest."""
    import numpy as np

    try:
        files = idx.locate(contents.folder)
        splits = [idx.read_split(files, train) for train in (True, False)]
    except idx.IdxError as error:
        raise DataError(str(error)) from None
    if _digest(splits) != contents.sha256:
        raise DataError(f"The files in {contents.folder} changed while they were in use; start again.")
    arrays: list[NDArray[np.uint8]] = []
    for split in splits:
        images = np.frombuffer(split.images, np.uint8, offset=idx.IMAGES_HEADER)
        arrays += [images.reshape(-1, idx.SIDE, idx.SIDE).copy()]
        arrays += [np.frombuffer(split.labels, np.uint8, offset=idx.LABELS_HEADER)]
    return Arrays(arrays[0], arrays[1].astype(np.int64), arrays[2], arrays[3].astype(np.int64))


def encode(arrays: Arrays) -> dict[str, bytes]:
    """Return the four IDX files that hold these images and labels, by name."""
    found: dict[str, bytes] = {}
    for prefix, images, labels in (
        ("train", arrays.train_images, arrays.train_labels),
        ("t10k", arrays.test_images, arrays.test_labels),
    ):
        header = struct.pack(">4i", idx.IMAGES_MAGIC, len(images), idx.SIDE, idx.SIDE)
        found[f"{prefix}-images-idx3-ubyte"] = header + images.tobytes()
        header = struct.pack(">2i", idx.LABELS_MAGIC, len(labels))
        found[f"{prefix}-labels-idx1-ubyte"] = header + labels.astype("uint8").tobytes()
    return found


@lru_cache(maxsize=8)
def _inspect(stamps: tuple[tuple[Path, int, int], ...]) -> tuple[int, int, str]:
    """Return sizes and digest of the files; `stamps` (path, bytes, mtime) also make the cache forget changed files."""
    files = dict(zip(idx.TRAIN + idx.TEST, (path for path, _, _ in stamps), strict=True))
    splits = [idx.read_split(files, train) for train in (True, False)]
    return splits[0].size, splits[1].size, _digest(splits)


def _digest(splits: list[idx.Split]) -> str:
    digest = hashlib.sha256()
    for split in splits:
        digest.update(split.images)
        digest.update(split.labels)
    return digest.hexdigest()
