"""Storages that report their mark, for saving, loading and deepcopy."""

from __future__ import annotations

from typing import Any

import torch

from grader.in_kernel.virtual_cuda import marks
from grader.in_kernel.virtual_cuda.marks import CPU, GPU


def install() -> None:
    """Replace the device attributes and the copying methods of torch.UntypedStorage."""
    storage: Any = torch.UntypedStorage
    native: Any = torch._C.StorageBase.__dict__["device"]
    storage.device = property(lambda self: GPU if self._virtual_cuda is not None else native.__get__(self))
    storage.is_cuda = property(lambda self: self._virtual_cuda is not None)
    storage.clone = _clone_storage
    storage.to = _storage_to
    storage.cuda = lambda self, device=None, non_blocking=False: _storage_to(self, device=GPU)
    storage.cpu = lambda self: _storage_to(self, device=CPU)


def _copy_of_storage(self: Any) -> Any:
    return torch.UntypedStorage(self.nbytes()).copy_(self, False)


def _clone_storage(self: Any) -> Any:
    made = _copy_of_storage(self)
    if self._virtual_cuda is not None:
        made._virtual_cuda = marks.Allocation(made.nbytes())
    return made


def _storage_to(self: Any, *, device: Any, non_blocking: bool = False) -> Any:
    """Return a copy of the storage on the device, or the storage itself if it is there."""
    target = torch.device(device)
    if target.type == self.device.type:
        return self
    made = _copy_of_storage(self)
    if target.type == "cuda":
        marks.check_index(target.index)
        made._virtual_cuda = marks.Allocation(made.nbytes())
    return made
