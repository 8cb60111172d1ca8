"""Between arrays that cross the sandbox's boundary and the tensors that probes work on."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

NOT_FINITE = 1e30  # stands for NaN and infinities: far from every right value, and finite
MAX_ELEMENTS = 4_000_000
MEAN, STD = 0.1307, 0.3081


def shape(value: Tensor) -> list[int]:
    """A tensor's own shape, whatever a subclass of Tensor would answer for it."""
    with torch._C.DisableTorchFunctionSubclass():
        return list(Tensor.detach(value).as_subclass(Tensor).shape)


def array(value: Tensor) -> np.ndarray[Any, Any]:
    """A copy of a tensor's own data as finite float32, whatever a subclass of Tensor would answer for it."""
    with torch._C.DisableTorchFunctionSubclass():
        plain = Tensor.detach(value).as_subclass(Tensor)
        if plain.numel() > MAX_ELEMENTS:
            raise ValueError(f"a tensor of {plain.numel():,} numbers is more than the grader looks at")
        copied = np.array(plain.float().cpu().numpy(), dtype=np.float32)
    return np.asarray(
        np.nan_to_num(copied, nan=NOT_FINITE, posinf=NOT_FINITE, neginf=-NOT_FINITE)
    )  # also of one number


def tensor(value: Any) -> Tensor:
    """A tensor that shares no memory with the array it was made from."""
    return torch.from_numpy(np.array(value))


def image_tensor(value: Any) -> Tensor:
    """Images as MNIST's pipeline gives them: (N, 1, 28, 28) float32, from uint8 (N, 28, 28) grey levels."""
    return ((tensor(value).float() / 255 - MEAN) / STD).reshape(-1, 1, 28, 28)
