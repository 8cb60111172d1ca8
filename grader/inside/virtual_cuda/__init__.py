"""A CUDA device on a machine that has none: one GPU like a T4, computed by the CPU.

A tensor 'on' the device is an ordinary CPU tensor whose storage carries a mark (`marks`). A dispatch mode sees every
operator, refuses operands on two devices in CUDA's words, computes on the CPU and marks what comes out (`operators`,
`refusals`). Attributes and methods of tensors and storages tell of the mark (`tensors`), `torch.cuda` answers for the
device (`runtime`, `streams`, `generators`). Until a notebook first touches CUDA only `torch.cuda`'s own functions are
replaced: no mode is active, and CPU code costs what it costs without.

What the device promises and what it does not stands in docs/virtual_cuda.md.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from grader.inside import recorder
from grader.inside.imports import when_imported

_hooked: set[str] = set()


def install(config: dict[str, Any]) -> None:
    """Give this process a GPU from torch's import on; a second call changes nothing. `config` holds nothing yet."""
    when_imported("torch", _hook_torch)


def is_installed() -> bool:
    """Whether this process has the virtual device."""
    return bool(_hooked)


def _hook_torch(torch: ModuleType) -> None:
    if _hooked:
        return
    _hooked.add("torch")
    try:
        _prepare()
    except Exception as error:  # a torch of another shape must not fail the notebook's import
        recorder.note(f"this torch cannot be given a virtual GPU, so GPU items are not to be trusted: {error}")


def _prepare() -> None:
    from grader.inside.virtual_cuda import activation

    activation.prepare()
