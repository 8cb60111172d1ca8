"""Tensors that report their mark: attributes, moves between devices, new tensors, numpy, pinned memory."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import _get_current_function_mode_stack
from torch.utils._device import DeviceContext, _device_constructors

from grader.in_kernel.virtual_cuda import activation, guards, legacy_types, storages
from grader.in_kernel.virtual_cuda.marks import CPU, GPU, on_gpu, storage_of

LINKED = torch.version.cuda is not None  # if not, torch's own functions refuse the name 'cuda'
_native_to = Tensor.to
_to_copy: Any = torch.ops.aten._to_copy.default  # also in torch's CPU builds, whose `to` refuses the name 'cuda'
_native_device = torch._C.TensorBase.device
LEAVING = torch.device("cpu", 0)  # a real copy to the CPU, for the rule of `_to_copy`; torch itself passes 'cpu'
_installed: list[bool] = []


def install_pinning() -> None:
    """Replace the methods for pinned memory, which loaders with `pin_memory=True` use before CUDA is used."""
    for method in (pin_memory, is_pinned):
        setattr(Tensor, method.__name__, functools.wraps(getattr(Tensor, method.__name__))(method))


def install() -> None:
    """Replace the attributes and methods of tensors, storages and legacy types; later calls change nothing."""
    if _installed:
        return
    _installed.append(True)
    _device_constructors()  # fills torch's cache of its own functions, which `with torch.device(...)` needs
    tensor: Any = Tensor
    tensor.device = property(device)
    tensor.is_cuda = property(on_gpu)
    tensor.is_cpu = property(lambda self: device(self).type == "cpu")
    for name, method in _METHODS.items():
        setattr(tensor, name, functools.wraps(getattr(tensor, name))(method))
    for name in _NAMED:
        setattr(tensor, name, _at_named_device(getattr(tensor, name)))
    for name in _LIKE:
        setattr(torch, name, _at_named_device(getattr(torch, name)))
    for name in ("numpy", "apply_", "map_", "map2_", "tolist"):
        setattr(tensor, name, _on_host(name, getattr(tensor, name)))
    for name in ("tensor", "as_tensor", "asarray"):
        setattr(torch, name, _converting(getattr(torch, name)))
    torch.get_device = get_device  # type: ignore[assignment]
    for part in (storages, guards, legacy_types):
        part.install()


# --- attributes --------------------------------------------------------------------------------------------------


def device(self: Tensor) -> torch.device:
    """Return the device that a tensor is on."""
    try:
        storage: Any = self.untyped_storage()
        if storage._virtual_cuda is not None:
            return GPU
    except (NotImplementedError, AttributeError):
        if on_gpu(self):
            return GPU
    native: torch.device = _native_device.__get__(self)
    return native


def get_device(self: Tensor) -> int:
    """Return 0 for the GPU, -1 for the CPU."""
    return 0 if on_gpu(self) else -1


# --- moves -------------------------------------------------------------------------------------------------------


class ToCopy(torch.autograd.Function):
    """A differentiable copy to the other device; its backward is named like torch's own."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor, *options: Any) -> Tensor:
        """Return the copy; `options` are the further arguments of `_cross`."""
        ctx.source = tensor.device, tensor.dtype
        return _cross(tensor.detach(), *options)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """Return the gradient on the original's device."""
        (gradient,) = gradients
        device, dtype = ctx.source
        return gradient.to(device, dtype), None, None, None


ToCopy._backward_cls.__name__ = "ToCopyBackward0"


def _cross(tensor: Tensor, target: torch.device, dtype: torch.dtype | None, memory_format: Any) -> Tensor:
    options = {} if memory_format is None else {"memory_format": memory_format}
    there = LEAVING if target.type == "cpu" else target
    made: Tensor = _to_copy(tensor, dtype=dtype or tensor.dtype, device=there, **options)
    return made


def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Tensor.to: a copy if the device or the dtype changes, else the tensor itself."""
    if args and type(args[0]) is int:
        args = (torch.device("cuda", args[0]), *args[1:])
    positional, named, copy = _without_copy(args, kwargs)
    target, dtype, non_blocking, memory_format = torch._C._nn._parse_to(*positional, **named)
    other = positional[0] if positional else named.get("other")
    if isinstance(other, Tensor):
        target = other.device
    here = self.device
    if target is not None and target.type == "cuda":
        activation.touch(target)
    if target is None or target.type == here.type:
        options = {} if memory_format is None else {"memory_format": memory_format}
        return _native_to(self, dtype or self.dtype, non_blocking, copy, **options)
    if "meta" in (target.type, here.type):
        return _native_to(self, target, dtype or self.dtype, non_blocking, copy)
    if self.requires_grad and torch.is_grad_enabled():
        moved: Tensor = ToCopy.apply(self, target, dtype, memory_format)
        return moved
    return _cross(self, target, dtype, memory_format)


def _without_copy(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any], bool]:
    """Split `copy` from the arguments of `to`, because torch's own parser of them refuses it."""
    named = dict(kwargs)
    copy = bool(named.pop("copy", False))
    position = 2 if args and isinstance(args[0], (torch.dtype, Tensor)) else 3
    if len(args) > position:
        copy, args = bool(args[position]), args[:position]
    return args, named, copy


