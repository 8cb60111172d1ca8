"""Recognise a step of an optimizer that is only a part of another step."""

from __future__ import annotations

import sys
from types import FrameType

_FILE = "torch/optim/optimizer.py"  # its `wrapper` makes a step and calls the hooks


def is_inner(optimizer: object) -> bool:
    """Return whether the step that just ended was called by another step of this optimizer, as by `super().step()`.

    Call this in a hook that torch calls after a step. Torch calls the hooks for both steps if an object of the base
    class was made before.
    """
    step = _next_step(sys._getframe(1))
    outer = _next_step(step.f_back) if step is not None else None
    while outer is not None:
        if outer.f_locals.get("self") is optimizer:
            return True
        outer = _next_step(outer.f_back)
    return False


def _next_step(frame: FrameType | None) -> FrameType | None:
    """Return the nearest frame, from this one outwards, in which torch makes a step; None without one."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "wrapper" and code.co_filename.endswith(_FILE):
            return frame
        frame = frame.f_back
    return None
