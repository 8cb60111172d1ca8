"""Describe a notebook's names: models, loaders, numbers, and the names that each function reads, calls and assigns.

The latter are read from code objects, following the notebook's functions and classes that a function uses.
"""

from __future__ import annotations

import builtins
import dis
import inspect
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader, Dataset

from grader.in_kernel.datasets import registry
from grader.in_kernel.probes.callees import SELF, Callee, callees, own_attributes, places
from grader.in_kernel.probes.holders import holder_of
from grader.in_kernel.probes.kept_batches import are_batches, images_in
from grader.in_kernel.probes.ownership import (
    home,
    inner_functions,
    is_own_class,
    is_own_function,
    is_own_model,
    visible,
)
from grader.in_kernel.probes.parts import entries, holds_objects
from grader.in_kernel.probes.wrapped import loader_in, wrappers
from grader.in_kernel.recorder import describe as seen

MAX_NAMES = 2000
MAX_VALUES = 100  # characters of a string


def describe(namespace: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of `grader.evidence.namespace.NamespaceFacts` as JSON data."""
    shown = visible(namespace)
    own = {name: value for name, value in list(shown.items())[:MAX_NAMES] if not name.startswith("_")}
    loaders = {name: value for name, value in own.items() if isinstance(value, DataLoader)}
    return {
        "classes": [_class(name, value) for name, value in own.items() if is_own_model(value, namespace)],
        "instances": [
            {"name": name, "class_name": type(value).__name__, "shapes": shapes(value), "layers": leaves(value)}
            for name, value in own.items()
            if kind(value) == "model"
        ],
        "functions": [_function(name, callee, namespace, loaders) for name, callee in callees(namespace).items()],
        "loaders": [
            {"name": name, "seen": seen.loader(value, name)}
            for name, value in (*loaders.items(), *((name, inner) for name, _, inner in wrappers(own)))
        ],
        "optimizers": [
            {"name": name, "class_name": type(value).__name__, "lr": number(value.param_groups[0].get("lr"))}
            for name, value in own.items()
            if isinstance(value, torch.optim.Optimizer)
        ],
        "numbers": {
            name: value for name, value in own.items() if kind(value) in ("int", "float") and number(value) is not None
        },
        "devices": {name: str(value) for name, value in own.items() if isinstance(value, torch.device)},
    }


def kind(value: Any) -> str:
    """Return a value's role in a training loop as one word: 'model', 'loader', 'int', …"""
    if isinstance(value, nn.modules.loss._Loss):
        return "criterion"
    if isinstance(value, nn.Module):
        return "model"
    if _holds_data(value):
        return "loaders"
    if are_batches(value):
        return "batches"
    if holds_objects(value):
        return "objects"
    for types_, word in (
        (torch.optim.Optimizer, "optimizer"),
        (LRScheduler, "scheduler"),
        (DataLoader, "loader"),
        (Dataset, "dataset"),
        (torch.device, "device"),
        (torch.amp.GradScaler, "scaler"),
        (bool, "bool"),
        (int, "int"),
        (float, "float"),
        (str, "str"),
        (list, "list"),
        (dict, "dict"),
        (types.ModuleType, "module"),
        (type, "class"),
    ):
        if isinstance(value, types_):
            return word
    if value is None:
        return "none"
    return "callable" if callable(value) else "other"


def _holds_data(value: Any) -> bool:
    """Return whether a value is a list, tuple or dict of loaders and datasets, and of nothing else."""
    if type(value) not in (list, dict) and not isinstance(value, tuple):
        return False
    held = value.values() if isinstance(value, dict) else value
    return bool(held) and all(isinstance(one, (DataLoader, Dataset)) for one in held)


def number(value: Any) -> float | None:
    """Return any kind of finite number as a float; None for everything else."""
    if isinstance(value, torch.Tensor) or type(value).__module__ == "numpy":
        try:
            value = value.item()
        except (ValueError, RuntimeError, AttributeError):
            return None
    if not isinstance(value, (bool, int, float)) or abs(value) > 1e300 or value != value:
        return None
    return float(value)


@dataclass
class Reads:
    """The global names that code uses; `direct` are those that the function itself reads, not only what it calls.

    `own` are the attributes of its own object that a method uses.
    """

    names: dict[str, None] = field(default_factory=dict)
    direct: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)  # constant texts, such as the keys of a dict
    own: dict[str, None] = field(default_factory=dict)
    stored: set[str] = field(default_factory=set)  # attributes that are assigned, and possible keys


