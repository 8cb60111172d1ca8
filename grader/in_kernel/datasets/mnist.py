"""torchvision's MNIST from files that are already here, and its batches made at once instead of image by image.

Only the reading of the files and the making of default batches are replaced; class, attributes, single items, custom
`collate_fn`s and everything a student overrides stay torchvision's own. There is no `__getitems__` on the dataset on
purpose: wrappers that forward unknown attributes (torchvision has one too) would be passed by.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.in_kernel.datasets import idx
from grader.in_kernel.patching import when_imported

OFFLINE = (
    "{} cannot be downloaded: there is no network while a notebook is graded, and of torchvision's data sets only MNIST "
    "is provided."
)


class MnistFiles:
    """MNIST's images in memory. `load` hands out copies, so that an edit of one dataset does not show in the next."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._splits: dict[bool, tuple[Any, Any]] = {}

    def load(self, train: bool) -> tuple[Any, Any]:
        """Images (uint8, N×28×28) and labels (int64, N), as torchvision's `_load_data` returns them."""
        import torch

        if train not in self._splits:
            split = idx.read_split(idx.locate(self._folder), train)
            images = torch.frombuffer(bytearray(split.images), dtype=torch.uint8, offset=idx.IMAGES_HEADER)
            labels = torch.frombuffer(bytearray(split.labels), dtype=torch.uint8, offset=idx.LABELS_HEADER)
            self._splits[train] = images.view(-1, idx.SIDE, idx.SIDE), labels
        images, labels = self._splits[train]
        return images.clone(), labels.long()


def install(config: dict[str, Any]) -> None:
    """Make `torchvision.datasets.MNIST` read the harness's files, whatever root it is given.

    `config`: 'folder' (str), where they are, as `idx.locate` finds them. Imports nothing: the change is made when the
    student's code imports torchvision. Asking torchvision for any other download raises ConnectionError.
    """
    when_imported("torchvision", partial(_install, files=MnistFiles(config["folder"])))


def _install(torchvision: ModuleType, files: MnistFiles) -> None:
    _serve_mnist(torchvision.datasets, files)
    _refuse_downloads(torchvision.datasets)
    _speed_up_batches()


def _serve_mnist(datasets: ModuleType, files: MnistFiles) -> None:
    """Replace what looks for, downloads and reads MNIST's files; torchvision's other datasets keep their own methods."""
    mnist = datasets.MNIST
    relatives = (datasets.EMNIST, datasets.FashionMNIST, datasets.KMNIST, datasets.QMNIST)
    checksums = {checksum for _, checksum in mnist.resources}

    def is_mnist(dataset: Any) -> bool:
        if isinstance(dataset, relatives):
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
    replace("_load_data", lambda dataset: files.load(bool(dataset.train)))
    replace("download", download)


def _refuse_downloads(datasets: ModuleType) -> None:
    def refuse(url: str, *args: object, **kwargs: object) -> None:
        __tracebackhide__ = True
        raise ConnectionError(OFFLINE.format(url))

    # The first step of every download, after the look whether the file is there. OSError passes MNIST's own handler,
    # which would repeat the sentence for each mirror.
    datasets.utils._get_redirect_url = refuse
    name = "download_file_from_google_drive"
    from_drive = getattr(datasets.utils, name)
    for module in [module for key, module in sys.modules.items() if key.startswith("torchvision.datasets.")]:
        if vars(module).get(name) is from_drive:
            setattr(module, name, refuse)


def _speed_up_batches() -> None:
    """Let DataLoader make MNIST's default batches at once."""
    from torch.utils.data._utils.fetch import _MapDatasetFetcher

    from grader.in_kernel.datasets.batches import batch_of, collates_by_default

    one_by_one = _MapDatasetFetcher.fetch

    @wraps(one_by_one)
    def fetch(self: Any, possibly_batched_index: Any) -> Any:
        __tracebackhide__ = True  # a traceback of the student's shows torch's frames, not ours
        if self.auto_collation and collates_by_default(self.collate_fn):
            batch = batch_of(self.dataset, possibly_batched_index)
            if batch is not None:
                return batch
        return one_by_one(self, possibly_batched_index)

    _MapDatasetFetcher.fetch = fetch  # type: ignore[method-assign]
