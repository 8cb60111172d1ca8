"""Record the calls of tools that count a model's operations: thop, torchinfo, and PyTorch's own FlopCounterMode."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from grader.in_kernel import events, patching
from grader.in_kernel.recorder import describe, models

_hooked: set[str] = set()


def install() -> None:
    """Watch the tools from their import on."""
    for name, hook in (
        ("thop", _hook_thop),
        ("torchinfo", _hook_torchinfo),
        ("torch.utils.flop_counter", _hook_flop_counter),
    ):
        patching.when_imported(name, events.guarded(hook))


def _is_new(module: ModuleType, name: str, attribute: str) -> bool:
    """Return whether a tool is the real one, has this attribute, and is not watched yet."""
    if name in _hooked or not hasattr(module, attribute):
        return False
    if describe.is_students_file(getattr(module, "__file__", None)):
        events.note(f"the notebook has its own module named {name}: its results do not count as profiles")
        return False
    _hooked.add(name)
    return True


# --- thop and torchinfo: one call for one model ---------------------------------------------------------------------


def _hook_thop(thop: ModuleType) -> None:
    if not _is_new(thop, "thop", "profile"):
        return
    original = thop.profile
    wrapper = functools.partial(_profiling, "thop", _of_thop)
    patching.wrap(thop, "profile", wrapper)
    inner = sys.modules.get("thop.profile")  # `from thop.profile import profile`
    if inner is not None and getattr(inner, "profile", None) is original:
        patching.wrap(inner, "profile", wrapper)


def _hook_torchinfo(torchinfo: ModuleType) -> None:
    if not _is_new(torchinfo, "torchinfo", "summary"):
        return
    wrapper = functools.partial(_profiling, "torchinfo", _of_torchinfo)
    original = torchinfo.summary
    patching.wrap(torchinfo, "summary", wrapper)
    inner = sys.modules.get("torchinfo.torchinfo")
    if inner is not None and getattr(inner, "summary", None) is original:
        patching.wrap(inner, "summary", wrapper)


def _of_thop(result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, object]:
    """Return the counts and the shapes of the inputs of one call."""
    inputs = args[1] if len(args) > 1 else kwargs.get("inputs")
    shapes = [list(tensor.shape) for tensor in describe.tensors(inputs)]
    return {"macs": describe.number(result[0]), "parameters": describe.number(result[1]), "input_shapes": shapes}


def _of_torchinfo(result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, object]:
    size = getattr(result, "input_size", None) or []
    shapes = size if size and isinstance(size[0], (list, tuple)) else [size]
    return {
        "macs": describe.number(getattr(result, "total_mult_adds", None)),
        "parameters": describe.number(getattr(result, "total_params", None)),
        "input_shapes": [[int(side) for side in shape] for shape in shapes if len(shape)],
    }


def _profiling(tool: str, read: Callable[..., dict[str, object]], original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def profile(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if events.is_paused():
            return original(*args, **kwargs)
        model = args[0] if args else kwargs.get("model")
        before = _before(tool, model)
        models.here.profiling = True
        try:
            result = original(*args, **kwargs)
        finally:
            models.here.profiling = False
        if before is not None:
            _after(model, before, read, result, args, kwargs)
        return result

    return profile


@events.guarded
def _before(tool: str, model: Any) -> dict[str, object]:
    known = models.lookup(model)
    return {
        "cell": max(0, events.cell()),
        "tool": tool,
        "model_class": type(model).__name__,
        "device": describe.device(model),
        "reused": known is not None and (known.trainings > 0 or known.profiled),
    }


@events.guarded
def _after(
    model: Any,
    fields: dict[str, object],
    read: Callable[..., dict[str, object]],
    result: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    known = models.register(model)
    if known is not None:
        known.profiled = True
    found = read(result, args, kwargs)
    events.emit("profile", {**fields, **found, "model": known.key if known is not None else None})


# --- FlopCounterMode: a context in which models are called ----------------------------------------------------------


def _hook_flop_counter(module: ModuleType) -> None:
    if not _is_new(module, "torch.utils.flop_counter", "FlopCounterMode"):
        return
    patching.wrap(module.FlopCounterMode, "__enter__", _entering)
    patching.wrap(module.FlopCounterMode, "__exit__", _leaving)


def _entering(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def __enter__(self: Any) -> Any:
        __tracebackhide__ = True
        if not events.is_paused():
            models.here.counting = []
        return original(self)

    return __enter__


def _leaving(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def __exit__(self: Any, *args: Any) -> Any:
        __tracebackhide__ = True
        result = original(self, *args)
        if models.here.counting is not None:
            _counted(self)
            models.here.counting = None
        return result

    return __exit__


@events.guarded
def _counted(counter: Any) -> None:
    """Write a profile for each model that was called; the counts are known only if it was one, called once."""
    called = models.here.counting or []
    for model, shapes in called:
        known = models.lookup(model)
        total = describe.number(counter.get_total_flops()) if len(called) == 1 else None
        fields: dict[str, object] = {
            "cell": max(0, events.cell()),
            "tool": "FlopCounterMode",
            "model_class": type(model).__name__,
            "model": known.key if known is not None else None,
            "device": describe.device(model),
            "input_shapes": shapes,
            "macs": None if total is None else total / 2,  # it counts a multiplication and an addition as two
            "parameters": sum(p.numel() for p in model.parameters()),
            "reused": known is not None and known.trainings > 0,
        }
        events.emit("profile", fields)
