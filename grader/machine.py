"""The machine: which GPU notebooks find (the machine's, a virtual one, or none), and how many cores may be used."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from grader.errors import GraderError

Device = Literal["auto", "cuda", "virtual", "cpu"]  # the choices of --device
DEVICES: tuple[Device, ...] = get_args(Device)
GPU_FILES = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/nvhost-gpu", "/dev/kfd", "/dev/dxg")  # NVIDIA, Jetson, AMD, WSL
VIRTUAL_NAME = "virtual GPU (CUDA simulated on the CPU; its times mean nothing)"


class DeviceError(GraderError):
    """The requested device is not available."""


@dataclass(frozen=True)
class Gpu:
    """The GPU that a notebook finds; `name` is its name in the report."""

    kind: Literal["cuda", "virtual", "none"]
    name: str

    @property
    def there(self) -> bool:
        """True if notebooks find a GPU."""
        return self.kind != "none"


NO_GPU = Gpu("none", "cpu")
VIRTUAL = Gpu("virtual", VIRTUAL_NAME)


def find_gpu(wanted: Device = "auto") -> Gpu:
    """Return the GPU for `wanted`; 'auto' means the machine's GPU if torch can use one, else a virtual one.

    Raises DeviceError for 'cuda' on a machine without a usable GPU, and for a device that does not exist.
    """
    if wanted not in DEVICES:
        raise DeviceError(f"there is no device {wanted!r}; choose one of {', '.join(DEVICES)}")
    if wanted == "cpu":
        return NO_GPU
    if wanted == "virtual":
        return VIRTUAL
    if wanted == "auto" and not _may_have_gpu():
        return VIRTUAL
    import torch

    if torch.cuda.is_available():
        return Gpu("cuda", torch.cuda.get_device_name(0))
    if wanted == "cuda":
        raise DeviceError("this machine has no GPU that torch can use; use --device auto to grade with a virtual one")
    return VIRTUAL


def _may_have_gpu() -> bool:
    """Return False if the system has no device that torch could use; torch need not be imported then."""
    return not sys.platform.startswith("linux") or any(map(os.path.exists, GPU_FILES))


def usable_cores() -> int:
    """Return how many cores this process may use: by its CPU affinity and by the quota of its control group."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        cores = min(cores, max(1, int(quota) // int(period)))
    except (OSError, ValueError):  # no such group, or 'max'
        pass
    return cores
