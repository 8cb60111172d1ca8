"""MNIST for torchvision from local files, with whole batches made at once instead of image by image.

Only the reading of the files and the making of default batches are replaced; class, attributes, single items, custom
`collate_fn`s and everything a student overrides stay torchvision's own. The dataset deliberately gets no
`__getitems__`: wrappers that forward unknown attributes (torchvision has one) would be bypassed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.in_kernel.datasets import idx, registry
from grader.in_kernel.datasets.interface import Split

_DERIVED = {"FashionMNIST", "KMNIST", "EMNIST", "QMNIST"}  # other data sets, which torchvision derives from MNIST


class Mnist:
    """MNIST from the files in `folder`, in any layout that `idx.locate` finds.

    The images stay in memory. `load` returns copies, so that an edit of one dataset does not show in the next.
    """

    name = "MNIST"

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._splits: dict[bool, tuple[Any, Any]] = {}

    def recognises(self, dataset: object) -> bool:
        """Return True for a class named MNIST or derived from one; a notebook may bring its own."""
        return self.name in _class_names(dataset)

    def split_of(self, dataset: object) -> Split | None:
        """Return the split that the attribute `train` names; None for data sets that torchvision derives from MNIST."""
        train = getattr(dataset, "train", None)
        if _class_names(dataset) & _DERIVED or not isinstance(train, bool):
            return None
        return "train" if train else "test"

    def load(self, train: bool) -> tuple[Any, Any]:
        """Return images (uint8, N×28×28) and labels (int64, N), as torchvision's `_load_data` does."""
        import torch

        if train not in self._splits:
            split = idx.read_split(idx.locate(self._folder), train)
            images = torch.frombuffer(bytearray(split.images), dtype=torch.uint8, offset=idx.IMAGES_HEADER)
            labels = torch.frombuffer(bytearray(split.labels), dtype=torch.uint8, offset=idx.LABELS_HEADER)
            self._splits[train] = images.view(-1, idx.SIDE, idx.SIDE), labels
        images, labels = self._splits[train]
        return images.clone(), labels.long()

    def serve(self, torchvision: ModuleType) -> None:
        """Replace how torchvision finds, downloads and reads MNIST's files, and let DataLoader make whole batches."""
        from grader.in_kernel.datasets import batches

        _replace_reading(torchvision.datasets, self.load)
        batches.install()


def install(config: dict[str, Any]) -> None:
    """Make `torchvision.datasets.MNIST` read the harness's files, whatever root it is given.

    `config`: 'folder' (str), where the files are, in any layout that `idx.locate` finds.
    """
    registry.install(Mnist(config["folder"]))


def _class_names(dataset: object) -> set[str]:
    return {cls.__name__ for cls in type(dataset).__mro__}


def _replace_reading(datasets: ModuleType, load: Callable[[bool], tuple[Any, Any]]) -> None:
    """Replace MNIST's methods for finding and reading files; other data sets of torchvision keep theirs."""
    mnist = datasets.MNIST
    derived = tuple(getattr(datasets, name) for name in sorted(_DERIVED))
    checksums = {checksum for _, checksum in mnist.resources}

    def is_mnist(dataset: Any) -> bool:
        if isinstance(dataset, derived):
            return False
        # A student's class may read another data set by naming its files; MNIST from another mirror stays MNIST.
        with contextlib.suppress(TypeError, ValueError):
            return all(checksum is None or checksum in checksums for _, checksum in dataset.resources)
        return False

    def replace(name: str, ours: Callable[[Any], Any]) -> None:
        original = getattr(mnist, name)

        @wraps(original)
        def method(self: Any) -> Any:
            __tracebackhide__ = True
            return ours(self) if is_mnist(self) else original(self)

        setattr(mnist, name, method)

    def download(dataset: Any) -> None:
        with contextlib.suppress(OSError):  # a root such as /content may not be writable here, and need not be
            os.makedirs(dataset.raw_folder, exist_ok=True)

    replace("_check_legacy_exist", lambda dataset: False)
    replace("_check_exists", lambda dataset: True)
    replace("_load_data", lambda dataset: load(bool(dataset.train)))
    replace("download", download)
