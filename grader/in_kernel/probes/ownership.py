"""Tell what a notebook defines itself, in its cells or in files beside it, from what it imports from packages."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn

_HOME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep


def is_own_model(value: Any, namespace: Mapping[str, Any]) -> bool:
    """Return whether a value is a module class defined by the notebook or by a file beside it."""
    return isinstance(value, type) and issubclass(value, nn.Module) and is_own_class(value, namespace)


def is_own_function(value: Any, namespace: Mapping[str, Any]) -> bool:
    """Return whether a value is a function, decorated or not, defined by the notebook or by a file beside it."""
    return isinstance(value, types.FunctionType) and any(
        f.__globals__ is namespace or is_written(f.__module__) for f in inner_functions(value)
    )


def is_own_class(value: type, namespace: Mapping[str, Any]) -> bool:
    """Return whether a class is defined by the notebook or by a file beside it."""
    return value.__module__ == str(namespace.get("__name__", "__main__")) or is_written(value.__module__)


def is_written(module: str | None) -> bool:
    """Return whether a module was imported from the working folder: the student wrote it, or the notebook did."""
    file = getattr(sys.modules.get(module or ""), "__file__", None)
    if not isinstance(file, str):
        return False
    path = os.path.abspath(file)
    return path.startswith(os.getcwd() + os.sep) and not path.startswith(_HOME) and "site-packages" not in path


def home(function: types.FunctionType, namespace: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the globals that a function reads: the notebook's, or those of the file that defines it."""
    inner = inner_functions(function)
    if any(f.__globals__ is namespace for f in inner):
        return namespace
    # A decorator's wrapper has the module's name, but the globals of the package that the decorator comes from.
    return next((f.__globals__ for f in inner if is_written(str(f.__globals__.get("__name__")))), namespace)


def inner_functions(function: Any) -> list[types.FunctionType]:
    """Return a function and those that it wraps or closes over, outermost first."""
    found: list[types.FunctionType] = []
    waiting: list[Any] = [function]
    while waiting and len(found) < 50:
        value = waiting.pop(0)
        if not isinstance(value, types.FunctionType) or any(value is f for f in found):
            continue
        found.append(value)
        waiting.append(getattr(value, "__wrapped__", None))
        for cell in value.__closure__ or ():
            try:
                waiting.append(cell.cell_contents)
            except ValueError:  # not assigned yet
                continue
    return found


def visible(namespace: dict[str, Any]) -> dict[str, Any]:
    """Return the notebook's names, and those of the student's own modules that it imports: `utils.train` as `train`.

    A name of the notebook itself comes first.
    """
    found: dict[str, Any] = {}
    for module in _modules(namespace):
        found.update((name, value) for name, value in vars(module).items() if not isinstance(value, types.ModuleType))
    return {**found, **namespace} if found else namespace


def _modules(namespace: Mapping[str, Any]) -> Iterator[types.ModuleType]:
    seen: set[int] = set()
    waiting = list(namespace.values())
    while waiting:
        value = waiting.pop()
        if isinstance(value, types.ModuleType) and id(value) not in seen and is_written(value.__name__):
            seen.add(id(value))
            yield value
            waiting += vars(value).values()
