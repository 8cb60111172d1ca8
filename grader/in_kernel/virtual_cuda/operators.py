"""The dispatch mode, which computes every operator on the CPU, forward and backward, and marks outputs as CUDA would.

A rule is made for each operator at its first call, from its schema. Most operators need little: one that returns a view
or writes in place creates no storage, so nothing has to be marked. Rules run many times in a training step, so they are
written for speed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from grader.in_kernel.virtual_cuda import forking, generators, marks, refusals
from grader.in_kernel.virtual_cuda.marks import CPU, check_room, mark_all, on_gpu, storage_of

_Tensor: Any = Tensor  # for type checks in rules, which read marks that torch's types do not have
Rule = Callable[[tuple[Any, ...], dict[str, Any]], Any]
Arguments = list[tuple[str, int | None, bool]]
Bodies = dict[int, Callable[..., Any]]

_NONE: dict[str, Any] = {}


class Operators(TorchDispatchMode):
    """The virtual device's mode, active from the notebook's first use of CUDA."""

    def __init__(self) -> None:
        super().__init__()
        self.plain: Bodies = {}  # operators without a rule, by id (operators are never freed)
        self.rules: dict[int, Rule] = {}

    def learn(self, func: Any) -> None:
        """Make the rule for an operator."""
        rule = self._rule(func)
        if rule is None:
            self.plain[id(func)] = func._op
        else:
            self.rules[id(func)] = rule

    def _rule(self, func: Any) -> Rule | None:
        """Return the rule for an operator, or None if it needs none."""
        special = _SPECIAL.get(func.overloadpacket.__name__)
        if special is not None:
            return special(func)
        if _is_composite(func):  # only inference mode dispatches it undecomposed
            return self._composite(func)
        tensors = _tensor_arguments(func)
        creates = any(r.alias_info is None and "Tensor" in str(r.type) for r in func._schema.returns)
        places = any(a.name == "device" for a in func._schema.arguments)
        single = len(tensors) == 1 and not tensors[0][2]
        if places:
            rule = _placing(func, tensors)
        elif torch.Tag.nondeterministic_seeded not in func.tags and (not tensors or (single and not creates)):
            return None
        elif func.overloadpacket.__name__ in _MULTIPLY:
            rule = _multiplying(func, tensors, creates)
        else:
            rule = _computing(func, tensors, creates)
        if torch.Tag.nondeterministic_seeded in func.tags:
            rule = _drawing(func, rule, tensors)
        return rule

    def _composite(self, func: Any) -> Rule:
        def rule(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            with self:
                return func.decompose(*args, **kwargs)

        return rule


def _dispatch(self: Operators, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
    """Compute one operator."""
    key = id(func)
    plain = self.plain.get(key)
    if plain is not None:
        return plain(*args, **kwargs) if kwargs else plain(*args)
    rule = self.rules.get(key)
    if rule is not None:
        return rule(args, kwargs or _NONE)
    self.learn(func)
    return _dispatch(self, func, types, args, kwargs)


# Set here because inside the class torch would wrap it in three more calls to keep the compiler off.
Operators.__torch_dispatch__ = _dispatch  # type: ignore[assignment]


def _is_composite(func: Any) -> bool:
    name = func.name()
    has = torch._C._dispatch_has_kernel_for_dispatch_key
    return bool(has(name, "CompositeImplicitAutograd")) and not has(name, "CPU")


# --- arguments ---------------------------------------------------------------------------------------------------


def _tensor_arguments(func: Any) -> Arguments:
    """Return (name, position or None if keyword-only, whether it is a list) of each argument that holds tensors.

    They are in the order in which CUDA checks them: keyword-only arguments, which are written to, come first.
    """
    found = []
    for position, argument in enumerate(func._schema.arguments):
        kind = str(argument.type)
        if "Tensor" in kind:
            found.append((argument.name, None if argument.kwarg_only else position, "List" in kind))
    return sorted(found, key=lambda argument: argument[1] is not None)


def _operands(tensors: Arguments, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[tuple[str, Tensor]]:
    """Yield the argument name and tensor of each operand of one call."""
    for name, position, _ in tensors:
        value = args[position] if position is not None and position < len(args) else kwargs.get(name)
        for tensor in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(tensor, Tensor):
                yield name, tensor


def _any_on_gpu(tensors: Arguments, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return any(on_gpu(tensor) for _, tensor in _operands(tensors, args, kwargs))


# --- rules -------------------------------------------------------------------------------------------------------


def _computing(func: Any, tensors: Arguments, creates: bool) -> Rule:
    """Return the rule for an operator whose device follows from its operands."""
    call = func._op
    singles = tuple(position for _, position, many in tensors if position is not None and not many)
    lists = tuple(position for _, position, many in tensors if position is not None and many)
    fork = forking.fork

    def rule(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        gpu = cpu = False
        given = len(args)
        try:
            for position in singles:
                if position < given and isinstance(tensor := args[position], _Tensor):
                    if tensor.untyped_storage()._virtual_cuda is None:
                        cpu = True
                    else:
                        gpu = True
            for position in lists:
                if position < given:
                    for tensor in args[position] or ():
                        if tensor is not None:
                            if tensor.untyped_storage()._virtual_cuda is None:
                                cpu = True
                            else:
                                gpu = True
            for value in kwargs.values():
                if isinstance(tensor := value, _Tensor):
                    if tensor.untyped_storage()._virtual_cuda is None:
                        cpu = True
                    else:
                        gpu = True
        except NotImplementedError:
            sides = [on_gpu(tensor) for _, tensor in _operands(tensors, args, kwargs)]
            gpu, cpu = any(sides), not all(sides)
        if not gpu:
            return call(*args, **kwargs)
        if fork.bad:
            raise fork.error()
        if cpu:
            refusals.check(func, list(_operands(tensors, args, kwargs)), args)
        try:
            output = call(*args, **kwargs)
        except RuntimeError as error:
            raise refusals.translated(error, func, args) from None
        if creates:
            if type(output) is Tensor and output.layout is torch.strided:
                storage: Any = output.untyped_storage()
                if storage._virtual_cuda is None:
                    storage._virtual_cuda = marks.Allocation(storage.nbytes())
            else:
                mark_all(output)
        return output

    return rule


_MULTIPLY = {"mm", "addmm", "bmm", "baddbmm", "mv", "addmv", "dot"}


def _multiplying(func: Any, tensors: Arguments, creates: bool) -> Rule:
    """Return the rule for a matrix product, which CUDA has for floating-point numbers only."""
    computing = _computing(func, tensors, creates)

    def rule(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        dtype = args[1].dtype
        if not (dtype.is_floating_point or dtype.is_complex) and on_gpu(args[1]):
            refusals.no_integer_products(func, dtype)
        return computing(args, kwargs)

    return rule


def _placing(func: Any, tensors: Arguments) -> Rule:
    """Return the rule for an operator with a `device` argument: factories, `*_like`, `new_*`.

    torch itself fills in the device of a tensor's options, which is always the CPU here. So if there is an operand,
    'cpu' means the operand's device. An explicit `device='cpu'` of the notebook is handled in `tensors.py`.
    """
    call = func._op
    in_backward = torch._C._current_graph_task_id

    def rule(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        device = kwargs.get("device")
        if device is not None and device.type == "cuda":
            marks.check_index(device.index)
            kwargs = {**kwargs, "device": CPU}
            gpu = True
        else:
            gpu = _any_on_gpu(tensors, args, kwargs)
            gpu = gpu and (device is None or device.type == "cpu")
        pin = bool(kwargs.get("pin_memory"))
        if pin:
            kwargs = {**kwargs, "pin_memory": False}
        if gpu:
            if forking.fork.bad:
                raise forking.fork.error()
            _check_size(args, kwargs)
        output = call(*args, **kwargs)
        if gpu:
            mark_all(output)
        elif pin:
            output.untyped_storage()._virtual_pinned = True
        elif not tensors and in_backward() != -1:
            output.untyped_storage()._virtual_undecided = True
        return output

    return rule


def _check_size(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raise OutOfMemoryError for a factory's request that does not fit, before the CPU tries to allocate it."""
    size = next((a for a in args[:2] if isinstance(a, (list, tuple)) and all(type(n) is int for n in a)), None)
    if size:
        count = 1
        for n in size:
            count *= n
        dtype = kwargs.get("dtype") or torch.get_default_dtype()
        check_room(count * dtype.itemsize)


