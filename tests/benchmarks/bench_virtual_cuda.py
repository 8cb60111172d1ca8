"""What the virtual GPU costs: a training step on it against the same step on the plain CPU, one thread, in one run.

Run as `python tests/benchmarks/bench_virtual_cuda.py [ROUNDS]`. The two alternate, so that both meet the same machine. The
plain steps run in a process that has the virtual device but has not touched it, and once more in one that has not got it.
All have the memory settings of a graded kernel.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from grader.sandbox.confinement.plan import KEEP_MEMORY

BATCH = 64
STEPS = {"MLP": 300, "CNN": 12}  # per measurement


def measure(kind: str) -> None:
    """In a child: on each line of standard input measure both models, and print seconds per step."""
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    if kind != "plain":
        from grader.in_kernel.virtual_cuda import install as virtual_cuda

        virtual_cuda.install({})
    import torch

    torch.set_num_threads(1)
    steps = {name: step(name, "cuda" if kind == "virtual" else "cpu") for name in STEPS}
    for _ in sys.stdin:
        print(json.dumps({name: timed(run, STEPS[name]) for name, run in steps.items()}), flush=True)


def step(name: str, device: str) -> Callable[[], None]:
    """One step of training as a notebook writes it, with the batch moved to the device."""
    import torch

    from reference.models import CNN, MLP

    torch.manual_seed(0)
    model = {"MLP": MLP, "CNN": CNN}[name]().to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.5)
    criterion = torch.nn.CrossEntropyLoss()
    images, labels = torch.randn(BATCH, 1, 28, 28), torch.randint(0, 10, (BATCH,))

    def run() -> None:
        data, target = images.to(device), labels.to(device)
        optimizer.zero_grad()
        loss = criterion(model(data), target)
        loss.backward()
        optimizer.step()

    return run


def timed(run: Callable[[], None], count: int) -> float:
    """Seconds for one of `count` calls, after a few to warm up."""
    for _ in range(3):
        run()
    start = time.perf_counter()
    for _ in range(count):
        run()
    return (time.perf_counter() - start) / count


def main(rounds: int) -> None:
    """Print ratios, with the smallest times that they come from."""
    kinds = ("plain", "untouched", "virtual")
    children = {
        kind: subprocess.Popen(
            [sys.executable, __file__, "--child", kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **KEEP_MEMORY},
        )
        for kind in kinds
    }
    found: dict[str, dict[str, list[float]]] = {kind: {name: [] for name in STEPS} for kind in kinds}
    for _ in range(rounds):
        for kind, child in children.items():
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write("\n")
            child.stdin.flush()
            for name, seconds in json.loads(child.stdout.readline()).items():
                found[kind][name].append(seconds)
    for child in children.values():
        child.communicate()
    for name in STEPS:
        plain = min(found["plain"][name])
        for kind in kinds[1:]:
            ratios = [a / b for a, b in zip(found[kind][name], found["plain"][name], strict=True)]
            print(
                f"{name} step, {kind}: {min(found[kind][name]) / plain:.2f} times plain CPU (least of {rounds}), "
                f"{statistics.median(ratios):.2f} (median of ratios); plain {plain * 1e3:.2f} ms"
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        measure(sys.argv[2])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