def cuda(self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None) -> Tensor:
    """Tensor.cuda."""
    target = torch.device("cuda", device) if isinstance(device, int) else torch.device(device or "cuda")
    if target.type != "cuda":
        raise RuntimeError(f"Invalid device, must be cuda device but got {target.type}")
    return self.to(target, non_blocking=non_blocking, memory_format=memory_format)


def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """Tensor.cpu."""
    return self.to(CPU, memory_format=memory_format)


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """Tensor.type_as: a copy with the device and dtype of another tensor."""
    return self.to(other.device, other.dtype)


_native_type = Tensor.type


def type_(self: Tensor, dtype: Any = None, non_blocking: bool = False, **kwargs: Any) -> Any:
    """Tensor.type: the type's name, or a conversion to a dtype or to a legacy type of either device."""
    if dtype is None:
        name: str = _native_type(self)
        return name.replace("torch.", "torch.cuda.", 1) if on_gpu(self) else name
    if isinstance(dtype, torch.dtype):
        return self.to(dtype)
    name = dtype if isinstance(dtype, str) else getattr(dtype, "_name", None) or f"torch.{dtype.__name__}"
    kind = legacy_types.DTYPES.get(name.rpartition(".")[2])
    if kind is None:
        return _native_type(self, dtype, non_blocking, **kwargs)
    return self.to(GPU if ".cuda." in name else CPU, kind)


# --- new tensors -------------------------------------------------------------------------------------------------

_native_tensor, _native_new = torch.tensor, Tensor.new


def new_tensor(self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, **kwargs: Any) -> Tensor:
    """Tensor.new_tensor: a copy of data, by default on this tensor's device."""
    target = self.device if device is None else torch.device(device)
    return torch.tensor(data, dtype=dtype or self.dtype, device=target, **kwargs)


def new(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Tensor.new, the legacy constructor."""
    made: Tensor = _native_new(self, *args, **kwargs)
    return made.to(self.device)


_NAMED = ("new_zeros", "new_ones", "new_empty", "new_full", "new_empty_strided")
_LIKE = ("zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like", "randint_like")


def _at_named_device(original: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Wrap a function that makes a tensor like another, so that its `device` argument is obeyed."""

    @functools.wraps(original)
    def make(*args: Any, **kwargs: Any) -> Tensor:
        made = original(*args, **kwargs)
        target = kwargs.get("device")
        if target is None or torch.device(target).type == made.device.type:
            return made
        moved = made.detach().to(target)
        return moved.requires_grad_() if made.requires_grad else moved

    return make


def _device_of_context() -> torch.device | None:
    """Return the GPU if `with torch.device(...)` or torch.set_default_device names it, else None."""
    contexts = [mode for mode in _get_current_function_mode_stack() if isinstance(mode, DeviceContext)]
    return GPU if contexts and contexts[-1].device.type == "cuda" else None


def _converting(original: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Wrap torch.tensor, as_tensor or asarray: the result is on `device`, and a tensor's stays on its device."""

    @functools.wraps(original)
    def convert(data: Any, *args: Any, **kwargs: Any) -> Tensor:
        target = kwargs.get("device")
        if target is None and not LINKED:
            target = _device_of_context()
        if target is None:
            made = original(data, *args, **kwargs)
            return made.to(GPU) if isinstance(data, Tensor) and on_gpu(data) and not on_gpu(made) else made
        with_gradient = bool(kwargs.get("requires_grad"))
        named = {**kwargs, "device": CPU if torch.device(target).type == "cuda" else target}
        if with_gradient:
            named["requires_grad"] = False
        if isinstance(data, Tensor) and original is not _native_tensor:
            return original(data, *args, **{**named, "device": None}).to(target)
        if torch.device(target).type == "cuda":
            activation.touch(torch.device(target))
        made = original(data.cpu() if isinstance(data, Tensor) and on_gpu(data) else data, *args, **named).to(target)
        return made.requires_grad_() if with_gradient else made

    return convert


# --- the host ----------------------------------------------------------------------------------------------------


def _on_host(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method that accesses the tensor's memory, which the host cannot do on a GPU."""

    @functools.wraps(original)
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        if on_gpu(self):
            if name == "numpy" and not kwargs.get("force"):
                raise TypeError(
                    "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host "
                    "memory first."
                )
            if name in ("apply_", "map_", "map2_"):
                raise TypeError(f"{name} is only implemented on CPU tensors")
            return original(self.detach().cpu() if name == "numpy" else self.cpu(), *args, **kwargs)
        return original(self, *args, **kwargs)

    return method


def pin_memory(self: Tensor, device: Any = None) -> Tensor:
    """Tensor.pin_memory: a copy that reports to be pinned."""
    if on_gpu(self):
        raise RuntimeError(f"cannot pin '{self.type()}' only dense CPU tensors can be pinned")
    if is_pinned(self):
        return self
    made = self.clone()
    made.untyped_storage()._virtual_pinned = True  # type: ignore[attr-defined]
    return made


def is_pinned(self: Tensor, device: Any = None) -> bool:
    """Tensor.is_pinned."""
    storage = storage_of(self)
    return storage is not None and storage._virtual_pinned


def record_stream(self: Tensor, stream: object) -> None:
    """Tensor.record_stream: does nothing, because there is only one stream."""


_METHODS: dict[str, Callable[..., Any]] = {
    "to": to,
    "cuda": cuda,
    "cpu": cpu,
    "type": type_,
    "type_as": type_as,
    "get_device": get_device,
    "new_tensor": new_tensor,
    "new": new,
    "record_stream": record_stream,
}
