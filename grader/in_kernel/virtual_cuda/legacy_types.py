"""The legacy tensor types, such as torch.FloatTensor and torch.cuda.FloatTensor, and the default tensor type."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from grader.in_kernel.virtual_cuda.marks import on_gpu

DTYPES = {
    "FloatTensor": torch.float32,
    "DoubleTensor": torch.float64,
    "HalfTensor": torch.float16,
    "BFloat16Tensor": torch.bfloat16,
    "LongTensor": torch.int64,
    "IntTensor": torch.int32,
    "ShortTensor": torch.int16,
    "CharTensor": torch.int8,
    "ByteTensor": torch.uint8,
    "BoolTensor": torch.bool,
}
NATIVE_TYPES = {name: getattr(torch, name) for name in DTYPES}


def install() -> None:
    """Replace the tensor types of both devices."""
    for module, place in ((torch, "torch"), (torch.cuda, "torch.cuda")):
        for name, kind in tensor_types(place).items():
            setattr(module, name, kind)
    torch.set_default_tensor_type = _default_tensor_type(torch.set_default_tensor_type)


class _TensorType(type):
    """The metaclass of the tensor types: all tensors of a type's dtype on its device are its instances."""

    _name: str
    dtype: torch.dtype
    is_cuda: bool

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor) and on_gpu(instance) == cls.is_cuda and instance.dtype == cls.dtype

    def __call__(cls, *args: Any, **kwargs: Any) -> Tensor:
        """Return a new tensor from sizes or data, as the legacy constructor does."""
        made: Tensor = NATIVE_TYPES[cls.__name__](*args, **kwargs)
        return made.cuda() if cls.is_cuda else made

    def __repr__(cls) -> str:
        return f"<class '{cls._name}'>"


def tensor_types(module: str) -> dict[str, type]:
    """Return the tensor types of 'torch' or 'torch.cuda' by name."""
    return {
        name: _TensorType(
            name,
            (),
            {"_name": f"{module}.{name}", "dtype": dtype, "is_cuda": module == "torch.cuda", "__module__": module},
        )
        for name, dtype in DTYPES.items()
    }


def _default_tensor_type(original: Callable[..., None]) -> Callable[..., None]:
    """Wrap torch.set_default_tensor_type; torch prints a tensor's device only if it is not this type's."""
    names = ["cpu"]
    torch._C._get_default_device = lambda: names[0]

    @functools.wraps(original)
    def set_default_tensor_type(t: Any, /) -> None:
        name = t if isinstance(t, str) else f"{t.__module__}.{t.__name__}"
        names[0] = "cuda" if ".cuda." in name else "cpu"
        original(NATIVE_TYPES[name.rpartition(".")[2]])
        torch.set_default_device("cuda" if names[0] == "cuda" else None)

    return set_default_tensor_type
