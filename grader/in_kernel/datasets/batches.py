"""Make whole batches of MNIST, equal bit for bit to those that DataLoader collates from torchvision's single items.

A transform that works on each pixel alone (ToTensor, Normalize…) is a function of 256 grey levels: it is applied once,
to an image that holds them all, and a batch is a look-up in the resulting table. Any other transform known to be
deterministic (Resize, Pad…) is applied once to each image and cached, within a bound on memory. Everything else is left
to DataLoader. Nothing here can go stale: images, labels and transform are read from the dataset for every batch, and a
cached result is used only while the image it was made from is unchanged.

Import it after torchvision: it keeps references to torchvision's and torch's own functions.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
import torchvision
from PIL import Image
from torch import Tensor
from torch.utils.data import Subset, get_worker_info
from torch.utils.data._utils.collate import default_collate, default_collate_fn_map
from torch.utils.data._utils.fetch import _MapDatasetFetcher

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVELS = 256
MEMORY = 384 * 1024 * 1024  # bytes of cached images in all; MNIST as 32×32 floats takes 342 million

_MNIST = torchvision.datasets.MNIST
_GET_ITEM = _MNIST.__getitem__
_COLLATE_MAP = dict(default_collate_fn_map)

# Deterministic transforms and the attributes that determine their effect, by name in torchvision.transforms and its v2.
_PARAMETERS = {
    "Compose": ("transforms",),
    "ToTensor": (),
    "PILToTensor": (),
    "ToImage": (),
    "ToPureTensor": (),
    "ConvertImageDtype": ("dtype",),
    "ToDtype": ("dtype", "scale"),
    "Normalize": ("mean", "std"),
    "Grayscale": ("num_output_channels",),
    "Resize": ("size", "interpolation", "max_size", "antialias"),
    "CenterCrop": ("size",),
    "Pad": ("padding", "fill", "padding_mode"),
}

Key = tuple[Any, ...]


class _Unknown(Exception):
    """A transform whose effect does not follow from its type and parameters."""


def install() -> None:
    """Let DataLoader make MNIST's default batches at once."""
    one_by_one = _MapDatasetFetcher.fetch

    @wraps(one_by_one)
    def fetch(self: Any, possibly_batched_index: Any) -> Any:
        __tracebackhide__ = True  # a student's traceback shows torch's frames and not these
        if self.auto_collation and _collates_by_default(self.collate_fn):
            batch = batch_of(self.dataset, possibly_batched_index)
            if batch is not None:
                return batch
        return one_by_one(self, possibly_batched_index)

    _MapDatasetFetcher.fetch = fetch  # type: ignore[method-assign]


def _collates_by_default(collate_fn: object) -> bool:
    """Return whether `collate_fn` is torch's default, unchanged."""
    return collate_fn is default_collate and default_collate_fn_map == _COLLATE_MAP


def batch_of(dataset: Any, indices: Any) -> list[Any] | None:
    """Return the batch [images, labels] that DataLoader's default collation makes of these items, in new memory.

    `dataset` is torchvision's MNIST or a Subset of it. None if the batch has to be made item by item: another dataset,
    an overridden `__getitem__`, a transform not known to be deterministic, or indices and data of an unusual kind.
    """
    if type(indices) is not list or not indices:
        return None
    while type(dataset) is Subset:
        indices = [dataset.indices[index] for index in indices]
        dataset = dataset.dataset
    if (
        not isinstance(dataset, _MNIST)
        or type(dataset).__getitem__ is not _GET_ITEM
        or hasattr(dataset, "__getitems__")
    ):
        return None
    data, targets = dataset.data, dataset.targets
    if not (_is_plain(data, torch.uint8, 3) and _is_plain(targets, torch.int64, 1)):
        return None
    try:
        places = [operator.index(index) for index in indices]
    except TypeError:
        return None
    if min(places) < 0 or max(places) >= min(len(data), len(targets)):
        return None
    if torch.get_default_device().type != "cpu":  # torch would put the labels on that device
        return None
    chosen = torch.tensor(places)
    images = _images(dataset, data.index_select(0, chosen), places)
    if images is None:
        return None
    labels = targets.index_select(0, chosen)
    if dataset.target_transform is not None:
        labels = default_collate(tuple(dataset.target_transform(label) for label in labels.tolist()))
    return [images, labels]


def _is_plain(tensor: object, dtype: torch.dtype, dimensions: int) -> bool:
    return (
        type(tensor) is Tensor
        and tensor.dtype is dtype
        and tensor.dim() == dimensions
        and tensor.device.type == "cpu"
        and tensor.layout is torch.strided
    )


def _images(dataset: Any, raw: Tensor, places: list[int]) -> Tensor | None:
    """Return the transformed images of `raw` (uint8, B×H×W), or None if they have to be made one by one."""
    try:
        key = (_describe(dataset.transform), torch.get_default_dtype(), *raw.shape[1:])
    except _Unknown:
        return None
    table = _tables.find(key, dataset.transform)
    return _cached(dataset, key, raw.numpy(), places) if table is None else _look_up(table, raw.numpy())


# --- known transforms -----------------------------------------------------------------------------------------------


