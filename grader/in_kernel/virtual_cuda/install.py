"""Give a process the virtual GPU when torch is imported."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from grader.in_kernel import events
from grader.in_kernel.patching import when_imported

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
        events.note(f"this torch cannot be given a virtual GPU, so GPU items are not to be trusted: {error}")


def _prepare() -> None:
    """Replace what `torch.cuda` answers; the rest waits for the first touch."""
    import torch

    from grader.in_kernel.virtual_cuda import activation, runtime, tensors
    from grader.in_kernel.virtual_cuda.operators import Operators

    activation.use(Operators())
    torch._C._ensureCUDADeviceGuardSet()  # torch's own guard for a machine without a GPU: every device index is fine
    runtime.install()
    tensors.install_pinning()
    if tensors.LINKED:
        activation.at_first_touch(tensors.install)
    else:
        tensors.install()
    activation.at_first_touch(runtime.install_late)
