"""List the tensor operations of a forward pass, under names that do not depend on how the student wrote them.

They are recorded by the dispatcher, where `nn.Linear`, `F.linear`, `x @ w + b` and `torch.addmm` are the same matrix
product. Only operations on data that depends on the input count; views, copies and comparisons are left out.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

MAX_OPERATIONS = 500

UNUSED = "unused:"  # prefix of an operation whose result does not reach the output; these come last
VIEW = "view:"  # prefix of a view that reorders the input's values; these are listed after the operations
_REORDERING = {"permute", "transpose", "movedim", "slice", "select", "as_strided", "unfold", "diagonal", "expand"}
_COPIES = {"clone", "_to_copy", "copy", "lift_fresh", "empty_like", "zeros_like", "ones_like", "full_like"}
_PRODUCTS = {"mm", "bmm", "matmul", "mv", "addmm", "baddbmm", "addbmm", "addmv"}
_MAY_BE_RELU = {"clamp", "clamp_min", "maximum", "fmax", "where", "mul", "threshold", "leaky_relu", "masked_fill"}
_MAY_BE_RELU |= {"index_put", "relu", "hardtanh", "_prelu_kernel", "elu"}
_NAMES = {
    "_softmax": "softmax",
    "_log_softmax": "log_softmax",
    "_adaptive_avg_pool2d": "adaptive_avg_pool2d",
    "max_pool2d_with_indices": "max_pool2d",
    "native_batch_norm": "batch_norm",
    "cudnn_batch_norm": "batch_norm",
    "_native_batch_norm_legit": "batch_norm",
    "_native_batch_norm_legit_no_training": "batch_norm",
    "native_layer_norm": "layer_norm",
    "native_group_norm": "group_norm",
    "im2col": "unfold",
    "rsub": "sub",
}
_REDUCTIONS = {"mean": "adaptive_avg_pool2d", "amax": "adaptive_max_pool2d", "max": "adaptive_max_pool2d"}
_POOLS = {"avg_pool2d": "adaptive_avg_pool2d", "max_pool2d": "adaptive_max_pool2d"}
_DROPOUTS = {"dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"}


def trace(model: nn.Module, inputs: Tensor) -> list[dict[str, Any]]:
    """Return the operations of one forward pass in evaluation mode without gradients.

    Each is a dict with the fields of `grader.evidence.probes.Operation`.
    """
    model.eval()
    operators = _Operators(model, inputs)
    with torch.no_grad(), _Dropouts(operators), operators:
        output = model(inputs)
    used = operators.used(output)
    unused = [{**op, "name": UNUSED + op["name"]} for op in operators.found if id(op) not in used]
    found = [op for op in operators.found if id(op) in used]
    return [*found, *operators.reordered, *unused][:MAX_OPERATIONS]


def _operation(
    name: str, data: Sequence[int], out: Sequence[int], *, weight: Sequence[int] = (), **settings: str
) -> Any:
    return {
        "name": name,
        "input": list(data),
        "output": list(out),
        "weight": list(weight),
        "settings": {key: value for key, value in settings.items() if value},
    }


class _Dropouts(TorchFunctionMode):
    """Records dropout one level up, because in evaluation mode it dispatches no operator."""

    def __init__(self, operators: _Operators) -> None:
        super().__init__()
        self.operators = operators

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") in _DROPOUTS and isinstance(out, Tensor):
            self.operators.found.append(_operation("dropout", out.shape, out.shape))
            self.operators.note([out], [out])
        return out


class _Operators(TorchDispatchMode):
    """Records every operator. Storages that depend on the input are tracked by address, and kept alive."""

    def __init__(self, model: nn.Module, inputs: Tensor) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []
        self.reordered: list[dict[str, Any]] = []
        self._parameters = {_memory(p) for p in model.parameters()}
        self._reached = {_memory(inputs)}
        self._alive: list[Tensor] = [inputs]
        self._made_by: dict[int, frozenset[int]] = {}  # storage: ids of the operations that it comes from
        self._noted: list[Any] = []  # keeps these ids from being used again

    def note(self, data: Sequence[Tensor], out: Sequence[Tensor]) -> None:
        """Remember that the last operation made `out` of `data`."""
        self._noted.append(self.found[-1])
        self._flow(data, out, {id(self.found[-1])})

    def _flow(self, data: Sequence[Tensor], out: Sequence[Tensor], by: Set[int] = frozenset()) -> None:
        sources = frozenset(by).union(*(self._made_by.get(_memory(t), frozenset()) for t in (*data, *out)))
        self._made_by.update((_memory(t), sources) for t in out)

    def used(self, output: Any) -> frozenset[int]:
        """Return the ids of the operations on whose results the model's output depends."""
        tensors = [t for t in tree_leaves(output) if isinstance(t, Tensor)]
        known = [self._made_by[_memory(t)] for t in tensors if _memory(t) in self._made_by]
        if not known:  # by a way that cannot be followed, such as numpy
            return frozenset(map(id, self.found))
        return frozenset().union(*known)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Return False: nothing is compiled here, and True would import Dynamo, which takes a second."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        tensors = [t for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)]
        data = [t for t in tensors if _memory(t) in self._reached]
        in_place = name.endswith("_") and not name.startswith("__")
        before = data[0].clone() if data and in_place else None
        out = func(*args, **kwargs)
        self._alive.extend(t for t in tree_leaves(out) if isinstance(t, Tensor))
        result = out[0] if isinstance(out, (tuple, list)) and out else out
        if data and isinstance(result, Tensor):
            view = not in_place and _memory(result) in {_memory(t) for t in data}
            self._reached.update(_memory(t) for t in tree_leaves(out) if isinstance(t, Tensor))
            if in_place:
                name = name.rstrip("_")
            if view and name in _REORDERING and not _same_order(data[0], result):
                self.reordered.append(_operation(VIEW + name, data[0].shape, result.shape))
            made = [t for t in tree_leaves(out) if isinstance(t, Tensor)]
            if not view and result.is_floating_point() and name not in _COPIES:
                self._add(name, args, kwargs, [before, *data[1:]] if before is not None else data, result)
                self.note(data, made)
            else:
                self._flow(data, made)
        elif any(_memory(t) in self._parameters for t in tensors):
            self._parameters.update(_memory(t) for t in tree_leaves(out) if isinstance(t, Tensor))
        return out

    def _add(self, name: str, args: Any, kwargs: Any, data: list[Any], out: Tensor) -> None:
        """Append the operation, or change the last one if both together are one layer."""
        x = data[0]
        last = self.found[-1] if self.found else None
        name = _NAMES.get(name, name)
        if name in _PRODUCTS or name == "linear":
            self.found.append(self._product(name, args, out))
        elif name == "convolution":
            self.found.append(_convolution(args, out))
        elif name == "add" and last is not None and self._is_bias(args, last):
            last["settings"].pop("bias", None)
        elif name in _MAY_BE_RELU and _is_relu(name, args, kwargs, data, out):
            self.found.append(_operation("relu", out.shape, out.shape))
        elif name in _REDUCTIONS:
            self._reduction(name, args, x, out, last)
        elif name in _POOLS:
            whole = out.dim() == 4 and out.shape[2:] == (1, 1) and list(args[1]) == list(x.shape[2:])
            padding = _sizes(args[3]) if len(args) > 3 else "0"
            if whole and padding == "0":
                self.found.append(_operation(_POOLS[name], x.shape, out.shape))
            else:
                stride = _sizes(args[2]) if len(args) > 2 and len(args[2]) else _sizes(args[1])
                kernel = _sizes(args[1])
                self.found.append(_operation(name, x.shape, out.shape, kernel=kernel, stride=stride, padding=padding))
        else:
            dim = str(args[1]) if name in ("softmax", "log_softmax") else ""
            self.found.append(_operation(name.strip("_"), x.shape, out.shape, dim=dim))

    def _product(self, name: str, args: Any, out: Tensor) -> Any:
        """Return a matrix product: 'linear' if one factor is a weight, 'matmul' if both depend on the input."""
        bias = args[0] if name.startswith("add") or name == "baddbmm" else (args[2] if len(args) > 2 else None)
        left, right = args[1:3] if name.startswith("add") or name == "baddbmm" else args[:2]
        if name == "linear":
            right = right.t()
        shapes = [_flat(left.shape), _flat(right.shape), _flat(out.shape)]
        if _memory(left) not in self._reached:  # weight @ x.T
            shapes = [shapes[1][::-1], shapes[0][::-1], shapes[2][::-1]]
        elif _memory(right) in self._reached:
            return _operation("matmul", left.shape, out.shape)
        weight = shapes[1][::-1] if len(shapes[1]) > 1 else [1, *shapes[1]]
        return _operation("linear", shapes[0], shapes[2], weight=weight, bias="" if bias is not None else "no")

    def _is_bias(self, args: Any, last: dict[str, Any]) -> bool:
        """Return whether an addition is the bias of the product just before it."""
        added = [a for a in args[:2] if isinstance(a, Tensor) and _memory(a) not in self._reached]
        produced = last["name"] == "linear" or last["name"].startswith("conv")
        missing = last["settings"].get("bias") == "no"
        return bool(produced and missing and added and _memory(added[0]) in self._parameters)

    def _reduction(self, name: str, args: Any, x: Tensor, out: Tensor, last: dict[str, Any] | None) -> None:
        """Append a mean or maximum; over all pixels, in one step, in two or flattened, it is global pooling."""
        given = args[1] if len(args) > 1 and not isinstance(args[1], Tensor) else None
        if given is None or given == []:
            dims = set(range(x.dim()))
        else:
            dims = {d % x.dim() for d in ([given] if isinstance(given, int) else given)}
        pool, shape, channels = _REDUCTIONS[name], list(x.shape), list(x.shape[:2])
        if x.dim() == 4 and dims == {2, 3}:
            self.found.append(_operation(pool, shape, [*channels, 1, 1]))
            return
        if last is not None and dims == {2} and x.dim() in (3, 4) and x.shape[2:].numel() == x.shape[2]:
            before = last["output"]
            if len(before) == 4 and before[:2] == channels and before[2] * before[3] == x.shape[2]:
                self.found.append(_operation(pool, before, [*channels, 1, 1]))
                return
            if last["name"] == name and len(last["input"]) == 4 and last["input"][:2] == channels:
                self.found[-1] = _operation(pool, last["input"], [*channels, 1, 1])
                return
        self.found.append(_operation(name, shape, out.shape, dim=",".join(map(str, sorted(dims)))))


