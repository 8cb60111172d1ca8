"""Act on a module when the student imports it, without importing it earlier."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Callback = Callable[[ModuleType], None]

_waiting: dict[str, list[Callback]] = {}


def when_imported(name: str, callback: Callback) -> None:
    """Call `callback(module)` as soon as the module `name` has been executed: now if it is imported already.

    Callbacks of one module run in the order in which they were given, before the import statement returns. An exception
    in a callback is raised by the import. A module whose import fails keeps its callbacks for the next attempt.
    """
    module = sys.modules.get(name)
    if module is not None and not _is_loading(module):
        callback(module)
        return
    _waiting.setdefault(name, []).append(callback)
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def _is_loading(module: ModuleType) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


class _Finder(MetaPathFinder):
    """A finder that asks the other finders and wraps the loader that they return."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in _waiting:
            return None
        others = (finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec"))
        spec = next((spec for finder in others if (spec := finder.find_spec(fullname, path, target))), None)
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _WatchingLoader(spec.loader)
        return spec


class _WatchingLoader(Loader):
    """A loader that loads with the wrapped one, then runs the callbacks; the module refers to the wrapped loader."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        while waiting := _waiting.get(module.__name__):  # a callback may add another for the same module
            waiting.pop(0)(module)
        _waiting.pop(module.__name__, None)


_finder = _Finder()


def wrap(owner: Any, name: str, wrapper: Callable[[Any], Any]) -> None:
    """Replace the method or function `name` of `owner` by `wrapper` of it."""
    setattr(owner, name, wrapper(getattr(owner, name)))
