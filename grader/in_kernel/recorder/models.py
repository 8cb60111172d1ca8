"""Keep track of the models that a run calls, under stable keys, and record the results of thop.profile."""

from __future__ import annotations

import functools
import itertools
import sys
import threading
from collections import Counter
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from grader.in_kernel import events, patching
from grader.in_kernel.recorder import describe
from grader.in_kernel.weak_map import Attached

if TYPE_CHECKING:
    from torch import nn

MAX_MODELS = 500


class Known:
    """A model that was called: its key and facts of its training, without a reference to the model itself."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.cell = events.cell()
        self.announced = False
        self.profiled = False
        self.trainings = 0  # passes in which it was trained
        self.trained_over: Counter[int] = Counter()  # the same, by the number of images
        self.on_path = True  # all weights come from canonical draws and canonical passes
        self.weights: bytes | None = None  # digest after the last training pass, while on the path


class _Here(threading.local):
    profiling = False


here = _Here()
_known: Attached[Known] = Attached()
_numbers = itertools.count(1)
_hooked: set[str] = set()


def install() -> None:
    """Reset the state, and watch thop from its import on."""
    global _numbers
    _known.clear()
    _numbers = itertools.count(1)
    events.at_cell_end(announce_names)
    patching.when_imported("thop", events.guarded(_hook_thop))


def lookup(module: nn.Module) -> Known | None:
    """Return the record of a model; None before its first call."""
    return _known.get(describe.unwrapped(module))


def register(module: nn.Module) -> Known | None:
    """Return the record of a model, made at its first call; None if the module is not a model (a loss, a metric)."""
    model = describe.unwrapped(module)
    known = _known.get(model)
    if known is None and describe.is_model(model):
        if len(_known) >= MAX_MODELS:
            events.note(f"the notebook called and kept more than {MAX_MODELS} models; later ones are not recorded")
            return None
        known = _known.put(model, Known(f"model-{next(_numbers)}"))
    return known


def by_key(key: str) -> nn.Module | None:
    """Return the model with this key; None if it no longer exists."""
    return next((model for model, known in _known.items() if known.key == key), None)


def announce(module: nn.Module, known: Known) -> None:
    """Write the event of a model at its first call, when its lazy layers have their shapes."""
    known.announced = True
    events.emit("model", describe.model(describe.unwrapped(module), known.key))


def announce_names() -> None:
    """Write the models first called in this cell once more, with the global names they have now."""
    mine = [(model, known) for model, known in _known.items() if known.announced and known.cell == events.cell()]
    if not mine:
        return
    names = _globals()
    for model, known in mine:
        bound = tuple(name for name, value in names if describe.unwrapped(value) is model)
        events.emit("model", describe.model(model, known.key, bound))


def _globals() -> list[tuple[str, Any]]:
    """Return the notebook's global names of modules with their values, without IPython's own."""
    interface = sys.modules.get("IPython")
    shell = interface.get_ipython() if interface is not None else None
    names = shell.user_ns if shell is not None else vars(sys.modules["__main__"])
    module_type = sys.modules["torch"].nn.Module
    return [(k, v) for k, v in list(names.items()) if not k.startswith("_") and isinstance(v, module_type)]


# --- thop --------------------------------------------------------------------------------------------------------


def _hook_thop(thop: ModuleType) -> None:
    if "thop" in _hooked or not hasattr(thop, "profile"):
        return
    if describe.is_students_file(getattr(thop, "__file__", None)):
        events.note("the notebook has its own module named thop: its results do not count as profiles")
        return
    _hooked.add("thop")
    original = thop.profile
    patching.wrap(thop, "profile", _profiling)
    inner = sys.modules.get("thop.profile")  # `from thop.profile import profile`
    if inner is not None and getattr(inner, "profile", None) is original:
        patching.wrap(inner, "profile", _profiling)


def _profiling(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def profile(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if events.is_paused():
            return original(*args, **kwargs)
        model = args[0] if args else kwargs.get("model")
        inputs = args[1] if len(args) > 1 else kwargs.get("inputs")
        before = _before_profile(model, inputs)
        here.profiling = True
        try:
            result = original(*args, **kwargs)
        finally:
            here.profiling = False
        if before is not None:
            _after_profile(model, before, result)
        return result

    return profile


@events.guarded
def _before_profile(model: Any, inputs: Any) -> dict[str, object]:
    known = lookup(model)
    return {
        "cell": max(0, events.cell()),
        "model_class": type(model).__name__,
        "device": describe.device(model),
        "input_shapes": [list(tensor.shape) for tensor in describe.tensors(inputs)],
        "reused": known is not None and (known.trainings > 0 or known.profiled),
    }


@events.guarded
def _after_profile(model: Any, fields: dict[str, object], result: Any) -> None:
    known = register(model)
    if known is not None:
        known.profiled = True
    found = {"macs": describe.number(result[0]), "parameters": describe.number(result[1])}
    events.emit("profile", {**fields, **found, "model": known.key if known is not None else None})