def _describe(value: Any) -> Any:
    """Return a transform or one of its parameters as hashable data that determines its effect. Raises _Unknown."""
    names = _known("torchvision.transforms.v2" in sys.modules).get(type(value))
    if names is not None:
        return (type(value), *(_describe(getattr(value, name, None)) for name in names))
    if type(value) in (tuple, list):
        return tuple(map(_describe, value))
    if value is None or isinstance(value, (bool, int, float, str, torch.dtype, Enum)):
        return value
    raise _Unknown


@lru_cache
def _known(with_v2: bool) -> dict[type, tuple[str, ...]]:
    modules = [torchvision.transforms] + ([sys.modules["torchvision.transforms.v2"]] if with_v2 else [])
    return {
        getattr(module, name): attributes
        for module in modules
        for name, attributes in _PARAMETERS.items()
        if hasattr(module, name)
    }


# --- transforms that work on each pixel alone -------------------------------------------------------------------------


class _Tables:
    """Look-up tables by transform and image size; None for a transform that does not work pixel by pixel."""

    def __init__(self) -> None:
        self._tables: dict[Key, NDArray[Any] | None] = {}

    def find(self, key: Key, transform: Callable[[Any], Any]) -> NDArray[Any] | None:
        if key not in self._tables:
            if len(self._tables) == 64:
                self._tables.clear()
            self._tables[key] = _table(transform, *key[-2:])
        return self._tables[key]


_tables = _Tables()


def _table(transform: Callable[[Any], Any], height: int, width: int) -> NDArray[Any] | None:
    """Return a transform's values for each grey level, (channels, 256); None if they depend on more than the level."""
    if height * width < LEVELS:
        return None
    levels = np.random.RandomState(0).permutation(np.arange(height * width) % LEVELS)
    result = _apply(transform, levels.astype(np.uint8).reshape(height, width))
    if result is None or result.ndim != 3 or result.shape[1:] != (height, width):
        return None
    flat = result.reshape(len(result), -1)
    table = np.zeros((len(flat), LEVELS), flat.dtype)
    table[:, levels] = flat
    # Otherwise the result depends on a pixel's neighbours or position too.
    return table if table[:, levels].tobytes() == flat.tobytes() else None


def _apply(transform: Callable[[Any], Any], image: NDArray[np.uint8]) -> NDArray[Any] | None:
    """Return the transformed image; None if it is not a tensor of a type that numpy has.

    None also after an error: the student gets it when the item is made singly.
    """
    try:
        return np.ascontiguousarray(transform(Image.fromarray(image)).numpy())
    except Exception:
        return None


def _look_up(table: NDArray[Any], raw: NDArray[np.uint8]) -> Tensor:
    batch, height, width = raw.shape
    images = np.empty((batch, len(table), height, width), table.dtype)
    for channel, values in enumerate(table):
        values.take(raw, out=images[:, channel], mode="clip")  # faster than 'raise'; a uint8 is always in range
    return _owned(images)


def _owned(images: NDArray[Any]) -> Tensor:
    """Return a copy in torch's own memory: a batch can be resized, a tensor that shares numpy's memory cannot."""
    return torch.from_numpy(images).clone()


# --- other deterministic transforms: a cache --------------------------------------------------------------------------


@dataclass
class _Cache:
    """Transformed images of one dataset: `values` (N, …), made from `sources` (N, H, W); valid where `made` (N,)."""

    key: Key
    made: NDArray[np.bool_]
    sources: NDArray[np.uint8]
    values: NDArray[Any]


_caches: WeakKeyDictionary[Any, _Cache] = WeakKeyDictionary()


def _cached(dataset: Any, key: Key, raw: NDArray[np.uint8], places: list[int]) -> Tensor | None:
    """Return the transformed images, each made at its first use; None if there is no room for those of all items."""
    if get_worker_info() is not None or type(dataset) is not _MNIST:
        return None  # a worker process loses its cache at the end of the pass; a subclass may not be hashable
    key = (*key, len(dataset.data))
    cache = _caches.get(dataset)
    if cache is None or cache.key != key:
        cache = _reserve(dataset, key, raw[0])
        if cache is None:
            return None
    fresh = cache.made[places] & (cache.sources[places] == raw).all((1, 2))
    for place, image, is_fresh in zip(places, raw, fresh, strict=True):
        if not is_fresh:
            value = _apply(dataset.transform, image)
            if value is None or value.shape != cache.values.shape[1:] or value.dtype != cache.values.dtype:
                return None
            cache.values[place], cache.sources[place], cache.made[place] = value, image, True
    return _owned(cache.values[places])


def _reserve(dataset: Any, key: Key, image: NDArray[np.uint8]) -> _Cache | None:
    """Make room for all transformed images of `dataset`, in place of its old cache; None if there is no room."""
    _caches.pop(dataset, None)
    value = _apply(dataset.transform, image)
    if value is None:
        return None
    size = key[-1]
    taken = sum(cache.sources.nbytes + cache.values.nbytes for cache in _caches.values())
    if size * (value.nbytes + image.nbytes) > MEMORY - taken:
        return None
    _caches[dataset] = _Cache(
        key,
        made=np.zeros(size, np.bool_),
        sources=np.empty((size, *image.shape), np.uint8),
        values=np.empty((size, *value.shape), value.dtype),
    )
    return _caches[dataset]