def _same_order(one: Tensor, other: Tensor) -> bool:
    return one.numel() == other.numel() and torch.equal(one.reshape(-1), other.reshape(-1))


def _memory(t: Tensor) -> int:
    return int(t.untyped_storage()._cdata)


def _flat(shape: Sequence[int]) -> list[int]:
    """Return the shape without leading dimensions of size 1, down to a matrix."""
    sizes = list(shape)
    while len(sizes) > 2 and sizes[0] == 1:
        sizes = sizes[1:]
    return sizes


def _sizes(values: Any) -> str:
    """Return '1' for [1, 1] and '1x2' for [1, 2]."""
    values = [values] if isinstance(values, int) else list(values)
    return str(values[0]) if len(set(values)) == 1 else "x".join(map(str, values))


def _convolution(args: Any, out: Tensor) -> Any:
    x, weight, bias, stride, padding, dilation, transposed, _, groups = args[:9]
    name = f"conv{'_transpose' if transposed else ''}{weight.dim() - 2}d"
    return _operation(
        name,
        x.shape,
        out.shape,
        weight=weight.shape,
        stride=_sizes(stride),
        padding=_sizes(padding),
        dilation=_sizes(dilation) if _sizes(dilation) != "1" else "",
        groups=str(groups) if groups != 1 else "",
        bias="" if bias is not None else "no",
    )


def _is_relu(name: str, args: Any, kwargs: Any, data: Sequence[Any], out: Tensor) -> bool:
    """Return whether the output is exactly the positive part of one of the inputs, without an upper limit."""
    if name in ("clamp", "hardtanh"):
        top = kwargs.get("max", args[2] if len(args) > 2 else None)
        if top is not None and top != float("inf"):
            return False
    if name == "relu":
        return True
    return any(
        x.shape == out.shape and x.is_floating_point() and bool((x < 0).any()) and torch.equal(out, x.clamp(min=0))
        for x in data
    )