def reads(callee: Callee, namespace: Mapping[str, Any]) -> Reads:
    """Return the global names that a function and what it calls read and assign, and the attributes they use."""
    found = Reads()
    names = home(callee.function, namespace)
    own = [f for f in inner_functions(callee.function) if f.__globals__ is names]
    waiting: list[tuple[types.CodeType, bool]] = [(f.__code__, True) for f in own]
    done: set[types.CodeType] = set()
    while waiting and len(done) < 300:
        code, direct = waiting.pop(0)
        if code in done:
            continue
        done.add(code)
        for name in _scan(code, found):
            if direct:
                found.direct.add(name)
            if name in found.names:
                continue
            found.names[name] = None
            value = names.get(name)
            if is_own_function(value, names):
                waiting.extend((f.__code__, False) for f in inner_functions(value))
            elif isinstance(value, type) and is_own_class(value, names):
                waiting.extend((f.__code__, False) for f in vars(value).values() if isinstance(f, types.FunctionType))
        if callee.owner is not None:
            for name in own_attributes(code):
                method = getattr(type(callee.owner), name, None)
                if isinstance(method, types.FunctionType) and is_own_function(method, names):
                    waiting.extend((f.__code__, direct) for f in inner_functions(method))
                elif method is None or isinstance(method, types.MemberDescriptorType):
                    found.own[name] = None
        waiting.extend((const, direct) for const in code.co_consts if isinstance(const, types.CodeType))
    return found


def _scan(code: types.CodeType, found: Reads) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        operation, name = instruction.opname, instruction.argval
        if operation in ("LOAD_GLOBAL", "LOAD_NAME") and isinstance(name, str):
            yield name
        elif operation in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            found.writes.add(name)
        elif operation.startswith("LOAD_CONST") and isinstance(name, str):
            found.keys.add(name)
        elif operation == "STORE_ATTR":
            found.stored.add(name)
        elif operation == "STORE_SUBSCR":
            found.stored.update(const for const in code.co_consts if isinstance(const, str))
        elif operation.startswith(("LOAD_ATTR", "LOAD_METHOD")) and isinstance(name, str):
            found.attributes.add(name)


def _function(name: str, callee: Callee, namespace: dict[str, Any], loaders: Mapping[str, Any]) -> dict[str, Any]:
    found = reads(callee, namespace)
    own_names = home(callee.function, namespace)
    names = [n for n in (*found.names, *sorted(found.writes - found.names.keys())) if not _is_builtin(n, own_names)]
    names = [n for n in names[:200] if kind(own_names.get(n)) != "module"]
    read = {n: own_names[n] for n in names if n in own_names}
    attributes = places(callee.owner, found.own, read, found.attributes | found.keys, namespace)
    taken = {one["name"]: one for one in parameters(callee.call)}
    held = {name: entries(holder) for name in taken if (holder := holder_of(name, callee, namespace)) is not None}
    for parameter, inner in held.items():
        facts = [_global(key, inner, loaders, True) for key in inner]
        taken[parameter]["holds"] = [{**fact, "name": f"{parameter}.{fact['name']}"} for fact in facts]
    inner_names = [(f"{parameter}.{key}", key) for parameter, inner in held.items() for key in inner]
    inner_names += [(full, key) for full, (_, key) in attributes.items()]
    return {
        "name": name,
        "parameters": list(taken.values()),
        "globals": [
            *(_global(n, own_names, loaders, n in found.direct) for n in names),
            *(
                {**_global(key, held, loaders, True), "name": full}
                for full, (held, key) in list(attributes.items())[:100]
                if kind(held.get(key)) != "module"
            ),
            *([{"name": SELF, "type": "model", "direct": False}] if isinstance(callee.owner, nn.Module) else []),
        ],
        "attributes": sorted(found.attributes)[:300],
        "writes": sorted({*found.writes, *(full for full, key in inner_names if key in found.stored)}),
    }


def _is_builtin(name: str, namespace: Mapping[str, Any]) -> bool:
    return name not in namespace and hasattr(builtins, name)


