"""Measure on which devices a loop works: devices of model, data, targets and losses, FLOPs and copies by device.

A dispatch mode reads `tensor.device` of each operator's operands, which works the same on a real and a virtual GPU.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

MOST_DEVICES = 8  # recorded for each kind of tensor

_LOSSES = {"nll_loss_forward", "nll_loss2d_forward", "mse_loss", "binary_cross_entropy", "l1_loss"}
_NOTED = {*_LOSSES, "_to_copy", "copy_", "_local_scalar_dense"}
_paused: list[bool] = []


@contextmanager
def unmeasured() -> Iterator[None]:
    """Exclude what the harness itself computes inside a loop from the measurement."""
    _paused.append(True)
    try:
        yield
    finally:
        _paused.pop()


class Meter(TorchDispatchMode):
    """A context that measures what is computed inside it. `answer()` gives a `Placement` as JSON data."""

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[str, dict[str, None]] = {
            p: {} for p in ("parameters", "buffers", "data", "targets", "losses")
        }
        self.flops: Counter[str] = Counter()
        self._counts: dict[tuple[Any, ...], int] = {}
        self.half_flops = 0
        self.to_gpu = self.from_gpu = self.waits = 0

    def note(self, packet: Any, args: Any, kwargs: Any, output: Any) -> None:
        """Record where an operator computed, by its operands and output."""
        name = packet.__name__
        if packet in flop_registry:
            first = next(v for v in output if v is not None) if isinstance(output, (tuple, list)) else output
            count = self._count(packet, args, kwargs, output)
            self.flops[str(first.device)] += count
            self.half_flops += count * (first.dtype in (torch.float16, torch.bfloat16))
        elif name in _LOSSES:
            self._place("losses", output[0] if isinstance(output, (tuple, list)) else output)
            self._place("targets", args[1])
        elif name == "_to_copy":
            self._copied(args[0], output)
        elif name == "copy_":
            self._copied(args[1], args[0])
        elif name == "_local_scalar_dense" and args[0].is_cuda:
            self.waits += 1

    def _count(self, packet: Any, args: Any, kwargs: Any, output: Any) -> int:
        """Return the FLOPs by torch's own formula, cached by shape because most batches have the same shape."""
        key = packet, *(tuple(a.shape) if isinstance(a, Tensor) else str(a) for a in args), str(sorted(kwargs))
        if key not in self._counts:
            self._counts[key] = int(flop_registry[packet](*args, **kwargs, out_val=output))
        return self._counts[key]

    def _copied(self, source: Tensor, made: Tensor) -> None:
        if made.is_cuda and not source.is_cuda:
            self.to_gpu += made.numel() * made.element_size()
        elif source.is_cuda and not made.is_cuda:
            self.from_gpu += made.numel() * made.element_size()
            self.waits += 1

    def _place(self, what: str, value: Any) -> None:
        if isinstance(value, Tensor) and len(self.places[what]) < MOST_DEVICES:
            self.places[what][str(value.device)] = None

    def forward(self, model: nn.Module, given: Tensor) -> None:
        """Record the devices of a model and its input; called before each call of the model."""
        with unmeasured():
            self._place("data", given)
            for parameter in model.parameters():
                self._place("parameters", parameter)
            for buffer in model.buffers():
                self._place("buffers", buffer)

    def answer(self) -> dict[str, object]:
        """Return the measurements, with the field names of `Placement`."""
        return {
            **{name: list(devices) for name, devices in self.places.items()},
            "flops": dict(self.flops),
            "half_flops": self.half_flops,
            "bytes_to_gpu": self.to_gpu,
            "bytes_from_gpu": self.from_gpu,
            "waits": self.waits,
        }


def _dispatch(self: Meter, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
    """Compute an operator and record where. Three quarters of those in a training step are not recorded."""
    output = func(*args, **(kwargs or {}))
    packet = func.overloadpacket
    if not _paused and (packet in flop_registry or packet.__name__ in _NOTED):
        with unmeasured():
            self.note(packet, args, kwargs or {}, output)
    return output


# Set here because inside the class torch would wrap it in three more calls to keep the compiler off.
Meter.__torch_dispatch__ = _dispatch  # type: ignore[assignment]
