"""Find the data set to grade with: the sample that ships with grader, a folder that the user names, or the cache."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException
from pathlib import Path
from typing import Literal

from grader.data.datasets import mnist
from grader.data.interface import Arrays, Contents, DataError, Dataset
from grader.files import cache_folder

__all__ = [
    "DATASET",
    "SAMPLE",
    "Arrays",
    "DataError",
    "DataSource",
    "cache_folder",
    "fetch",
    "find_data",
    "load_arrays",
]

DATASET: Dataset = mnist
SAMPLE = DATASET.SAMPLE
STALL_SECONDS = 30  # a download that sends nothing for so long has failed

Kind = Literal["sample", "folder", "cache"]


@dataclass(frozen=True)
class DataSource:
    """A data set on disk whose files were read and checked.

    `folder` directly holds the files; the sizes are numbers of images; `sha256` is a digest of the decompressed
    contents, the same however the files are packed or named.
    """

    kind: Kind
    folder: Path
    train_size: int
    test_size: int
    sha256: str

    def describe(self) -> str:
        """Describe the source for a report: 'the sample that ships with grader (8,192 training and …)'."""
        origin = {
            "sample": "the sample that ships with grader",
            "folder": f"the data in {self.folder}",
            "cache": "the data that `grader data fetch` downloaded",
        }[self.kind]
        return f"{origin} ({self.train_size:,} training and {self.test_size:,} test images of {DATASET.NAME})"


def find_data(folder: Path | None = None, sample: bool = False) -> DataSource:
    """Return the data to grade with: `folder` if given, else the cache if it holds the data set, else the sample.

    `sample` asks for the sample whatever the cache holds. Every file is read and checked. Raises DataError for a folder
    that does not hold the data set, for damaged files (in the cache too), and when both a folder and the sample are
    requested.
    """
    if folder is not None and sample:
        raise DataError("Name a data folder or ask for the sample, not both.")
    if folder is not None:
        return _source("folder", folder.expanduser().absolute())
    if not sample and DATASET.holds(cache_folder()):
        try:
            return _source("cache", cache_folder())
        except DataError as error:
            raise DataError(f"{error} Run `grader data fetch` to download it again, or use the sample.") from None
    return _source("sample", SAMPLE)


@lru_cache(maxsize=1)
def load_arrays(source: DataSource) -> Arrays:
    """Return the images and labels of `source`, read once. Raises DataError when the files have changed since."""
    return DATASET.load(Contents(source.folder, source.train_size, source.test_size, source.sha256))


def fetch(folder: Path | None = None) -> DataSource:
    """Download the data set with torchvision into `folder` (default: the cache) unless it is already complete there.

    The files appear under their final name only when all have arrived and been checked. Raises DataError without a
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
            shutil.rmtree(target / DATASET.NAME, ignore_errors=True)
            os.replace(Path(fresh) / DATASET.NAME, target / DATASET.NAME)
    except OSError as error:
        raise DataError(f"{DATASET.NAME} cannot be stored in {target}: {error.strerror or error}.") from None
    return _source("cache", target)


def _download(folder: Path) -> None:
    import torchvision

    waits = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)  # torchvision sets none
    try:
        getattr(torchvision.datasets, DATASET.NAME)(str(folder), download=True)
    except (RuntimeError, OSError, EOFError, HTTPException) as error:
        reason = next((line for line in reversed(str(error).splitlines()) if line.strip()), type(error).__name__)
        raise DataError(
            f"{DATASET.NAME} could not be downloaded ({reason.strip()}): check the network, or put its files into a "
            "folder and name that with --data."
        ) from None
    finally:
        socket.setdefaulttimeout(waits)


def _source(kind: Kind, folder: Path) -> DataSource:
    found = DATASET.inspect(folder)
    return DataSource(kind, found.folder, found.train_size, found.test_size, found.sha256)
