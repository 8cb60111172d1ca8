"""What CUDA says when the operands of an operator are on two devices.

Three mechanisms refuse them. Operators with a generated check compare their arguments in the order of the schema and name
the argument and the method; the names of the methods were read off torch's CUDA library (`methods.txt`). Element-wise
operators (TensorIterator) accept a single 0-dimensional CPU operand and name the devices only. Some check by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import torch
from torch import Tensor

from grader.inside.virtual_cuda.marks import on_gpu

Operands = Sequence[tuple[str, Tensor]]  # argument name and tensor, in the order in which CUDA checks them

_VERSION = tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2])
NAMES_THE_ARGUMENT_FIRST = _VERSION >= (2, 8)  # the wording of generated checks changed

TWO_DEVICES = "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!"

# Operators whose work another one does on a GPU: that one's method, and its names of our arguments.
_AS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "embedding": ("wrapper_CUDA__index_select", {"weight": "self", "indices": "index"}),
    "stack": ("wrapper_CUDA_cat", {}),
    "native_batch_norm": ("wrapper_CUDA__cudnn_batch_norm", {}),
    "_native_batch_norm_legit": ("wrapper_CUDA__cudnn_batch_norm", {}),
    "scatter_reduce": ("wrapper_CUDA_scatter_reduce_two", {}),
}
# Tensors on either device are fine.
_INDIFFERENT = {"copy_", "_to_copy", "set_", "_foreach_copy_", "resize_as_", "lift_fresh", "_local_scalar_dense"}


@cache
def _methods() -> frozenset[str]:
    return frozenset(resources.files(__package__).joinpath("methods.txt").read_text(encoding="ascii").split())


def method_of(func: Any) -> str | None:
    """The method that a generated check of this operator names, None when it has none."""
    name, overload = func.overloadpacket.__name__, func._overloadname
    overload = "" if overload == "default" else overload
    own = f"{name}_{overload}" if overload else name
    for method in (f"wrapper_CUDA_{overload}_{name}", f"wrapper_CUDA_{own}", f"wrapper_CUDA_{name}"):
        if method in _methods():
            return method
    return None


def check(func: Any, operands: Operands) -> None:
    """Raise what CUDA raises for these operands, of which some are on the GPU and some are not; return if it takes them."""
    name = func.overloadpacket.__name__
    if name in _INDIFFERENT:
        return
    if name in _OWN:
        _OWN[name](operands)
        return
    method, renamed = _AS.get(name, (method_of(func), {}))
    if method is not None:
        _check_arguments(method, [(renamed.get(argument, argument), tensor) for argument, tensor in operands])
    _check_elementwise(func, operands)


def device(tensor: Tensor) -> str:
    """'cuda:0' or 'cpu'."""
    return "cuda:0" if on_gpu(tensor) else "cpu"


def type_name(tensor: Tensor) -> str:
    """'torch.cuda.FloatTensor' and the like."""
    return tensor.type()


def _check_arguments(method: str, operands: Operands) -> None:
    common = device(operands[0][1])
    for argument, tensor in operands:
        if device(tensor) == common:
            continue
        if NAMES_THE_ARGUMENT_FIRST:
            raise RuntimeError(
                f"Expected all tensors to be on the same device, but got {argument} is on {device(tensor)}, different "
                f"from other tensors on {common} (when checking argument in method {method})"
            )
        raise RuntimeError(
            f"Expected all tensors to be on the same device, but found at least two devices, {common} and "
            f"{device(tensor)}! (when checking argument for argument {argument} in method {method})"
        )


def _check_elementwise(func: Any, operands: Operands) -> None:
    """TensorIterator's rule: outputs are on the device, inputs too but for 0-dimensional ones."""
    written = {a.name for a in func._schema.arguments if a.alias_info is not None and a.alias_info.is_write}
    scalars = 0
    for argument, tensor in operands:
        if on_gpu(tensor):
            continue
        if tensor.dim() or argument in written:
            raise RuntimeError(TWO_DEVICES)
        scalars += 1
    if scalars > 1 and len(operands) - scalars < 2 and not func.overloadpacket.__name__.startswith("_foreach"):
        raise RuntimeError("Trying to pass too many CPU scalars to non-CPU kernel!")


# --- operators that check by themselves --------------------------------------------------------------------------


def _index(operands: Operands) -> None:
    indexed = operands[0][1]
    if not on_gpu(indexed) and any(on_gpu(t) for name, t in operands if name == "indices"):
        raise RuntimeError("indices should be either on cpu or on the same device as the indexed tensor (cpu)")
    for name, tensor in operands[1:]:
        if name == "values" and on_gpu(tensor) != on_gpu(indexed) and (tensor.dim() or not on_gpu(indexed)):
            raise RuntimeError(TWO_DEVICES)


def _masked_fill(operands: Operands) -> None:
    found = dict(operands)
    own, mask = found["self"], found["mask"]
    if on_gpu(own) != on_gpu(mask):
        raise RuntimeError(
            f"expected self and mask to be on the same device, but got mask on {device(mask)} and self on {device(own)}"
        )
    if not on_gpu(own):
        raise RuntimeError("masked_fill: Expected inputs to be on same device")


def _where(operands: Operands) -> None:
    found = dict(operands)
    condition, own, other = found["condition"], found["self"], found["other"]
    gpu = [t for t in (condition, own, other) if on_gpu(t)]
    cpu = [t for t in (own, other) if not on_gpu(t)]
    if gpu and ((not on_gpu(condition) and condition.dim()) or any(t.dim() for t in cpu)):
        raise RuntimeError(TWO_DEVICES)


def _convolution(operands: Operands) -> None:
    found = dict(operands)
    given = found["input"]
    for argument in ("weight", "bias"):
        other = found.get(argument)
        if other is None or on_gpu(other) == on_gpu(given):
            continue
        plain = on_gpu(given) or argument == "bias"
        raise RuntimeError(
            f"Input type ({type_name(given)}) and {argument} type ({type_name(other)}) should be the same"
            + ("" if plain else f" or input should be a MKLDNN tensor and {argument} is a dense tensor")
        )


_OWN: Mapping[str, Callable[[Operands], None]] = {
    "index": _index,
    "index_put": _index,
    "index_put_": _index,
    "_index_put_impl_": _index,
    "masked_fill": _masked_fill,
    "masked_fill_": _masked_fill,
    "where": _where,
    "convolution": _convolution,
}