def _global(name: str, namespace: Mapping[str, Any], loaders: Mapping[str, Any], direct: bool) -> dict[str, Any]:
    value = namespace.get(name)
    facts: dict[str, Any] = {"name": name, "type": kind(value) if name in namespace else "missing", "direct": direct}
    inner = loader_in(value)
    if inner is not None:  # an object that goes over a loader serves for one
        facts["type"], facts["split"] = "loader", split(inner)
    elif isinstance(value, (DataLoader, Dataset)):
        facts["split"] = split(value)
    elif are_batches(value):
        equals = _size_of(images_in(value), loaders)
        facts["split"] = equals.partition("_")[0] if equals else None
    elif isinstance(value, str):
        facts["value"] = value[:MAX_VALUES]
    elif isinstance(value, (int, float)):
        facts["value"] = number(value)
        facts["equals"] = _size_of(value, loaders)
    return facts


def _size_of(value: float, loaders: Mapping[str, Any]) -> str | None:
    """Return the loader size that a number equals: 'train_batches', 'test_images', …"""
    for loader in loaders.values():
        part = split(loader)
        try:
            sizes = {"batches": len(loader), "images": len(loader.dataset)}
        except TypeError:
            continue
        for word, size in sizes.items():
            if part and size == value and size > 1:
                return f"{part}_{word}"
    return None


def parameters(function: Any) -> list[dict[str, Any]]:
    """Return the name, kind, default and annotation of each parameter; [] when there is no signature."""
    return [_parameter(p) for p in signature(function)[:50]]


def signature(function: Any) -> list[inspect.Parameter]:
    """Return a function's parameters, or those of the function that it wraps if it takes only *args and **kwargs.

    Optional parameters that a wrapper mentions are left out: it passes them itself, as in `f(*args, device="cuda")`.
    """
    mentioned: set[Any] = set()
    for inner in (function, *inner_functions(function)[1:]):
        try:
            direct = isinstance(inner, types.FunctionType)
            found = list(inspect.signature(inner, follow_wrapped=not direct).parameters.values())
        except (ValueError, TypeError):
            continue
        if not found or any(p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in found):
            return [p for p in found if p.default is p.empty or p.name not in mentioned]
        code = getattr(inner, "__code__", None)
        for const in code.co_consts if code is not None else ():
            mentioned.update(const if isinstance(const, tuple) else (const,) if isinstance(const, str) else ())
    return []


def _parameter(parameter: inspect.Parameter) -> dict[str, Any]:
    kinds: dict[Any, str] = {
        parameter.VAR_POSITIONAL: "args",
        parameter.VAR_KEYWORD: "kwargs",
        parameter.KEYWORD_ONLY: "keyword",
    }
    required = parameter.default is parameter.empty
    facts: dict[str, Any] = {
        "name": parameter.name,
        "kind": kinds.get(parameter.kind, "positional"),
        "required": required,
    }
    if not required:
        facts["default_type"] = kind(parameter.default)
        if isinstance(parameter.default, (bool, str)):
            facts["default"] = (
                parameter.default if isinstance(parameter.default, bool) else parameter.default[:MAX_VALUES]
            )
        elif isinstance(parameter.default, (int, float)):
            facts["default"] = number(parameter.default)
    if parameter.annotation is not parameter.empty:
        annotation = parameter.annotation
        facts["annotation"] = str(getattr(annotation, "__name__", annotation))[:MAX_VALUES]
    return facts


def _class(name: str, value: type) -> dict[str, Any]:
    return {"name": name, "bases": [base.__name__ for base in value.__bases__], "parameters": parameters(value)}


def shapes(model: nn.Module) -> list[list[int]]:
    """Return the shapes of the parameters in order, without uninitialized lazy ones."""
    lazy = nn.parameter.UninitializedParameter
    return [list(p.shape) for p in model.parameters() if not isinstance(p, lazy)]


def leaves(model: nn.Module) -> list[str]:
    """Return the class names of the modules that have no children."""
    return [type(m).__name__ for m in model.modules() if not any(True for _ in m.children())][:200]


def split(value: Any) -> str | None:
    """Return the split below a loader or dataset, 'train' or 'test', or None if it is unknown."""
    return registry.split_of(getattr(value, "dataset", value) if isinstance(value, DataLoader) else value)
