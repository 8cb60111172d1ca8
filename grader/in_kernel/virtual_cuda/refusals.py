"""CUDA's errors for operators whose operands are on two devices.

Three mechanisms refuse them. Operators with a generated check compare their arguments in the order of the schema and
name the argument and the method; the names of the methods were read from torch's CUDA library (`methods.txt`).
Element-wise operators (TensorIterator) accept a single 0-dimensional CPU operand and name only the devices. Some
operators have their own check.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import torch
from torch import Tensor

from grader.in_kernel.virtual_cuda.marks import decide, on_gpu, out_of_memory

Operands = Sequence[tuple[str, Tensor]]  # argument name and tensor, in the order in which CUDA checks them

_VERSION = tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2])
NAMES_THE_ARGUMENT_FIRST = _VERSION >= (2, 8)  # the wording of generated checks changed

TWO_DEVICES = "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!"

# Operators that another operator implements on a GPU: the other's method, and its names for their arguments.
_AS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "embedding": ("wrapper_CUDA__index_select", {"weight": "self", "indices": "index"}),
    "stack": ("wrapper_CUDA_cat", {}),
    "scatter_reduce": ("wrapper_CUDA_scatter_reduce_two", {}),
}
# Operators that accept tensors on both devices.
_INDIFFERENT = {
    "copy_",
    "fill_",
    "_to_copy",
    "set_",
    "_foreach_copy_",
    "resize_as_",
    "lift_fresh",
    "_local_scalar_dense",
}


@cache
def _methods() -> frozenset[str]:
    return frozenset(resources.files(__package__).joinpath("methods.txt").read_text(encoding="ascii").split())


def method_of(func: Any) -> str | None:
    """Return the method that the generated check of this operator names, or None if it has no such check."""
    name, overload = func.overloadpacket.__name__, func._overloadname
    overload = "" if overload == "default" else overload
    if "out" in overload or any(a.is_out for a in func._schema.arguments):
        name += "_out"
    own = f"{name}_{overload}" if overload else name
    for method in (f"wrapper_CUDA_{overload}_{name}", f"wrapper_CUDA_{own}", f"wrapper_CUDA_{name}"):
        if method in _methods():
            return method
    return None


def check(func: Any, operands: Operands, args: Sequence[Any] = ()) -> None:
    """Raise CUDA's error for operands of which some are on the GPU and some are not; return if CUDA accepts them.

    `args` are the operator's positional arguments, for checks that depend on more than the tensors.
    """
    name = func.overloadpacket.__name__
    decided = [decide(tensor) for _, tensor in operands]
    if any(decided) and all(on_gpu(tensor) for _, tensor in operands):
        return
    if name in _OWN:
        _OWN[name](operands, args)
    elif name not in _INDIFFERENT:
        method, renamed = _AS.get(name, (method_of(func), {}))
        if method is not None:
            _check_arguments(method, [(renamed.get(argument, argument), tensor) for argument, tensor in operands])
        _check_elementwise(func, operands)
    for _, tensor in operands:
        if tensor.requires_grad:
            _bring_gradient_home(tensor)


def _bring_gradient_home(tensor: Any) -> None:
    """Move a tensor's gradient to its device: autograd's own move is C++, where all devices are the CPU."""
    if not getattr(tensor, "_virtual_home", False):
        there = tensor.device
        tensor.register_hook(lambda gradient: gradient.to(there))
        tensor._virtual_home = True


def device(tensor: Tensor) -> str:
    """Return 'cuda:0' or 'cpu'."""
    return "cuda:0" if on_gpu(tensor) else "cpu"


def type_name(tensor: Tensor) -> str:
    """Return the name of a tensor's legacy type, such as 'torch.cuda.FloatTensor'."""
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
    """Apply TensorIterator's rule: all tensors are on the GPU, except 0-dimensional inputs."""
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


# --- operators with their own check ------------------------------------------------------------------------------


def _index(operands: Operands, args: Sequence[Any]) -> None:
    indexed = operands[0][1]
    if not on_gpu(indexed) and any(on_gpu(t) for name, t in operands if name == "indices"):
        raise RuntimeError("indices should be either on cpu or on the same device as the indexed tensor (cpu)")
    accumulates = len(args) > 3 and bool(args[3])
    for name, tensor in operands[1:]:
        if name == "values" and accumulates and not on_gpu(tensor):
            raise RuntimeError("expected device cuda:0 but got device cpu for value tensor")
        if name == "values" and on_gpu(tensor) != on_gpu(indexed) and tensor.dim():
            raise RuntimeError(TWO_DEVICES)


def _masked_fill(operands: Operands, args: Sequence[Any]) -> None:
    found = dict(operands)
    own, mask = found["self"], found["mask"]
    if on_gpu(own) != on_gpu(mask):
        raise RuntimeError(
            f"expected self and mask to be on the same device, but got mask on {device(mask)} and self on {device(own)}"
        )
    if not on_gpu(own):
        raise RuntimeError("masked_fill: Expected inputs to be on same device")


