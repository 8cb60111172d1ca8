import struct
from pathlib import Path

import pytest
import torch

from reference.data import load_mnist


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """130 training and 70 test images in torchvision's layout, uncompressed."""
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for prefix, count in (("train", 130), ("t10k", 70)):
        pixels = bytes((7 * i) % 256 for i in range(count * 784))
        (raw / f"{prefix}-images-idx3-ubyte").write_bytes(struct.pack(">4i", 0x803, count, 28, 28) + pixels)
        (raw / f"{prefix}-labels-idx1-ubyte").write_bytes(
            struct.pack(">2i", 0x801, count) + bytes(i % 10 for i in range(count))
        )
    return tmp_path


def test_batches_are_scaled_images_and_labels(root: Path) -> None:
    train, test = load_mnist(root)
    assert [len(y) for _, y in train] == [64, 64, 2]
    assert [len(y) for _, y in test] == [64, 6]
    images, labels = next(iter(test))
    assert (images.shape, images.dtype) == ((64, 1, 28, 28), torch.float32)
    assert labels.dtype == torch.int64
    expected = (torch.tensor([0.0, 7.0, 14.0]) / 255 - 0.1307) / 0.3081
    assert torch.allclose(images[0, 0, 0, :3], expected, atol=1e-6)


def test_only_training_images_are_shuffled(root: Path) -> None:
    torch.manual_seed(0)
    train, test = load_mnist(str(root))
    in_order = [i % 10 for i in range(130)]
    assert torch.cat([y for _, y in test]).tolist() == in_order[:70]
    first, second = (torch.cat([y for _, y in train]).tolist() for _ in range(2))
    assert sorted(first) == sorted(in_order)
    assert first != in_order
    assert first != second
