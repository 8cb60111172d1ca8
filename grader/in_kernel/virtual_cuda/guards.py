"""Device checks that torch makes outside its operators: of gradients, optimizer states and recurrent layers."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from grader.in_kernel.virtual_cuda.marks import on_gpu


def install() -> None:
    """Wrap the functions of torch that need the checks."""
    tensor: Any = Tensor
    tensor.grad = property(_native_grad.__get__, _set_grad, _native_grad.__delete__)
    autograd: Any = torch.autograd
    autograd._make_grads = _checked_gradients(autograd._make_grads)
    functions: Any = torch._VF
    for name in ("lstm", "gru", "rnn_tanh", "rnn_relu"):
        setattr(functions, name, _same_device_recurrence(getattr(functions, name)))
    foreach: Any = torch.utils._foreach_utils
    foreach._group_tensors_by_device_and_dtype = _checked_groups(foreach._group_tensors_by_device_and_dtype)
    optimizer: Any = sys.modules["torch.optim.optimizer"]
    optimizer._group_tensors_by_device_and_dtype = foreach._group_tensors_by_device_and_dtype


_native_grad: Any = torch._C.TensorBase.grad


def _set_grad(self: Tensor, value: Any) -> None:
    if isinstance(value, Tensor) and on_gpu(value) != on_gpu(self):
        raise RuntimeError(
            f"attempting to assign a gradient with device type '{value.device.type}' to a tensor with device type "
            f"'{self.device.type}'. Please ensure that the gradient and the tensor are on the same device"
        )
    _native_grad.__set__(self, value)


def _checked_gradients(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap torch.autograd._make_grads: given gradients must be on the devices of the outputs."""

    @functools.wraps(original)
    def _make_grads(outputs: Any, grads: Any, *args: Any, **kwargs: Any) -> Any:
        for index, (output, gradient) in enumerate(zip(outputs, grads, strict=False)):
            both = isinstance(output, Tensor) and isinstance(gradient, Tensor)
            if both and on_gpu(output) != on_gpu(gradient):
                raise RuntimeError(
                    f"invalid gradient at index {index} - expected device {output.device} but got {gradient.device}"
                )
        return original(outputs, grads, *args, **kwargs)

    return _make_grads


def _checked_groups(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the optimizers' grouping of tensors: refuse a state on another device than its parameter.

    The groups bear the devices that the notebook sees: optimizers move a gradient scaler's tensors there.
    """

    @functools.wraps(original)
    def _group_tensors_by_device_and_dtype(tensorlistlist: Any, with_indices: bool = False) -> Any:
        for index, first in enumerate(tensorlistlist[0]):
            for others in tensorlistlist[1:]:
                other = others[index] if index < len(others) else None
                if first is not None and other is not None and other.dim() and on_gpu(other) != on_gpu(first):
                    raise RuntimeError(
                        "Tensors of the same index must be on the same device and the same dtype except `step` tensors "
                        "that can be CPU and float32/64 notwithstanding"
                    )
        groups = original(tensorlistlist, with_indices)
        return {(_device_of(lists, device), kind): (lists, at) for (device, kind), (lists, at) in groups.items()}

    return _group_tensors_by_device_and_dtype


def _device_of(lists: Any, device: Any) -> Any:
    """Return the device of a group's tensors; `device` is where their memory is."""
    first = next((tensor for tensor in lists[0] if tensor is not None), None)
    return device if first is None else first.device


def _same_device_recurrence(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a recurrent function: its input, state and weights must be on one device."""

    @functools.wraps(original)
    def run(given: Tensor, *args: Any, **kwargs: Any) -> Any:
        lists = [value for value in args if isinstance(value, (list, tuple)) and value]
        state = next((v for v in args if isinstance(v, Tensor)), None) if len(lists) < 2 else lists[0]
        for what, tensors in (("hidden", state), ("parameter", lists[-1] if lists else ())):
            for tensor in (tensors,) if isinstance(tensors, Tensor) else tensors or ():
                if isinstance(tensor, Tensor) and on_gpu(tensor) != on_gpu(given):
                    raise RuntimeError(
                        f"Input and {what} tensors are not at the same device, found input tensor at {given.device} "
                        f"and {what} tensor at {tensor.device}"
                    )
        return original(given, *args, **kwargs)

    return run
