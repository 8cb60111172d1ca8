"""The data sets that are served in this kernel, and the split that a dataset holds, for the recorder and the probes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

from grader.in_kernel.datasets.interface import ServedDataset, Split
from grader.in_kernel.patching import when_imported

if TYPE_CHECKING:
    from grader.in_kernel.datasets.recognition import Patterns, Place

OFFLINE = (
    "{} cannot be downloaded: there is no network while a notebook is graded, and of torchvision's data sets only {} "
    "is provided."
)

_served: dict[str, ServedDataset] = {}
_patterns: dict[str, Patterns] = {}
_unread: set[str] = set()  # served by others, so that their images are not known here


def install(dataset: ServedDataset) -> None:
    """Serve a data set from now on.

    Imports nothing: torchvision is changed when the student's code imports it. Any other download then raises
    ConnectionError.
    """

    def serve(torchvision: ModuleType) -> None:
        dataset.serve(torchvision)
        _refuse_downloads(torchvision.datasets)

    _served[dataset.name] = dataset
    _unread.discard(dataset.name)
    _patterns.clear()
    when_imported("torchvision", serve)


def watch(dataset: ServedDataset) -> None:
    """Tell splits of a data set that is not served: torchvision stays as it is, and no image is recognised."""
    _served[dataset.name] = dataset
    _unread.add(dataset.name)
    _patterns.clear()


def split_of(dataset: object, depth: int = 6) -> Split | None:
    """Return the split of a served data set that the images come from, through up to `depth` wrappers; else None.

    None too for a mixture of splits.
    """
    for served in _served.values():
        if served.recognises(dataset):
            return served.split_of(dataset)
    splits = {split_of(inner, depth - 1) for inner in _wrapped(dataset)} if depth else set()
    return splits.pop() if len(splits) == 1 else None


def recognise(images: object) -> list[tuple[bytes, Place | None]] | None:
    """Return the pattern and the place (split, index) of each image of a batch among those that are served.

    None if the images have another size, or nothing is served. Needs numpy.
    """
    from grader.in_kernel.datasets.recognition import Patterns

    for name, served in _served.items():
        if name in _unread:
            return None
        if name not in _patterns:
            _patterns[name] = Patterns(served.load)
        return _patterns[name].find(images)
    return None


def _wrapped(dataset: object) -> Iterator[object]:
    """Yield the datasets that a dataset holds, as Subset, ConcatDataset and a student's own classes do."""
    from torch.utils.data import Dataset

    for value in vars(dataset).values() if hasattr(dataset, "__dict__") else ():
        if isinstance(value, Dataset):
            yield value
        elif isinstance(value, (list, tuple)) and value and len(value) <= 100 and isinstance(value[0], Dataset):
            yield from value


def _refuse_downloads(datasets: ModuleType) -> None:
    def refuse(url: str, *args: object, **kwargs: object) -> None:
        __tracebackhide__ = True
        raise ConnectionError(OFFLINE.format(url, " and ".join(_served)))

    # Every download begins with this call if the file is missing. MNIST's own handler, which would repeat the sentence
    # for each mirror, does not catch an OSError.
    datasets.utils._get_redirect_url = refuse
    name = "download_file_from_google_drive"
    from_drive = getattr(datasets.utils, name)
    for module in [module for key, module in sys.modules.items() if key.startswith("torchvision.datasets.")]:
        if vars(module).get(name) is from_drive:
            setattr(module, name, refuse)
