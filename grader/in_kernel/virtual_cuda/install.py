"""Install the virtual GPU in a process when torch is imported."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from grader.in_kernel import events
from grader.in_kernel.patching import when_imported

_hooked: set[str] = set()


def install(config: dict[str, Any]) -> None:
    """Install the virtual GPU once torch is imported; a second call changes nothing. `config` is not used."""
    when_imported("torch", _hook_torch)


def is_installed() -> bool:
    """Return whether this process has the virtual device."""
    return bool(_hooked)


def _hook_torch(torch: ModuleType) -> None:
    if _hooked:
        return
    _hooked.add("torch")
    try:
        _prepare()
    except Exception as error:  # the notebook's import must not fail because of an unknown version of torch
        events.note(f"the virtual GPU does not fit this version of torch, so do not trust the GPU items: {error}")


def _prepare() -> None:
    """Replace `torch.cuda`'s functions; the rest waits until CUDA is used."""
    import torch

    from grader.in_kernel.virtual_cuda import activation, runtime, tensors
    from grader.in_kernel.virtual_cuda.operators import Operators

    activation.use(Operators())
    torch._C._ensureCUDADeviceGuardSet()  # torch's own guard for machines without a GPU, which accepts every index
    runtime.install()
    tensors.install_pinning()
    if tensors.LINKED:
        activation.at_first_touch(tensors.install)
    else:
        tensors.install()
    activation.at_first_touch(runtime.install_late)
