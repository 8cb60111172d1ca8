"""Warm start against cold: seconds until the first cells have run, and the memory of kernels that run at a time.

`python tests/benchmarks/bench_warm_start.py [ROUNDS] [KERNELS]`. Cold and warm alternate, so that both meet the same machine.
Memory is what each kernel has for itself (private) and its share of what several have (proportional), after a training step.
"""

from __future__ import annotations

import statistics
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from grader.sandbox import warm_start
from grader.sandbox.confinement.backends import Backend, trials
from grader.sandbox.kernel import Kernel
from grader.sandbox.limits import MIB, Limits

FIRST = "print('here')"
TRAIN = """
import torch, torchvision, matplotlib.pyplot as plt
from torch import nn
model = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32 * 26 * 26, 10))
optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.5)
loss = nn.functional.cross_entropy(model(torch.rand(64, 1, 28, 28)), torch.randint(0, 10, (64,)))
loss.backward(); optimizer.step()
plt.plot([1, 2]); plt.show()
"""


def seconds(backend: Backend) -> tuple[float, float]:
    """Until a first cell has ended, and until one that imports torch, trains a step and plots has."""
    began = time.perf_counter()
    with Kernel({}, Limits(), backend) as kernel:
        assert kernel.run_cell(0, FIRST).status == "ok"
        first = time.perf_counter() - began
        assert kernel.run_cell(1, TRAIN).status == "ok"
        return first, time.perf_counter() - began


def memory(backend: Backend, count: int) -> tuple[float, float]:
    """MiB for each of `count` kernels at a time: private, proportional."""
    with ExitStack() as stack:
        kernels = [stack.enter_context(Kernel({}, Limits(), backend)) for _ in range(count)]
        for kernel in kernels:
            assert kernel.run_cell(0, TRAIN).status == "ok"
        found = [psutil.Process(kernel._running._kernel_pid()).memory_full_info() for kernel in kernels]
        return sum(one.uss for one in found) / count / MIB, sum(one.pss for one in found) / count / MIB


def main(rounds: int, count: int) -> None:
    """Print a table for each back end that can start warm here."""
    for backend in (trial.backend for trial in trials()):
        if backend is None or backend.forking is None:
            continue
        taken: dict[str, list[tuple[float, float]]] = {"cold": [], "warm": []}
        warm_start.many_kernels()
        began = time.perf_counter()
        seconds(backend)
        print(f"{backend.level}: the fork server and its first kernel {time.perf_counter() - began:.1f} s, once")
        for _ in range(rounds):
            for kind, measured in taken.items():
                warm_start.many_kernels(kind == "warm")
                measured.append(seconds(backend))
        for place, what in enumerate(("a first cell", "a first training step and a plot")):
            cold, warm = ([pair[place] for pair in taken[kind]] for kind in ("cold", "warm"))
            ratio = statistics.median(a / b for a, b in zip(cold, warm, strict=True))
            print(
                f"  until {what}: cold {min(cold):.3f} s least, {statistics.median(cold):.3f} s median of {rounds}; "
                f"warm {min(warm):.3f} and {statistics.median(warm):.3f}; {ratio:.1f} times as fast"
            )
        for kind in taken:
            warm_start.many_kernels(kind == "warm")
            private, proportional = memory(backend, count)
            print(f"  each of {count} kernels, {kind}: {private:.0f} MiB private, {proportional:.0f} MiB proportional")
        warm_start.close()


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    main(*(numbers + [7, 4][len(numbers) :]))
