"""The objects that a probed loop works on: a small model, loaders that count batches, a criterion that records losses.

The student's loop and the reference's get the same ones, so that the only difference between two runs is the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from grader.in_kernel.probes.placement import unmeasured

EPOCHS_SERVED = 20  # passes over a loader; more than that is taken for an endless loop


class TooManyBatches(RuntimeError):
    """Raised when a loop takes more than EPOCHS_SERVED passes' worth of batches."""


class PatternDropout(nn.Module):
    """Dropout with a fixed mask over images and units: its output depends on the mode, not on random numbers."""

    def __init__(self) -> None:
        super().__init__()
        self._masks: dict[tuple[torch.Size, torch.device], Tensor] = {}

    def forward(self, x: Tensor) -> Tensor:
        """(B, units) to (B, units): in training mode a quarter is zeroed and the rest scaled up."""
        if not self.training:
            return x
        key = x.shape, x.device
        if key not in self._masks:
            rows, units = torch.arange(x.shape[0], device=x.device), torch.arange(x.shape[1], device=x.device)
            self._masks[key] = (rows.unsqueeze(1) + 3 * units) % 4 != 0
        return x * self._masks[key] / 0.75


class SmallModel(nn.Module):
    """Maps images of 784 pixels in any layout (B, …) to (B, 10).

    Dropout and batch norm both make its output differ between training and evaluation mode.
    """

    def __init__(self, log_probabilities: bool = False) -> None:
        super().__init__()
        self.log_probabilities = log_probabilities
        self.flatten = nn.Flatten()
        self.hidden = nn.Linear(784, 16)
        self.norm = nn.BatchNorm1d(16, eps=0.1)  # a small eps magnifies rounding where a batch hardly varies
        self.relu = nn.ReLU()
        self.dropout = PatternDropout()
        self.output = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, or their log-softmax for a notebook whose own model ends with one."""
        x = self.output(self.dropout(self.relu(self.norm(self.hidden(self.flatten(x))))))
        return F.log_softmax(x, dim=1) if self.log_probabilities else x


class Images(TensorDataset):
    """Normalised images (N, 1, 28, 28) and int64 labels, with the attributes of torchvision's MNIST that loops read."""

    def __init__(self, images: Tensor, labels: Tensor, train: bool) -> None:
        super().__init__(images, labels)
        self.train = train
        self.targets = labels
        self.data = images.squeeze(1)
        self.classes = [str(digit) for digit in range(10)]

    def __getitems__(self, places: list[int]) -> list[tuple[Tensor, Tensor]]:
        """Return the (image, label) pairs of a batch; a loader calls this once instead of `__getitem__` for each."""
        return list(zip(*(tensor[places].unbind() for tensor in self.tensors), strict=True))


class Served(DataLoader[Any]):
    """A loader in fixed order that counts its batches in `tally[name]` and stops an endless loop.

    `serving` is told the name with each batch.
    """

    def __init__(
        self,
        dataset: Images,
        batch_size: int,
        name: str,
        tally: dict[str, int],
        serving: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(dataset, batch_size=batch_size)
        self.name, self.tally, self.serving = name, tally, serving
        self.data, self.each = dataset, batch_size
        self.most = EPOCHS_SERVED * len(self)

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        for start in range(0, len(self.data), self.each):
            if self.tally.get(self.name, 0) >= self.most:
                raise TooManyBatches(f"the loop took {self.most} batches from a loader of {len(self)} and wanted more")
            self.tally[self.name] = self.tally.get(self.name, 0) + 1
            self.serving(self.name)
            yield [tensor[start : start + self.each].clone() for tensor in self.data.tensors]


class KeepingCrossEntropy(nn.CrossEntropyLoss):
    """Cross-entropy that records the loss, the number of images and the number of correct predictions of each batch."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []
        self.sizes: list[int] = []
        self.correct: list[int] = []

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the mean cross-entropy; it is recorded if it is of logits (B, 10) and labels (B,)."""
        loss = super().forward(input, target)
        with unmeasured():
            self._keep(loss, input, target)
        return loss

    def _keep(self, loss: Tensor, input: Tensor, target: Tensor) -> None:
        if target.dim() == 1 and input.dim() == 2 and len(self.losses) < 100_000:
            self.losses.append(float(loss.detach()))
            self.sizes.append(len(target))
            self.correct.append(int((input.detach().argmax(1) == target).sum()))
