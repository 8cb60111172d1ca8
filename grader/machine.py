"""Which GPU notebooks find: the machine's, a virtual one, or none."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grader.errors import GraderError

DEVICES = ("auto", "cuda", "virtual", "cpu")  # what a person may ask for
GPU_FILES = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/nvhost-gpu", "/dev/kfd", "/dev/dxg")  # NVIDIA, Jetson, AMD, WSL
VIRTUAL_NAME = "virtual GPU (CUDA simulated on the CPU; its times mean nothing)"


class DeviceError(GraderError):
    """The device that was asked for is not there; the message is one sentence."""


@dataclass(frozen=True)
class Gpu:
    """The GPU that a notebook finds; `name` is what the report calls it."""

    kind: Literal["cuda", "virtual", "none"]
    name: str

    @property
    def there(self) -> bool:
        """Whether notebooks find a GPU at all."""
        return self.kind != "none"


NO_GPU = Gpu("none", "cpu")
VIRTUAL = Gpu("virtual", VIRTUAL_NAME)


def find_gpu(wanted: str = "auto") -> Gpu:
    """The GPU for `wanted`, one of DEVICES: 'auto' takes the machine's, else a virtual one.

    Raises DeviceError when 'cuda' is asked for in vain.
    """
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
        raise DeviceError("there is no GPU here that torch can use; grade with --device auto to use a virtual one")
    return VIRTUAL


def _may_have_gpu() -> bool:
    """Whether the system knows of a device that torch could use: if not, torch need not be loaded to find none."""
    return not sys.platform.startswith("linux") or any(map(os.path.exists, GPU_FILES))


def usable_cores() -> int:
    """How many cores this process may use: those it is bound to, and no more than its control group is given."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        cores = min(cores, max(1, int(quota) // int(period)))
    except (OSError, ValueError):  # no such group, or 'max'
        pass
    return cores
