"""A longer data set: the images of another, again and again, each time moved a little, to the length of the whole."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from grader.data.sources import DATASET, Arrays, DataError, DataSource, cache_folder, find_data, load_arrays

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# How copies are moved, down and to the right, the first not at all: no two are alike, as the images have a margin.
MOVES = sorted(product(range(-4, 5), repeat=2), key=lambda move: (max(map(abs, move)), move))


def full_length(source: DataSource, train: int, test: int, folder: Path) -> DataSource:
    """Return data with `train` and `test` images: the downloaded data set if it has so many, else a longer `source`.

    The longer one is written to `folder`. Raises DataError if it would take more than len(MOVES) copies, and OSError
    when the folder cannot be written.
    """
    try:
        cached = find_data() if DATASET.holds(cache_folder()) else None
    except DataError:
        cached = None
    if cached is not None and (cached.train_size, cached.test_size) == (train, test):
        return cached
    short = load_arrays(source)
    longer = Arrays(
        *_longer(short.train_images, short.train_labels, train), *_longer(short.test_images, short.test_labels, test)
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in DATASET.encode(longer).items():
        (folder / name).write_bytes(content)
    return find_data(folder)


def _longer(
    images: NDArray[np.uint8], labels: NDArray[np.int64], count: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return `count` images and labels: all of these, then all of them moved by a pixel, and so on."""
    import numpy as np

    copies = -(-count // len(labels))
    if copies > len(MOVES):
        raise DataError(f"{len(labels):,} images are too few to make {count:,} of them.")
    moved = [np.roll(images, move, axis=(1, 2)) for move in MOVES[:copies]]
    return np.concatenate(moved)[:count], np.tile(labels, copies)[:count]