def _drawing(func: Any, rule: Rule, tensors: Arguments) -> Rule:
    """Wrap a rule so that its random numbers come from the generator of the result's device."""
    takes_generator = any(a.name == "generator" for a in func._schema.arguments)

    def drawing(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        device = kwargs.get("device")
        if device is not None:
            gpu = device.type == "cuda"
        else:
            gpu = _any_on_gpu(tensors, args, kwargs)
        generator = kwargs.get("generator")
        if generator is not None:
            generators.check(generator, gpu)
        elif gpu:
            if takes_generator:
                kwargs = {**kwargs, "generator": generators.default()}
            else:
                with generators.as_global():
                    return rule(args, kwargs)
        return rule(args, kwargs)

    return drawing


# --- operators with special rules --------------------------------------------------------------------------------


def _copying(func: Any) -> Rule:
    """Return the rule for `_to_copy`: the result is on `device`, by default on the operand's.

    Here too torch itself says 'cpu' for the device of a GPU tensor's options; a real copy to the CPU says 'cpu:0'.
    """
    call = func._op

    def rule(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        device = kwargs.get("device")
        source = on_gpu(args[0])
        if device is not None and device.type == "cuda":
            marks.check_index(device.index)
            kwargs = {**kwargs, "device": CPU}
            gpu = True
        else:
            gpu = source and (device is None or device == CPU)
        pin = kwargs.get("pin_memory")
        if pin:
            kwargs = {**kwargs, "pin_memory": None}
        if (gpu or source) and forking.fork.bad:
            raise forking.fork.error()
        output = call(*args, **kwargs)
        if gpu:
            mark_all(output)
        elif pin:
            output.untyped_storage()._virtual_pinned = True
        return output

    return rule


def _pinning(func: Any) -> Rule:
    def rule(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if on_gpu(args[0]):
            raise RuntimeError(f"cannot pin '{args[0].type()}' only dense CPU tensors can be pinned")
        output = args[0].clone()
        output.untyped_storage()._virtual_pinned = True
        return output

    return rule


def _asking_pinned(func: Any) -> Rule:
    def rule(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        storage = storage_of(args[0])
        return storage is not None and storage._virtual_pinned

    return rule


_SPECIAL: dict[str, Callable[[Any], Rule]] = {
    "_to_copy": _copying,
    "_pin_memory": _pinning,
    "is_pinned": _asking_pinned,
}
