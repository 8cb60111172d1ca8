"""Between arrays that cross the sandbox's boundary and the tensors that probes work on."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

NOT_FINITE = 1e30  # stands for NaN and infinities: far from every right value, and finite
MEAN, STD = 0.1307, 0.3081


def array(value: Tensor) -> np.ndarray[Any, Any]:
    """A copy of a tensor as finite float32."""
    copied = np.array(value.detach().float().cpu().numpy(), dtype=np.float32)
    return np.nan_to_num(copied, nan=NOT_FINITE, posinf=NOT_FINITE, neginf=-NOT_FINITE)


def tensor(value: Any) -> Tensor:
    """A tensor that shares no memory with the array it was made from."""
    return torch.from_numpy(np.array(value))


def image_tensor(value: Any) -> Tensor:
    """Images as MNIST's pipeline gives them: (N, 1, 28, 28) float32, from uint8 (N, 28, 28) grey levels."""
    return ((tensor(value).float() / 255 - MEAN) / STD).reshape(-1, 1, 28, 28)
