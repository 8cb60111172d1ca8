"""Which device a tensor is on: a mark on its storage, which is also the account of the device's memory.

Views, `detach()` and `.data` share a storage and so its mark, and `parameter.data = other` moves a parameter in place as it
does on a GPU. The mark is an `Allocation`; it goes when the storage goes.
"""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import Tensor

from grader.in_kernel.virtual_cuda.constants import CAPABILITY as CAPABILITY
from grader.in_kernel.virtual_cuda.constants import NAME as NAME
from grader.in_kernel.virtual_cuda.constants import TOTAL_MEMORY as TOTAL_MEMORY

BLOCK = 512  # CUDA's caching allocator rounds each request up to it
SEGMENT = 2 << 20  # and asks the driver for multiples of this

CPU = torch.device("cpu")
GPU = torch.device("cuda", 0)


class Memory:
    """The device's memory, in bytes: what is allocated and what is reserved, now and at most."""

    def __init__(self) -> None:
        self.allocated = self.peak = self.reserved = self.peak_reserved = 0
        self.allocations = 0

    def reserve(self) -> None:
        """Reserve what is allocated, in whole segments; called when the peak grows, as the allocator keeps what it has."""
        wanted = -(-self.allocated // SEGMENT) * SEGMENT
        self.reserved = max(self.reserved, wanted)
        self.peak_reserved = max(self.peak_reserved, self.reserved)

    def empty_cache(self) -> None:
        """Give back what is reserved and not allocated."""
        self.reserved = -(-self.allocated // SEGMENT) * SEGMENT

    def reset_peak(self) -> None:
        """The peaks start anew from what there is now."""
        self.peak, self.peak_reserved = self.allocated, self.reserved


memory = Memory()


class Allocation:
    """The mark of a storage on the device; it counts as long as the storage lives."""

    __slots__ = ("size",)

    def __init__(self, nbytes: int) -> None:
        self.size = size = -(-nbytes // BLOCK) * BLOCK
        allocated = memory.allocated + size
        if allocated > TOTAL_MEMORY:
            self.size = 0
            raise out_of_memory(size)
        memory.allocated = allocated
        memory.allocations += 1
        if allocated > memory.peak:
            memory.peak = allocated
        if allocated > memory.reserved:
            memory.reserve()

    def __del__(self) -> None:
        memory.allocated -= self.size


def check_room(nbytes: int) -> None:
    """Raise what CUDA raises when `nbytes` more do not fit, before the CPU is asked for them."""
    if memory.allocated + nbytes > TOTAL_MEMORY:
        raise out_of_memory(nbytes)


def check_index(index: int | None) -> None:
    """Refuse a second GPU as CUDA does."""
    if index is not None and index > 0:
        kind = getattr(torch, "AcceleratorError", RuntimeError)
        raise kind(
            "CUDA error: invalid device ordinal\nGPU device may be out of range, do you have enough GPUs?\n"
            "CUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below might be "
            "incorrect.\nFor debugging consider passing CUDA_LAUNCH_BLOCKING=1\nCompile with `TORCH_USE_CUDA_DSA` to "
            "enable device-side assertions.\n"
        )


def out_of_memory(nbytes: int) -> Exception:
    """CUDA's exception for a request that does not fit."""
    free = TOTAL_MEMORY - memory.reserved
    return torch.OutOfMemoryError(
        f"CUDA out of memory. Tried to allocate {_size(nbytes)}. GPU 0 has a total capacity of {_size(TOTAL_MEMORY)} of "
        f"which {_size(free)} is free. Process {os.getpid()} has {_size(memory.reserved)} memory in use. Of the allocated "
        f"memory {_size(memory.allocated)} is allocated by PyTorch, and {_size(memory.reserved - memory.allocated)} is "
        "reserved by PyTorch but unallocated. If reserved but unallocated memory is large try setting "
        "PYTORCH_ALLOC_CONF=expandable_segments:True to avoid fragmentation.  See documentation for Memory Management  "
        "(https://pytorch.org/docs/stable/notes/cuda.html#environment-variables)"
    )


def _size(nbytes: int) -> str:
    """As CUDA's allocator writes it."""
    if nbytes <= 1024:
        return f"{nbytes} bytes"
    for power, unit in ((1, "KiB"), (2, "MiB"), (3, "GiB")):
        if nbytes <= 1024 ** (power + 1) or unit == "GiB":
            return f"{nbytes / 1024**power:.2f} {unit}"
    raise AssertionError


# --- marks -------------------------------------------------------------------------------------------------------

torch.UntypedStorage._virtual_cuda = None  # type: ignore[attr-defined]
torch.UntypedStorage._virtual_pinned = False  # type: ignore[attr-defined]
# Made by a formula of autograd, in C++, for 'the device of the gradient': goes where it is first used.
torch.UntypedStorage._virtual_undecided = False  # type: ignore[attr-defined]


def storage_of(tensor: Tensor) -> Any:
    """The storage that carries a tensor's mark: its own, or that of a sparse tensor's values. None if there is none."""
    try:
        return tensor.untyped_storage()
    except NotImplementedError:
        pass
    try:
        return (tensor._values() if tensor.layout is torch.sparse_coo else tensor.values()).untyped_storage()
    except (RuntimeError, NotImplementedError):
        return None


def on_gpu(tensor: Tensor) -> bool:
    """Whether a tensor is on the virtual device."""
    storage = storage_of(tensor)
    return storage is not None and storage._virtual_cuda is not None


def mark(tensor: Tensor) -> None:
    """Put a tensor, with all that shares its storage, on the device. Raises OutOfMemoryError."""
    storage = storage_of(tensor)
    if storage is not None and storage._virtual_cuda is None and storage.device.type != "meta":
        storage._virtual_cuda = Allocation(storage.nbytes())


def decide(tensor: Tensor) -> bool:
    """Put a tensor whose device is undecided on the GPU; whether it was one."""
    storage = storage_of(tensor)
    if storage is None or not storage._virtual_undecided or storage._virtual_cuda is not None:
        return False
    mark(tensor)
    return True


def mark_all(output: object) -> None:
    """Mark what an operator returned: a tensor, or a tuple or list of tensors and other things."""
    if isinstance(output, Tensor):
        mark(output)
    elif isinstance(output, (tuple, list)):
        for part in output:
            mark_all(part)
