"""Keep track of the models that a run calls, under stable keys."""

from __future__ import annotations

import itertools
import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

from grader.in_kernel import events
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
    profiling = False  # a profiler calls the models
    counting: list[tuple[nn.Module, list[list[int]]]] | None = None  # models called while FLOPs are counted, and inputs


here = _Here()
_known: Attached[Known] = Attached()
_numbers = itertools.count(1)


def install() -> None:
    """Reset the state, and tell the models' names at the end of each cell."""
    global _numbers
    _known.clear()
    _numbers = itertools.count(1)
    events.at_cell_end(announce_names)


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
