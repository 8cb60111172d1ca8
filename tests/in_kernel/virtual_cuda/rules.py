"""A model of CUDA's device rules, independent of the virtual device, which runs programs on the CPU.

A program is a list of steps. A step has `code` for a process with a GPU and `plain`, its equivalent with everything on
the CPU, where a move is a copy or nothing. `Model.take` predicts the outcome of a step: a refusal, or the content and
device of every tensor. The model records devices by storage, so views share them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

REFUSED = "RuntimeError"
State = dict[str, list[Any]]  # for each tensor: device, dtype, shape, requires_grad, is_leaf, its bytes in hexadecimal


@dataclass(frozen=True)
class Operand:
    """The properties of a tensor that rules depend on."""

    device: str
    dim: int
    numel: int
    mask: bool = False


@dataclass(frozen=True)
class Step:
    """One line of a program.

    `rule` names an entry of `RULES`. `operands` are expressions in the rule's order, or device, dimension and number of
    elements ('cuda:1:3') of a tensor that the line itself creates. `target` is the device that a move leads to.
    """

    code: str
    rule: str
    operands: tuple[str, ...] = ()
    plain: str = ""
    target: str = ""


# --- the rules: return the result's device, or None for a refusal --------------------------------------------------


def elementwise(*operands: Operand) -> str | None:
    """The GPU if any operand is there; those on the CPU must then be 0-dimensional."""
    if all(o.device == "cpu" for o in operands):
        return "cpu"
    return None if any(o.device == "cpu" and o.dim for o in operands) else "cuda"


def in_place(written: Operand, *operands: Operand) -> str | None:
    """As element-wise, but the tensor that is written to must be on the result's device."""
    where = elementwise(written, *operands)
    return where if where == written.device else None


def together(*operands: Operand) -> str | None:
    """All operands on one device, also 0-dimensional ones."""
    return operands[0].device if len({o.device for o in operands}) == 1 else None


def follows(*operands: Operand) -> str | None:
    """The first operand's device: for views, copies, and operations that take one tensor or others from any device."""
    return operands[0].device


def indexed(own: Operand, *indices: Operand) -> str | None:
    """The indexed tensor's device; indices may be there or on the CPU."""
    return None if any(i.device not in ("cpu", own.device) for i in indices) else own.device


def index_assigned(own: Operand, index: Operand, value: Operand) -> str | None:
    """As indexed; the value is on the same device, unless it is 0-dimensional or one CPU number assigned by a mask."""
    if index.mask and index.device == own.device and value.numel == 1 and value.device == "cpu":
        return own.device
    return None if value.dim and value.device != own.device else indexed(own, index)


def masked(own: Operand, mask: Operand, *value: Operand) -> str | None:
    """Mask and tensor on one device. The value is 0-dimensional: it may be on the CPU, on the GPU only if they are."""
    if own.device != mask.device:
        return None
    return None if any(v.device == "cuda" for v in value) and own.device == "cpu" else own.device


RULES: dict[str, Callable[..., str | None]] = {
    "elementwise": elementwise,
    "in_place": in_place,
    "together": together,
    "follows": follows,
    "indexed": indexed,
    "index_assigned": index_assigned,
    "masked": masked,
}


# --- programs on the CPU -------------------------------------------------------------------------------------------