def _where(operands: Operands, args: Sequence[Any]) -> None:
    found = dict(operands)
    condition, own, other = found["condition"], found["self"], found["other"]
    gpu = [t for t in (condition, own, other) if on_gpu(t)]
    cpu = [t for t in (own, other) if not on_gpu(t)]
    if gpu and ((not on_gpu(condition) and condition.dim()) or any(t.dim() for t in cpu)):
        raise RuntimeError(TWO_DEVICES)


def _convolution(operands: Operands, args: Sequence[Any]) -> None:
    found = dict(operands)
    given = found["input"]
    for argument in ("weight", "bias"):
        other = found.get(argument)
        if other is None or on_gpu(other) == on_gpu(given):
            continue
        if not on_gpu(given) and argument == "weight" and not _takes_mkldnn(given, other, args):
            _check_arguments("wrapper_CUDA___slow_conv2d_forward", [("self", given), ("weight", other)])
        plain = on_gpu(given) or argument == "bias"
        raise RuntimeError(
            f"Input type ({type_name(given)}) and {argument} type ({type_name(other)}) should be the same"
            + ("" if plain else f" or input should be a MKLDNN tensor and {argument} is a dense tensor")
        )


def _takes_mkldnn(given: Tensor, weight: Tensor, args: Sequence[Any]) -> bool:
    """Return whether torch uses MKLDNN for a CPU input: not for a single small image.

    The rule is that of use_mkldnn in ATen/native/Convolution.cpp.
    """
    groups = args[8] if len(args) > 8 else 1
    return groups > 1 or min(weight.shape[-2:]) > 3 or given.shape[0] > 1 or given.numel() > 20480


def _matrix_vector(operands: Operands, args: Sequence[Any]) -> None:
    found = dict(operands)
    _check_arguments("wrapper_CUDA_addmv_", [("self", found["vec"]), ("mat", found["self"]), ("vec", found["vec"])])


def _batch_norm(operands: Operands, args: Sequence[Any]) -> None:
    given = operands[0][1]
    cudnn = on_gpu(given) and given.dim() > 2
    _check_arguments("wrapper_CUDA__cudnn_batch_norm" if cudnn else "wrapper_CUDA__native_batch_norm", operands)


_OWN: Mapping[str, Callable[[Operands, Sequence[Any]], None]] = {
    "mv": _matrix_vector,
    "native_batch_norm": _batch_norm,
    "_native_batch_norm_legit": _batch_norm,
    "index": _index,
    "index_put": _index,
    "index_put_": _index,
    "_index_put_impl_": _index,
    "masked_fill": _masked_fill,
    "masked_fill_": _masked_fill,
    "where": _where,
    "convolution": _convolution,
}


# --- errors that the CPU words differently -----------------------------------------------------------------------

_TYPE_NAMES = {torch.int64: "Long", torch.int32: "Int", torch.int16: "Short", torch.int8: "Char", torch.uint8: "Byte"}
_TYPE_NAMES |= {torch.bool: "Bool", torch.float16: "Half", torch.float32: "Float", torch.float64: "Double"}


def no_integer_products(func: Any, dtype: torch.dtype) -> None:
    """Raise CUDA's error for a matrix product of integers, for which it has no kernel."""
    kernel = {"dot": "dot", "bmm": "baddbmm_cuda", "baddbmm": "baddbmm_cuda", "mv": "addmv_impl_cuda"}
    kernel["addmv"] = kernel["mv"]
    name = kernel.get(func.overloadpacket.__name__, "addmm_cuda")
    raise RuntimeError(f"\"{name}\" not implemented for '{_TYPE_NAMES.get(dtype, dtype)}'")


def translated(error: RuntimeError, func: Any, args: Sequence[Any]) -> Exception:
    """Return CUDA's error in place of the CPU's for operands on the GPU, or the same error if the two agree."""
    text, name = str(error), func.overloadpacket.__name__
    if "DefaultCPUAllocator" in text and "allocate" in text:
        digits = "".join(c for c in text.partition("allocate")[2].split("bytes")[0] if c.isdigit())
        return out_of_memory(int(digits or 0))
    if name in ("nll_loss_forward", "nll_loss2d_forward") and re.search("expected (target dtype|scalar type)", text):
        kernel = "nll_loss_forward_reduce_cuda_kernel_2d_index"
        return RuntimeError(f"\"{kernel}\" not implemented for '{_TYPE_NAMES.get(args[1].dtype, args[1].dtype)}'")
    if name == "convolution" and args[0].dtype != args[1].dtype:
        return RuntimeError(
            f"Input type ({type_name(args[0])}) and weight type ({type_name(args[1])}) should be the same"
        )
    if "expected m1 and m2" in text:
        return RuntimeError(text.replace("expected m1 and m2", "expected mat1 and mat2"))
    return error
