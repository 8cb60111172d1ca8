"""CUDA's rules of devices, written down without the virtual device, and programs run on the CPU by them.

A program is a list of steps. A step has `code` for a process with a GPU and `plain`, what the same comes to with everything
on the CPU: a move is a copy or nothing. `Model.take` says what a step must give: that it is refused, or what every tensor
then is and where. The device of a tensor is remembered with its storage, so views share it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

REFUSED = "RuntimeError"
State = dict[str, list[Any]]  # of each tensor: device, dtype, shape, requires_grad, is_leaf, its bytes in hexadecimal


@dataclass(frozen=True)
class Operand:
    """What a rule sees of a tensor."""

    device: str
    dim: int
    numel: int
    mask: bool = False


@dataclass(frozen=True)
class Step:
    """One line of a program.

    `rule` names an entry of `RULES`; `operands` are expressions, in the rule's order, or device, dimension
    and number of elements ('cuda:1:3') of what the line itself makes. `target` is where a move leads.
    """

    code: str
    rule: str
    operands: tuple[str, ...] = ()
    plain: str = ""
    target: str = ""


# --- the rules: where the result is, or None for a refusal ---------------------------------------------------------


def elementwise(*operands: Operand) -> str | None:
    """On the GPU if one is; then those on the CPU have no dimension, and one of them is not all that there is."""
    if all(o.device == "cpu" for o in operands):
        return "cpu"
    return None if any(o.device == "cpu" and o.dim for o in operands) else "cuda"


def in_place(written: Operand, *operands: Operand) -> str | None:
    """As element-wise, and what is written to is on the GPU if anything is."""
    where = elementwise(written, *operands)
    return where if where == written.device else None


def together(*operands: Operand) -> str | None:
    """All on one device, whatever their dimensions."""
    return operands[0].device if len({o.device for o in operands}) == 1 else None


def follows(*operands: Operand) -> str | None:
    """Where the first is: views, copies, and all that takes one tensor or takes the others from anywhere."""
    return operands[0].device


def indexed(own: Operand, *indices: Operand) -> str | None:
    """Indices may be on the CPU or where the indexed tensor is."""
    return None if any(i.device not in ("cpu", own.device) for i in indices) else own.device


def index_assigned(own: Operand, index: Operand, value: Operand) -> str | None:
    """As indexed; the value is on the same device unless it has no dimension, or is one number for a mask, a fill."""
    if index.mask and index.device == own.device and value.numel == 1 and value.device == "cpu":
        return own.device
    return None if value.dim and value.device != own.device else indexed(own, index)


def masked(own: Operand, mask: Operand, *value: Operand) -> str | None:
    """Mask and tensor together. A value from the GPU needs them there; it has no dimension, so the CPU's may be used."""
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
    """Zeros and ones, which are indices of everything here and classes too."""
    return torch.randint(0, 2, shape, generator=torch.Generator().manual_seed(seed))


def space() -> dict[str, Any]:
    """The names that a program uses."""
    torch.manual_seed(0)
    return {"torch": torch, "nn": nn, "F": nn.functional, "given": given, "whole": whole}


def tensors(names: dict[str, Any]) -> Iterator[tuple[str, Tensor]]:
    """Every tensor of a program with its name: variables, parameters, buffers, gradients, what optimizers keep."""
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
    """A program as it must go: real tensors on the CPU, and where each storage would be."""

    home: str = "cuda"  # where most of it is
    names: dict[str, Any] = field(default_factory=space)
    on_gpu: dict[int, tuple[Any, bool]] = field(default_factory=dict)  # by address of storage, which is kept
    steps: list[Step] = field(default_factory=list)
    outcomes: list[State | str] = field(default_factory=list)  # what changed, or REFUSED, or what the CPU raises itself
    known: State = field(default_factory=dict)
    over: bool = False  # after a refusal that leaves things half done

    def __post_init__(self) -> None:
        self.names["elsewhere"] = lambda tensor, target: self.device(tensor) != target

    def __repr__(self) -> str:
        return "\n".join(["", *[step.code for step in self.steps]])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))  # hypothesis would print every field

    def device(self, tensor: Tensor) -> str:
        return "cuda" if self.on_gpu.get(tensor.untyped_storage()._cdata, (None, False))[1] else "cpu"

    def put(self, tensor: Tensor, device: str) -> None:
        """A storage is put somewhere once; a tensor that shares it is where it is."""
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
        """Do a step; whether it was done."""
        operands = [self.operand(expression) for expression in step.operands]
        where = step.target or RULES[step.rule](*operands)
        raised = REFUSED if where is None else ""
        if not raised:
            try:
                exec(step.plain or step.code, self.names)
            except Exception as e:  # not for its devices: an in-place change of a leaf, say
                raised = type(e).__name__
        self.steps.append(step)
        if raised:
            self.outcomes.append(raised)
            return False
        self._place(where or "cpu")
        self.outcomes.append(changed(self.known, {n: described(t, self.device(t)) for n, t in tensors(self.names)}))
        return True

    def _place(self, where: str) -> None:
        """Gradients and what optimizers keep are where their parameters are, all else is where the rule says."""
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
    """What is new or different; `known` becomes `now`."""
    difference = {name: value for name, value in now.items() if known.get(name) != value}
    known.clear()
    known.update(now)
    return difference
