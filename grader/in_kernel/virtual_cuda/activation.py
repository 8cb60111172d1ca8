"""Activate the virtual device when the notebook first uses CUDA, and keep it active in every thread."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode, _get_current_dispatch_mode_stack, _pop_mode, _push_mode

from grader.in_kernel.virtual_cuda import forking, marks

_device: TorchDispatchMode | None = None  # the device's mode, set by `use`
_active: list[bool] = []
_here = threading.local()
_on_activation: list[Callable[[], None]] = []


def use(mode: TorchDispatchMode) -> None:
    """Make `mode` the dispatch mode of the device."""
    global _device
    _device = mode


def at_first_touch(callback: Callable[[], None]) -> None:
    """Call `callback()` when the notebook first uses CUDA."""
    _on_activation.append(callback)


def is_active() -> bool:
    """Return whether the notebook has used CUDA."""
    return bool(_active)


def touch(device: torch.device | int | str | None = None) -> None:
    """Activate the device in this thread; called before CUDA is used.

    Raises CUDA's error if `device` is not the first GPU, and RuntimeError in a process forked after CUDA was used.
    """
    if forking.fork.bad:
        raise forking.fork.error()
    if device is not None:
        marks.check_index(device if isinstance(device, int) else torch.device(device).index)
    if not _active:
        _active.append(True)
        forking.fork.used = True
        for callback in _on_activation:
            callback()
        torch._C._set_only_lift_cpu_tensors(True)  # torch.tensor(..., device='cuda') copies where the mode sees it
        _follow_into_threads()
        _outlive_inference_mode()
    if not getattr(_here, "entered", False):  # also a thread that began before the first touch
        enter()


def enter() -> None:
    """Activate the device in this thread below all active modes, so that their exits do not deactivate it."""
    _here.entered = True
    above = _get_current_dispatch_mode_stack()
    if not any(mode is _device for mode in above):
        _restack([_device, *above])


def _restack(modes: list[Any]) -> None:
    for _ in _get_current_dispatch_mode_stack():
        _pop_mode()
    for mode in modes:
        if _device is not None and mode is _device:
            mode.__enter__()
        else:
            _push_mode(mode)


def _follow_into_threads() -> None:
    """Activate the device in threads that start from now on, because a mode belongs to one thread."""
    original = threading.Thread._bootstrap_inner  # type: ignore[attr-defined]

    @functools.wraps(original)
    def _bootstrap_inner(self: threading.Thread) -> None:
        enter()
        try:
            original(self)
        finally:  # otherwise torch releases the mode after the thread's end, when Python may be gone
            for _ in _get_current_dispatch_mode_stack():
                _pop_mode()

    threading.Thread._bootstrap_inner = _bootstrap_inner  # type: ignore[attr-defined]


def _outlive_inference_mode() -> None:
    """Keep the device active after inference mode, whose end restores the dispatch state of its beginning."""
    original = torch.inference_mode.__exit__

    @functools.wraps(original)
    def __exit__(self: Any, *error: Any) -> None:
        original(self, *error)
        modes = list(_get_current_dispatch_mode_stack())
        if any(mode is _device for mode in modes):  # entering again sets what the exit has unset
            _restack(modes)

    torch.inference_mode.__exit__ = __exit__  # type: ignore[method-assign]