def given(seed: int, *shape: int) -> Tensor:
    """Floating-point data on the CPU."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def whole(seed: int, *shape: int) -> Tensor:
    """Zeros and ones, valid as indices and as classes everywhere here."""
    return torch.randint(0, 2, shape, generator=torch.Generator().manual_seed(seed))


def space() -> dict[str, Any]:
    """The names that a program uses."""
    torch.manual_seed(0)
    return {"torch": torch, "nn": nn, "F": nn.functional, "given": given, "whole": whole}


def tensors(names: dict[str, Any]) -> Iterator[tuple[str, Tensor]]:
    """Every tensor of a program with its name: variables, parameters, buffers, gradients, optimizer states."""
    for name, value in names.items():
        if isinstance(value, Tensor):
            yield name, value
            if value.is_leaf and value.grad is not None:
                yield f"{name}.grad", value.grad
        elif isinstance(value, nn.Module):
            for part, parameter in value.named_parameters():
                yield f"{name}.{part}", parameter
                if parameter.grad is not None:
                    yield f"{name}.{part}.grad", parameter.grad
            for part, buffer in value.named_buffers():
                yield f"{name}.{part}", buffer
        elif isinstance(value, torch.optim.Optimizer):
            for number, state in enumerate(value.state.values()):
                for key, kept in state.items():
                    if isinstance(kept, Tensor):
                        yield f"{name}.{number}.{key}", kept


def described(tensor: Tensor, device: str) -> list[Any]:
    content = tensor.detach().cpu().contiguous().numpy().tobytes().hex()
    return [device, str(tensor.dtype)[6:], list(tensor.shape), tensor.requires_grad, tensor.is_leaf, content]


@dataclass(repr=False)
class Model:
    """The predicted run of a program: real tensors on the CPU, and the device that each storage would be on."""

    home: str = "cuda"  # the device of most tensors
    names: dict[str, Any] = field(default_factory=space)
    on_gpu: dict[int, tuple[Any, bool]] = field(default_factory=dict)  # by address of the storage, which is kept alive
    steps: list[Step] = field(default_factory=list)
    outcomes: list[State | str] = field(default_factory=list)  # what changed, or the name of the exception
    known: State = field(default_factory=dict)
    over: bool = False  # a refusal has left the state half changed

    def __post_init__(self) -> None:
        self.names["elsewhere"] = lambda tensor, target: self.device(tensor) != target

    def __repr__(self) -> str:
        return "\n".join(["", *[step.code for step in self.steps]])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))  # hypothesis would print every field

    def device(self, tensor: Tensor) -> str:
        return "cuda" if self.on_gpu.get(tensor.untyped_storage()._cdata, (None, False))[1] else "cpu"

    def put(self, tensor: Tensor, device: str) -> None:
        """Set the device of a tensor's storage, unless it is known already."""
        storage = tensor.untyped_storage()
        self.on_gpu.setdefault(storage._cdata, (storage, device == "cuda"))

    def evaluate(self, expression: str) -> Any:
        return eval(expression, self.names)

    def operand(self, expression: str) -> Operand:
        device, *numbers = expression.split(":")
        if device in ("cpu", "cuda"):
            return Operand(device, *map(int, numbers))
        tensor = self.evaluate(expression)
        return Operand(self.device(tensor), tensor.dim(), tensor.numel(), tensor.dtype == torch.bool)

    def variables(self) -> dict[str, Tensor]:
        return {name: value for name, value in self.names.items() if isinstance(value, Tensor)}

    def take(self, step: Step) -> bool:
        """Run a step and record its outcome; return whether it succeeded."""
        operands = [self.operand(expression) for expression in step.operands]
        where = step.target or RULES[step.rule](*operands)
        raised = REFUSED if where is None else ""
        if not raised:
            try:
                exec(step.plain or step.code, self.names)
            except Exception as e:  # for another reason than devices, such as an in-place change of a leaf
                raised = type(e).__name__
        self.steps.append(step)
        if raised:
            self.outcomes.append(raised)
            return False
        self._place(where or "cpu")
        self.outcomes.append(changed(self.known, {n: described(t, self.device(t)) for n, t in tensors(self.names)}))
        return True

    def _place(self, where: str) -> None:
        """Put gradients and optimizer states on their parameters' devices, all other new tensors on `where`."""
        for value in self.names.values():
            parameters = list(value.parameters()) if isinstance(value, nn.Module) else []
            for tensor in [value, *parameters] if isinstance(value, Tensor) else parameters:
                if tensor.is_leaf and tensor.grad is not None:
                    self.put(tensor, where)
                    self.put(tensor.grad, self.device(tensor))
            if isinstance(value, torch.optim.Optimizer):
                for parameter, state in value.state.items():
                    for key, kept in state.items():
                        if isinstance(kept, Tensor):
                            self.put(kept, "cpu" if key == "step" else self.device(parameter))
        for _, tensor in tensors(self.names):
            self.put(tensor, where)


def changed(known: State, now: State) -> State:
    """Return what is new or different in `now`, and update `known` to it."""
    difference = {name: value for name, value in now.items() if known.get(name) != value}
    known.clear()
    known.update(now)
    return difference
