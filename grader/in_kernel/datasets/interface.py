"""The interface of a data set that is served to notebooks."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Literal, Protocol

Split = Literal["train", "test"]


class ServedDataset(Protocol):
    """One of torchvision's data sets, read from local files. Its module has an `install(config)` that registers it."""

    name: str

    def recognises(self, dataset: object) -> bool:
        """Return True for an object of this data set's class, or of any class derived from it; not for a wrapper."""

    def split_of(self, dataset: object) -> Split | None:
        """Return which split a recognised object reads; None when it reads another data set or does not say."""

    def load(self, train: bool) -> tuple[Any, Any]:
        """Return the images (N, 28, 28) and labels (N,) of a split."""

    def serve(self, torchvision: ModuleType) -> None:
        """Make torchvision, which has just been imported, read this data set from the local files."""
