"""The interface between `grader.data.sources` and a data set's module."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from grader.errors import GraderError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class DataError(GraderError):
    """A data set cannot be found, read or downloaded; the message tells the user what, where and what to do."""


class Contents(NamedTuple):
    """A data set's files on disk: the folder that directly holds them, numbers of images, and a digest."""

    folder: Path
    train_size: int
    test_size: int
    sha256: str


@dataclass(frozen=True)
class Arrays:
    """Images are uint8 of shape (N, height, width), labels int64 of shape (N,); every array owns its memory."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]


class Dataset(Protocol):
    """A data set on disk, implemented by a module of `grader.data.datasets`."""

    NAME: str  # also the name of torchvision's class, and of the folder that it downloads into
    SAMPLE: Path  # the folder of the sample that ships with grader

    def holds(self, folder: Path) -> bool:
        """Return True if all files are in `folder`, read or not."""

    def inspect(self, folder: Path) -> Contents:
        """Read and check all files in `folder`. Raises DataError."""

    def load(self, contents: Contents) -> Arrays:
        """Return the images and labels. Raises DataError when the files no longer match the digest."""

    def encode(self, arrays: Arrays) -> dict[str, bytes]:
        """Return the files that hold these images and labels, by name."""
