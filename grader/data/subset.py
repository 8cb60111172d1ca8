"""A smaller MNIST: the first images of another, so that hundreds of notebooks can be graded."""

from __future__ import annotations

import struct
from pathlib import Path

from grader.data.sources import DataSource, MnistArrays, find_data, load_arrays

TEST_SHARE = 4  # one test image for so many training images


def write_smaller(source: DataSource, images: int, folder: Path) -> DataSource:
    """Write the first `images` training images of `source`, and a quarter as many test images, as IDX files to `folder`.

    Raises DataError, and OSError when the folder cannot be written.
    """
    whole = load_arrays(source)
    train, test = min(images, len(whole.train_labels)), min(images // TEST_SHARE, len(whole.test_labels))
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in _files(whole, train, max(1, test)).items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)
    return find_data(folder)


def _files(whole: MnistArrays, train: int, test: int) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for prefix, images, labels in (
        ("train", whole.train_images[:train], whole.train_labels[:train]),
        ("t10k", whole.test_images[:test], whole.test_labels[:test]),
    ):
        found[f"{prefix}-images-idx3-ubyte"] = struct.pack(">4i", 2051, len(images), 28, 28) + images.tobytes()
        found[f"{prefix}-labels-idx1-ubyte"] = struct.pack(">2i", 2049, len(labels)) + labels.astype("uint8").tobytes()
    return found
