"""Convert between the arrays that cross the sandbox's boundary and the tensors that probes work on."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

NOT_FINITE = 1e30  # replaces NaN and infinities: finite, and far from every right value
MAX_ELEMENTS = 4_000_000
MEAN, STD = 0.1307, 0.3081


def shape(value: Tensor) -> list[int]:
    """Return a tensor's real shape, bypassing what a subclass of Tensor may override."""
    with torch._C.DisableTorchFunctionSubclass():
        return list(Tensor.detach(value).as_subclass(Tensor).shape)


def array(value: Tensor) -> np.ndarray[Any, Any]:
    """Return a copy of a tensor's real data as finite float32, bypassing what a subclass of Tensor may override.

    Raises ValueError if it has more than MAX_ELEMENTS elements.
    """
    with torch._C.DisableTorchFunctionSubclass():
        plain = Tensor.detach(value).as_subclass(Tensor)
        if plain.numel() > MAX_ELEMENTS:
            raise ValueError(f"a tensor of {plain.numel():,} numbers is too large for the grader to compare")
        copied = np.array(plain.float().cpu().numpy(), dtype=np.float32)
    finite = np.nan_to_num(copied, nan=NOT_FINITE, posinf=NOT_FINITE, neginf=-NOT_FINITE)
    return np.asarray(finite)  # nan_to_num makes a scalar of a 0-dimensional array


def tensor(value: Any) -> Tensor:
    """Return an array as a tensor that shares no memory with it."""
    return torch.from_numpy(np.array(value))


def image_tensor(value: Any) -> Tensor:
    """Return uint8 grey levels (N, 28, 28) as MNIST's usual pipeline gives them: normalised float32 (N, 1, 28, 28)."""
    return ((tensor(value).float() / 255 - MEAN) / STD).reshape(-1, 1, 28, 28)


def repeated(value: Tensor, count: int) -> Tensor:
    """Return a tensor of `count` entries: those of `value`, which come again and again if they are fewer."""
    return value if len(value) == count else value[torch.arange(count) % len(value)]
