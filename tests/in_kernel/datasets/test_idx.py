"""Reading MNIST's file format. Messages about bad files are tested with grader.data.sources."""

import gzip
import struct
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.in_kernel.datasets import idx

IMAGES = struct.pack(">4i", 2051, 3, 28, 28) + bytes(range(256)) * 9 + bytes(48)
LABELS = struct.pack(">2i", 2049, 3) + b"\x07\x00\x09"


def folder_with(images: bytes, labels: bytes = LABELS, suffix: str = "") -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory()
    for part in ("train", "t10k"):
        (Path(folder.name) / f"{part}-images-idx3-ubyte{suffix}").write_bytes(images)
        (Path(folder.name) / f"{part}-labels-idx1-ubyte").write_bytes(labels)
    return folder


def test_a_split_has_the_contents_of_its_files() -> None:
    with folder_with(IMAGES) as folder:
        split = idx.read_split(idx.locate(Path(folder)), train=True)
    assert (split.images, split.labels, split.size) == (IMAGES, LABELS, 3)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(IMAGES) - 1))
def test_every_truncation_is_refused(length: int) -> None:
    with folder_with(IMAGES[:length]) as folder, pytest.raises(idx.IdxError):
        idx.read_split(idx.locate(Path(folder)), train=True)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_truncation_of_an_archive_is_refused(data: st.DataObject) -> None:
    packed = gzip.compress(IMAGES)
    length = data.draw(st.integers(0, len(packed) - 1))
    with folder_with(packed[:length], suffix=".gz") as folder, pytest.raises(idx.IdxError):
        idx.read_split(idx.locate(Path(folder)), train=True)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_other_bytes_are_refused_and_nothing_else_is_raised(images: bytes, labels: bytes) -> None:
    with folder_with(images, labels) as folder, pytest.raises(idx.IdxError):
        idx.read_split(idx.locate(Path(folder)), train=False)
