"""The functions of a notebook that can be called: plain ones, methods, partial functions and objects with __call__."""

from __future__ import annotations

import dis
import functools
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from grader.in_kernel.probes.ownership import is_own_class, is_own_function, visible
from grader.in_kernel.probes.parts import holds_parts, is_plain_object

SELF = "self"  # what a method's own object is called in facts and bindings: 'self.model' is its attribute
MAX_NAMES = 2000
MAX_METHODS = 50  # of one class


@dataclass(frozen=True)
class Callee:
    """A function as it is called. `function` holds its code; `owner` is the object of a method, None without one."""

    call: Callable[..., Any]
    function: types.FunctionType
    owner: Any = None


def callees(namespace: dict[str, Any]) -> dict[str, Callee]:
    """Return the notebook's own functions by name, and the methods of its objects as 'Class.method'."""
    shown = {name: value for name, value in list(visible(namespace).items())[:MAX_NAMES] if not name.startswith("_")}
    found: dict[str, Callee] = {}
    for name, value in shown.items():
        callee = _unwrapped(value, namespace)
        if callee is not None:
            found[name] = callee
    objects = {type(value): value for value in shown.values()}
    for cls in dict.fromkeys([value for value in shown.values() if isinstance(value, type)] + list(objects)):
        if is_own_class(cls, namespace) and not issubclass(cls, BaseException):
            owner = objects.get(cls, cls)
            for name, function in methods(cls, namespace):
                found.setdefault(f"{cls.__name__}.{name}", _method(cls, owner, function))
            for name, value in vars(cls).items():
                plain: Any = value.__func__ if isinstance(value, staticmethod) else None
                if is_own_function(plain, namespace):
                    found.setdefault(name, Callee(plain, plain))
    return found


def find(name: str, namespace: dict[str, Any]) -> Callee:
    """Return the function that `callees` has under a name. Raises KeyError."""
    value = namespace.get(name)
    if isinstance(value, types.FunctionType):
        return Callee(value, value)
    return _unwrapped(value, namespace) or callees(namespace)[name]


def _unwrapped(value: Any, namespace: dict[str, Any]) -> Callee | None:
    """Return a callable of the notebook as a Callee; None for anything else."""
    if is_own_function(value, namespace):
        return Callee(value, value)
    if isinstance(value, types.MethodType):
        own = is_own_function(value.__func__, namespace)
        return Callee(value, value.__func__, value.__self__) if own else None  # type: ignore[arg-type]
    if isinstance(value, functools.partial):
        inner = _unwrapped(value.func, namespace)
        return None if inner is None else Callee(value, inner.function, inner.owner)
    if isinstance(value, (nn.Module, type)) or not is_own_class(type(value), namespace):
        return None
    call: Any = getattr(type(value), "__call__", None)  # noqa: B004  (the function itself is wanted)
    return Callee(value, call, value) if is_own_function(call, namespace) else None


def methods(cls: type, namespace: dict[str, Any]) -> Iterator[tuple[str, types.FunctionType]]:
    """Yield the methods that a class or one of its own base classes defines, beside those that every model has."""
    seen: set[str] = set()
    for base in cls.__mro__:
        if base in (object, nn.Module) or not is_own_class(base, namespace):
            continue
        for name, value in list(vars(base).items())[:MAX_METHODS]:
            special = name.startswith("__") or (issubclass(cls, nn.Module) and hasattr(nn.Module, name))
            if not special and name not in seen and is_own_function(value, namespace):
                seen.add(name)
                yield name, value


def _method(cls: type, owner: Any, function: types.FunctionType) -> Callee:
    """Return a method of an object; without one, of an object on which `__init__` was not called."""
    if owner is cls:
        owner = cls.__new__(cls)
        if isinstance(owner, nn.Module):
            nn.Module.__init__(owner)
    return Callee(types.MethodType(function, owner), function, owner)


def places(
    owner: Any, own: Iterable[str], names: Mapping[str, Any], used: Collection[str], namespace: dict[str, Any]
) -> dict[str, tuple[dict[str, Any], str]]:
    """Return where the attributes are that a function uses: 'self.model' -> (the dict that holds it, 'model').

    Attributes of plain objects of the notebook count too, such as 'self.config.device' and 'args.device', and the keys
    of a dict that holds a model, an optimizer or a loader. `own` are the attributes of the `owner` of a method, `names`
    the globals that it reads, `used` all attributes and keys that it uses.
    """
    found: dict[str, tuple[dict[str, Any], str]] = {}
    values = dict(names)
    holder = getattr(owner, "__dict__", None)
    if isinstance(holder, dict):
        for name in own:
            found[f"{SELF}.{name}"] = holder, name
            values[f"{SELF}.{name}"] = holder.get(name)
    for name, value in values.items():
        if type(value) is dict and holds_parts(value, namespace):
            held = value
        elif value is not owner and is_plain_object(value, namespace):
            held = vars(value)
        else:
            continue
        found.update((f"{name}.{key}", (held, key)) for key in held if key in used and not key.startswith("_"))
    return found


def own_attributes(code: types.CodeType) -> Iterator[str]:
    """Yield the names of the attributes of `self` that the code of a method, or of a function in it, uses."""
    first = code.co_varnames[0] if code.co_argcount else SELF
    yield from (name for name, attribute in taken_from(code, first if first in (SELF, "this") else SELF) if attribute)


def taken_from(code: types.CodeType, variable: str) -> Iterator[tuple[str, bool]]:
    """Yield what code takes from a variable: the name of an attribute and True, or a constant key and False."""
    loaded, key = False, ""
    for instruction in dis.get_instructions(code):
        name, operation = instruction.argval, instruction.opname
        if operation in ("CACHE", "EXTENDED_ARG", "COPY", "DUP_TOP", "DUP_TOP_TWO"):
            continue
        if key and ("SUBSCR" in operation or instruction.argrepr == "[]"):
            yield key, False
        if loaded and operation.startswith(("LOAD_ATTR", "STORE_ATTR", "LOAD_METHOD")):
            yield str(name), True
        key = name if loaded and operation.startswith("LOAD_CONST") and isinstance(name, str) else ""
        last = name[-1] if isinstance(name, tuple) and name else name
        loaded = operation.startswith("LOAD") and not operation.startswith("LOAD_CONST") and last == variable
