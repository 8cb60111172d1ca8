"""Record which device a tensor is on by a mark on its storage, and count the device's memory by these marks.

Views, `detach()` and `.data` share a storage and so its mark, and `parameter.data = other` moves a parameter in place
as it does on a GPU. The mark is an `Allocation`; it is freed with the storage.
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
    """The device's memory in bytes: allocated and reserved, now and at the peak."""

    def __init__(self) -> None:
        self.allocated = self.peak = self.reserved = self.peak_reserved = 0
        self.allocations = 0

    def reserve(self) -> None:
        """Reserve whole segments for what is allocated; never fewer than before, as CUDA's allocator keeps them."""
        wanted = -(-self.allocated // SEGMENT) * SEGMENT
        self.reserved = max(self.reserved, wanted)
        self.peak_reserved = max(self.peak_reserved, self.reserved)

    def empty_cache(self) -> None:
        """Release the segments that are not needed for what is allocated."""
        self.reserved = -(-self.allocated // SEGMENT) * SEGMENT

    def reset_peak(self) -> None:
        """Set the peaks to the present values."""
        self.peak, self.peak_reserved = self.allocated, self.reserved


memory = Memory()


class Allocation:
    """The mark of a storage on the device; it counts as allocated memory as long as the storage lives."""

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
    """Raise CUDA's OutOfMemoryError if `nbytes` more do not fit; called before the CPU allocates them."""
    if memory.allocated + nbytes > TOTAL_MEMORY:
        raise out_of_memory(nbytes)


def check_index(index: int | None) -> None:
    """Raise CUDA's error for the index of a second GPU."""
    if index is not None and index > 0:
        kind = getattr(torch, "AcceleratorError", RuntimeError)
        raise kind(
            "CUDA error: invalid device ordinal\nGPU device may be out of range, do you have enough GPUs?\n"
            "CUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below "
            "might be incorrect.\nFor debugging consider passing CUDA_LAUNCH_BLOCKING=1\n"
            "Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.\n"
        )


def out_of_memory(nbytes: int) -> Exception:
    """Return CUDA's exception for a request of `nbytes` that does not fit."""
    free = TOTAL_MEMORY - memory.reserved
    return torch.OutOfMemoryError(
        f"CUDA out of memory. Tried to allocate {_size(nbytes)}. GPU 0 has a total capacity of {_size(TOTAL_MEMORY)} "
        f"of which {_size(free)} is free. Process {os.getpid()} has {_size(memory.reserved)} memory in use. Of the "
        f"allocated memory {_size(memory.allocated)} is allocated by PyTorch, and "
        f"{_size(memory.reserved - memory.allocated)} is reserved by PyTorch but unallocated. If reserved but "
        "unallocated memory is large try setting "
        "PYTORCH_ALLOC_CONF=expandable_segments:True to avoid fragmentation.  See documentation for Memory Management  "
        "(https://pytorch.org/docs/stable/notes/cuda.html#environment-variables)"
    )


def _size(nbytes: int) -> str:
    """Format a size as CUDA's allocator does."""
    if nbytes <= 1024:
        return f"{nbytes} bytes"
    for power, unit in ((1, "KiB"), (2, "MiB"), (3, "GiB")):
        if nbytes <= 1024 ** (power + 1) or unit == "GiB":
            return f"{nbytes / 1024**power:.2f} {unit}"
    raise AssertionError


# --- marks -------------------------------------------------------------------------------------------------------

torch.UntypedStorage._virtual_cuda = None  # type: ignore[attr-defined]
torch.UntypedStorage._virtual_pinned = False  # type: ignore[attr-defined]
# For tensors that a C++ formula of autograd creates on 'the device of the gradient': the first use decides the device.
torch.UntypedStorage._virtual_undecided = False  # type: ignore[attr-defined]


def storage_of(tensor: Tensor) -> Any:
    """Return the storage that carries a tensor's mark, for a sparse tensor its values' storage; None if it has none."""
    try:
        return tensor.untyped_storage()
    except NotImplementedError:
        pass
    try:
        return (tensor._values() if tensor.layout is torch.sparse_coo else tensor.values()).untyped_storage()
    except (RuntimeError, NotImplementedError):
        return None


def on_gpu(tensor: Tensor) -> bool:
    """Return whether a tensor is on the virtual device."""
    storage = storage_of(tensor)
    return storage is not None and storage._virtual_cuda is not None


def mark(tensor: Tensor) -> None:
    """Put a tensor and all tensors that share its storage on the device. Raises OutOfMemoryError if it does not fit."""
    storage = storage_of(tensor)
    if storage is not None and storage._virtual_cuda is None and storage.device.type != "meta":
        storage._virtual_cuda = Allocation(storage.nbytes())


def decide(tensor: Tensor) -> bool:
    """Put a tensor on the GPU if its device is undecided; return whether it was."""
    storage = storage_of(tensor)
    if storage is None or not storage._virtual_undecided or storage._virtual_cuda is not None:
        return False
    mark(tensor)
    return True


def mark_all(output: object) -> None:
    """Mark an operator's output: a tensor, or a tuple or list of tensors and other values."""
    if isinstance(output, Tensor):
        mark(output)
    elif isinstance(output, (tuple, list)):
        for part in output:
            mark_all(part)
