"""MNIST as the assignment asks for it: normalised to mean 0 and standard deviation 1, in batches of 64."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader
from torchvision import datasets, transforms

BATCH_SIZE = 64
MEAN, STD = 0.1307, 0.3081  # of all training pixels, as ToTensor gives them (0 to 1)


def load_mnist(root: str | Path) -> tuple[DataLoader[Any], DataLoader[Any]]:
    """Return the loaders of the training images (shuffled) and of the test images (in order).

    A batch is images (B, 1, 28, 28) float32 and labels (B,) int64. MNIST is read from torchvision's layout below `root`
    and downloaded when it is missing there; without a network torchvision then raises RuntimeError or URLError.
    """
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((MEAN,), (STD,))])
    train_set = datasets.MNIST(str(root), train=True, download=True, transform=transform)
    test_set = datasets.MNIST(str(root), train=False, download=True, transform=transform)
    return (
        DataLoader(train_set, batch_size=BATCH_SIZE, shuffle=True),
        DataLoader(test_set, batch_size=BATCH_SIZE, shuffle=False),
    )
