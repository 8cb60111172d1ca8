"""A smaller data set: the first images of another, so that hundreds of notebooks can be graded."""

from __future__ import annotations

from pathlib import Path

from grader.data.sources import DATASET, Arrays, DataSource, find_data, load_arrays

TEST_SHARE = 4  # training images for each test image


def write_smaller(source: DataSource, images: int, folder: Path) -> DataSource:
    """Write the first `images` training images of `source`, and a quarter as many test images, to files in `folder`.

    Raises DataError, and OSError when the folder cannot be written.
    """
    whole = load_arrays(source)
    train = min(images, len(whole.train_labels))
    test = max(1, min(images // TEST_SHARE, len(whole.test_labels)))
    smaller = Arrays(
        whole.train_images[:train], whole.train_labels[:train], whole.test_images[:test], whole.test_labels[:test]
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in DATASET.encode(smaller).items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)
    return find_data(folder)
