"""Describe the software, the machine and the settings behind a result."""

from __future__ import annotations

from collections.abc import Mapping

from grader.machine import Gpu
from grader.result import Environment, Fact
from grader.sandbox.confinement.backends import Backend
from grader.sandbox.limits import Limits


def environment(
    gpu: Gpu, data: str, seed: str, backend: Backend, limits: Limits, threads: int, seconds: Mapping[str, Fact]
) -> Environment:
    """Return the software, the machine and the settings behind a result.

    `data` describes the images, `seed` is the commitment to the seed, and `threads` is the number that torch used.
    """
    import platform

    import torch
    import torchvision

    from grader.version import __version__

    return {
        "grader": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "device": gpu.name,
        "threads": float(threads),
        "data": data,
        "seed_commitment": seed,
        "isolation": backend.report(),
        "limits": {
            "cell_seconds": limits.cell_seconds,
            "total_seconds": limits.total_seconds,
            "cell_output_bytes": float(limits.cell_output_bytes),
            "total_output_bytes": float(limits.total_output_bytes),
            "memory_bytes": float(limits.memory_bytes),
            "tasks": float(limits.tasks),
            "cpu_seconds": limits.cpu_seconds,
            "file_bytes": float(limits.file_bytes),
            "scratch_bytes": float(limits.scratch_bytes),
        },
        "seconds": seconds,
    }
