"""Compute cross-entropy and accuracy of a model's outputs, many batches at a time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from grader.in_kernel.recorder import describe

if TYPE_CHECKING:
    import torch

TOGETHER = 64  # batches; one at a time would cost a tenth of a small model's step


class Scores:
    """The scores of one pass. Nothing waits for a GPU: results stay tensors until they are requested."""

    def __init__(self) -> None:
        self._batch = -1
        self._waiting: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._done: list[tuple[torch.Tensor, torch.Tensor, int]] = []  # batch means, numbers right, images per batch

    def add(self, batch: int, output: Any, target: torch.Tensor) -> None:
        """Take the (B, C) logits for (B,) labels; of a tuple, the first tensor counts.

        A later output for the same batch replaces the earlier one. Outputs of any other form are ignored.
        """
        torch = sys.modules["torch"]
        logits = next(describe.tensors(output), None)
        if logits is None or logits.dim() != 2 or len(logits) != len(target) or not logits.is_floating_point():
            return
        if logits.shape[1] < 2 or not len(target) or torch.jit.is_tracing() or torch.compiler.is_compiling():
            return
        if batch == self._batch and self._waiting:
            self._waiting.pop()
        if self._waiting:
            first = self._waiting[0][0]
            if len(self._waiting) >= TOGETHER or first.shape != logits.shape or first.device != logits.device:
                self._compute()
        self._batch = batch
        self._waiting.append((logits.detach().clone(), target.clone()))  # the student may change them in place

    def _compute(self) -> None:
        torch = sys.modules["torch"]
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        logits = torch.stack([logits for logits, _ in waiting]).float()  # (batches, B, C)
        batches, images, classes = logits.shape
        labels = torch.stack([target for _, target in waiting]).to(logits.device, torch.int64)
        labels = labels.clamp(0, classes - 1)  # a label out of range would make a GPU unusable
        losses = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
        right = (logits.argmax(2) == labels).sum(1)
        self._done.append((losses.view(batches, images).mean(1), right, images))

    def results(self) -> list[tuple[float, int, int]]:
        """Return (mean cross-entropy, number right, images) of each batch with an output; means may be non-finite."""
        self._compute()
        return [
            (loss, right, images)
            for losses, rights, images in self._done
            for loss, right in zip(losses.tolist(), rights.tolist(), strict=True)
        ]
