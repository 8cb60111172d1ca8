"""Compute what a model computes from its kept operations, for a model whose operations follow one after the other.

It serves one purpose: the weights that a notebook's training sent must give the losses that were recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from grader.answer_key.records import ModelKey
from grader.evidence.answers import BuiltParameter
from grader.evidence.probes import Operation

if TYPE_CHECKING:
    import torch

PLAIN = ("relu", "tanh", "sigmoid")


def rebuilt(key: ModelKey) -> torch.nn.Module | None:
    """Return a module with the kept parameters, as zeros, that applies the kept operations; None if that is unknown.

    >>> linear = Operation("linear", (1, 784), (1, 10), (10, 784), {"bias": "no"})
    >>> weight = BuiltParameter("w", (10, 784))
    >>> from grader.answer_key.records import Floats, LayoutKey
    >>> layout = LayoutKey((784,), (linear,), 1, (), Floats((), b""), Floats((), b""))
    >>> import torch
    >>> rebuilt(ModelKey((weight,), (layout,), chain=True))(torch.ones(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """
    if not key.chain or not key.layouts:
        return None
    steps = used_parameters(key.layouts[0].operations, key.parameters)
    return None if steps is None else _module(key.parameters, steps)


Step = tuple[Operation, tuple[str, ...]]


def used_parameters(operations: Sequence[Operation], parameters: Sequence[BuiltParameter]) -> list[Step] | None:
    """Return each operation with the names of its parameters, in their order; None if they do not fit each other."""
    steps: list[Step] = []
    left = list(parameters)
    for operation in operations:
        if operation.name.startswith("unused:"):
            continue
        if ":" in operation.name or not _is_known(operation):
            return None
        names: list[str] = []
        if operation.weight:
            wanted = 1 if operation.settings.get("bias") == "no" else 2
            if len(left) < wanted or left[0].shape != operation.weight:
                return None
            names = [parameter.name for parameter in left[:wanted]]
            del left[:wanted]
        steps.append((operation, tuple(names)))
    return None if left else steps


def _is_known(operation: Operation) -> bool:
    return (
        operation.name in (*PLAIN, "linear", "softmax", "log_softmax", "conv1d", "conv2d", "conv3d")
        or operation.name in ("adaptive_max_pool2d", "adaptive_avg_pool2d", "max_pool2d", "avg_pool2d")
    ) and not (operation.weight and operation.name not in ("linear", "conv1d", "conv2d", "conv3d"))


def _module(parameters: Sequence[BuiltParameter], steps: Sequence[Step]) -> torch.nn.Module:
    import torch

    class Rebuilt(torch.nn.Module):
        """Applies operations to a batch, each to what the one before it gave."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            values = dict(self.named_parameters())
            for operation, names in steps:
                x = x.reshape(len(x), *operation.input[1:])
                x = _applied(operation, x, [values[name] for name in names])
            return x

    model = Rebuilt()
    for parameter in parameters:
        place: torch.nn.Module = model
        *path, last = parameter.name.split(".")
        for part in path:
            if part not in place._modules:
                place.add_module(part, torch.nn.Module())
            place = place.get_submodule(part)
        place.register_parameter(
            last, torch.nn.Parameter(torch.zeros(parameter.shape), requires_grad=parameter.trainable)
        )
    return model


def _applied(operation: Operation, x: torch.Tensor, values: Sequence[torch.Tensor]) -> torch.Tensor:
    import torch
    import torch.nn.functional as F

    name, settings = operation.name, operation.settings
    if name in PLAIN:
        plain: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] = {
            "relu": torch.relu,
            "tanh": torch.tanh,
            "sigmoid": torch.sigmoid,
        }
        return plain[name](x)
    if name == "linear":
        return F.linear(x, *values)
    if name in ("softmax", "log_softmax"):
        return torch.softmax(x, int(settings["dim"])) if name == "softmax" else x.log_softmax(int(settings["dim"]))
    if name.startswith("conv"):
        convolution: Callable[..., torch.Tensor] = getattr(F, name)
        return convolution(
            x,
            values[0],
            values[1] if len(values) > 1 else None,
            stride=_numbers(settings.get("stride", "1"), name),
            padding=_numbers(settings.get("padding", "0"), name),
            dilation=_numbers(settings.get("dilation", "1"), name),
            groups=int(settings.get("groups", "1")),
        )
    pool: Callable[..., torch.Tensor] = getattr(F, name)
    if name.startswith("adaptive"):
        return pool(x, operation.output[2:])
    kernel = _numbers(settings["kernel"], name)
    return pool(x, kernel, _numbers(settings["stride"], name), _numbers(settings.get("padding", "0"), name))


def _numbers(text: str, name: str) -> tuple[int, ...]:
    """Return the setting of each dimension: '1x2' of a 2d operation is (1, 2), and '2' is (2, 2)."""
    dimensions = int(name[-2])
    values = tuple(map(int, text.split("x")))
    return values * dimensions if len(values) == 1 else values
