"""A short data set is made as long as the whole one, of images that differ."""

from pathlib import Path

import numpy as np
import pytest

from grader.data import full_length as module
from grader.data.full_length import full_length
from grader.data.interface import DataError
from grader.data.sources import DataSource, find_data, load_arrays
from grader.data.subset import write_smaller


@pytest.fixture
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataSource:
    monkeypatch.setattr(module, "cache_folder", lambda: tmp_path / "no cache")
    return write_smaller(find_data(sample=True), 40, tmp_path / "short")


def test_all_images_come_as_they_are_and_then_moved(short: DataSource, tmp_path: Path) -> None:
    longer = full_length(short, 100, 25, tmp_path / "longer")
    assert (longer.train_size, longer.test_size) == (100, 25)
    known = load_arrays(short)
    images, labels, few = known.train_images.copy(), known.train_labels.copy(), known.test_images.copy()
    found = load_arrays(longer)
    np.testing.assert_array_equal(found.train_images[:40], images)
    np.testing.assert_array_equal(found.train_labels, np.tile(labels, 3)[:100])
    np.testing.assert_array_equal(found.test_images[:10], few)
    assert len(np.unique(found.train_images.reshape(100, -1), axis=0)) == 100


def test_too_few_images_are_told(short: DataSource, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="40 images are too few to make 60,000"):
        full_length(short, 60_000, 10_000, tmp_path / "longer")


def test_the_downloaded_data_set_is_used_if_there_is_one(
    short: DataSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "cache_folder", lambda: short.folder)
    monkeypatch.setattr(module, "find_data", lambda: short)
    assert full_length(short, 40, 10, tmp_path / "longer") == short
    assert not (tmp_path / "longer").exists()
