"""Compute the weights that known mistakes in a training loop give: one loop with switches, run on the small model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    Batch = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Variant:
    """An epoch of training; the defaults give the correct one. `order` lists the actions on each batch."""

    order: tuple[Literal["zero", "forward", "backward", "step"], ...] = ("zero", "forward", "backward", "step")
    training: bool = True
    softmax: bool = False
    sums: bool = False
    fresh_optimizer: bool = False
    loader: Literal["train", "test"] = "train"
    first: int = 0
    last: int | None = None
    epochs: int = 1


FAULTS: Mapping[str, Variant] = {
    "no_zero_grad": Variant(("forward", "backward", "step")),
    "zero_grad_after_backward": Variant(("forward", "backward", "zero", "step")),
    "no_step": Variant(("zero", "forward", "backward")),
    "no_backward": Variant(("zero", "forward", "step")),
    "eval_mode": Variant(training=False),
    "softmax_before_loss": Variant(softmax=True),
    "wrong_loader": Variant(loader="test"),
    "first_batch_only": Variant(last=1),
    "skips_first_batch": Variant(first=1),
    "skips_last_batch": Variant(last=-1),
    "two_epochs": Variant(epochs=2),
    "sum_loss": Variant(sums=True),
    "two_steps": Variant(("zero", "forward", "backward", "step", "step")),
    "optimizer_per_batch": Variant(fresh_optimizer=True),
}


def train(
    variant: Variant, model: torch.nn.Module, batches: Mapping[str, Sequence[Batch]], lr: float, momentum: float
) -> dict[str, NDArray[np.float32]]:
    """Train `model` as `variant` says on the batches of each loader and return its weights by name."""
    import torch
    import torch.nn.functional as F

    def optimizer_of() -> torch.optim.Optimizer:
        return torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)

    optimizer = optimizer_of()
    model.train(variant.training)
    for data, target in _chosen(variant, batches):
        if variant.fresh_optimizer:
            optimizer = optimizer_of()
        loss = torch.zeros(())
        for action in variant.order:
            if action == "zero":
                optimizer.zero_grad()
            elif action == "forward":
                output = model(data)
                output = output.softmax(1) if variant.softmax else output
                loss = F.cross_entropy(output, target, reduction="sum" if variant.sums else "mean")
            elif action == "backward":
                loss.backward()  # type: ignore[no-untyped-call]
            else:
                optimizer.step()
    return {name: parameter.detach().numpy().copy() for name, parameter in model.named_parameters()}


def _chosen(variant: Variant, batches: Mapping[str, Sequence[Batch]]) -> Iterator[Batch]:
    for _ in range(variant.epochs):
        yield from batches[variant.loader][variant.first : variant.last]
