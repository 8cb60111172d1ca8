"""Where MNIST comes from: the sample that ships with grader, a folder that the user names, or the download cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from grader.errors import GraderError
from grader.in_kernel.datasets import idx

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAMPLE = Path(__file__).resolve().parent
STALL_SECONDS = 30  # a download that sends nothing for so long has failed


class DataError(GraderError):
    """MNIST cannot be had; the message is one sentence for the user: what, where, what to do."""


@dataclass(frozen=True)
class DataSource:
    """MNIST on disk, read and found whole.

    `folder` directly holds the four files; the sizes are numbers of images; `sha256` is over the decompressed bytes of
    training images, training labels, test images and test labels, in this order, so that it does not depend on how the
    files are packed or named.
    """

    kind: Literal["sample", "folder", "cache"]
    folder: Path
    train_size: int
    test_size: int
    sha256: str

    def describe(self) -> str:
        """What it is, for a report: 'the sample that ships with grader (8,192 training and …)'."""
        origin = {
            "sample": "the sample that ships with grader",
            "folder": f"the data in {self.folder}",
            "cache": "the data that `grader data fetch` downloaded",
        }[self.kind]
        return f"{origin} ({self.train_size:,} training and {self.test_size:,} test images of MNIST)"


@dataclass(frozen=True)
class MnistArrays:
    """Images are uint8 of shape (N, 28, 28), labels int64 of shape (N,); every array owns its memory."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]


def cache_folder() -> Path:
    """Where `fetch` puts MNIST, in torchvision's layout; it need not exist."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("grader", appauthor=False))


def find_data(folder: Path | None = None, sample: bool = False) -> DataSource:
    """The data to grade with: `folder` when one is named, else the cache when it holds MNIST, else the sample.

    `sample` asks for the sample whatever the cache holds. Every file is read and checked. Raises DataError for a folder
    that does not hold MNIST, for damaged files (in the cache too), and when both a folder and the sample are asked for.
    """
    if folder is not None and sample:
        raise DataError("Name a data folder or ask for the sample, not both.")
    if folder is not None:
        return _source("folder", folder.expanduser().absolute())
    if not sample and _holds_mnist(cache_folder()):
        try:
            return _source("cache", cache_folder())
        except DataError as error:
            raise DataError(f"{error} Run `grader data fetch` to download it again, or use the sample.") from None
    return _source("sample", SAMPLE)


@lru_cache(maxsize=1)
def load_arrays(source: DataSource) -> MnistArrays:
    """The images and labels of `source`, read once. Raises DataError when the files are no longer what they were."""
    import numpy as np

    try:
        files = idx.locate(source.folder)
        splits = [idx.read_split(files, train) for train in (True, False)]
    except idx.IdxError as error:
        raise DataError(str(error)) from None
    if _digest(splits) != source.sha256:
        raise DataError(f"The files in {source.folder} changed while they were in use; start again.")
    arrays: list[NDArray[np.uint8]] = []
    for split in splits:
        images = np.frombuffer(split.images, np.uint8, offset=idx.IMAGES_HEADER)
        arrays += [images.reshape(-1, idx.SIDE, idx.SIDE).copy()]
        arrays += [np.frombuffer(split.labels, np.uint8, offset=idx.LABELS_HEADER)]
    return MnistArrays(arrays[0], arrays[1].astype(np.int64), arrays[2], arrays[3].astype(np.int64))


def fetch(folder: Path | None = None) -> DataSource:
    """Download MNIST with torchvision into `folder` (default: the cache) unless it is there whole already.

    The files appear under their final name only when all four have arrived and been checked. Raises DataError without a
    network, on a stalled or damaged download, and when the folder cannot be written.
    """
    target = folder if folder is not None else cache_folder()
    try:
        return _source("cache", target)
    except DataError:
        pass  # not there, or damaged: download it
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target, prefix="download-") as fresh:
            _download(Path(fresh))
            _source("cache", Path(fresh))
            shutil.rmtree(target / "MNIST", ignore_errors=True)
            os.replace(Path(fresh) / "MNIST", target / "MNIST")
    except OSError as error:
        raise DataError(f"MNIST cannot be stored in {target}: {error.strerror or error}.") from None
    return _source("cache", target)


def _download(folder: Path) -> None:
    import torchvision

    waits = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)  # torchvision sets none
    try:
        torchvision.datasets.MNIST(str(folder), download=True)
    except (RuntimeError, OSError, EOFError, HTTPException) as error:
        reason = next((line for line in reversed(str(error).splitlines()) if line.strip()), type(error).__name__)
        raise DataError(
            f"MNIST could not be downloaded ({reason.strip()}): check the network, or put its four files into a folder "
            "and name that with --data."
        ) from None
    finally:
        socket.setdefaulttimeout(waits)


def _holds_mnist(folder: Path) -> bool:
    try:
        idx.locate(folder)
    except idx.IdxError:
        return False
    return True


def _source(kind: Literal["sample", "folder", "cache"], folder: Path) -> DataSource:
    try:
        files = idx.locate(folder)
        stamps = tuple((path, path.stat().st_size, path.stat().st_mtime_ns) for path in files.values())
        train_size, test_size, sha256 = _inspect(stamps)
    except idx.IdxError as error:
        raise DataError(str(error)) from None
    return DataSource(kind, stamps[0][0].parent, train_size, test_size, sha256)


@lru_cache(maxsize=8)
def _inspect(stamps: tuple[tuple[Path, int, int], ...]) -> tuple[int, int, str]:
    """Sizes and digest of the files; `stamps` (path, bytes, mtime) only make the cache forget files that changed."""
    files = dict(zip(idx.TRAIN + idx.TEST, (path for path, _, _ in stamps), strict=True))
    splits = [idx.read_split(files, train) for train in (True, False)]
    return splits[0].size, splits[1].size, _digest(splits)


def _digest(splits: list[idx.Split]) -> str:
    digest = hashlib.sha256()
    for split in splits:
        digest.update(split.images)
        digest.update(split.labels)
    return digest.hexdigest()
