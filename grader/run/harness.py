"""Choose the parts of the harness that a kernel gets, and their settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from grader.machine import NO_GPU, Gpu

if TYPE_CHECKING:
    from grader.data.sources import DataSource


def harness(
    source: DataSource,
    seed: int,
    *,
    gpu: Gpu = NO_GPU,
    record: bool = True,
    hidden: Path | None = None,
    threads: int = 1,
) -> dict[str, object]:
    """Return a kernel's set-up: GPU, Colab's stand-ins, MNIST from `source`, randomness from `seed`, the recorder.

    The notebook sees the machine's GPU only if `gpu` is of kind 'cuda'. `hidden` is a folder that it must not see.
    `threads` is the number of torch's threads.
    """
    install: list[list[object]] = []
    if gpu.kind == "virtual":  # before the parts that wrap torch.cuda
        install.append(["grader.in_kernel.virtual_cuda.install", {}])
    install += [
        ["grader.in_kernel.colab.install", {}],
        ["grader.in_kernel.datasets.mnist", {"folder": str(source.folder)}],
        ["grader.in_kernel.randomness.install", {"seed": seed}],
    ]
    if record:
        install += [["grader.in_kernel.recorder.install", {}], ["grader.in_kernel.recorder.figures", {}]]
    return {
        "install": install,
        "hide_gpu": gpu.kind != "cuda",
        "threads": threads,
        "readable": [str(source.folder)],
        "hidden": [str(hidden)] if hidden else [],
    }
