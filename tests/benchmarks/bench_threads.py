"""How torch's second thread should wait: two threads against one, where the cores are free and where another takes one.

Run as `python tests/benchmarks/bench_threads.py [ROUNDS]`. The ways take turns. A thread that sleeps as soon as it waits has
to be woken for each operation; one that spins takes its core from whoever else needs it. `check` runs a notebook with two
threads, so this says what grader's own way costs and gains.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from grader.sandbox.confinement.plan import KEEP_MEMORY, WAITING
from tests.benchmarks.bench_virtual_cuda import STEPS, step, timed

WAYS: Mapping[str, tuple[int, Mapping[str, str]]] = {
    "one thread": (1, {}),
    "two, grader's way": (2, WAITING),
    "two that sleep at once": (2, {"OMP_WAIT_POLICY": "passive"}),
    "two, as torch comes": (2, {}),
}
BUSY = "while True: pass"


def measure(threads: int) -> None:
    """In a child: on each line of standard input measure both models, and print seconds per step."""
    import torch

    torch.set_num_threads(threads)
    steps = {name: step(name, "cpu") for name in STEPS}
    for _ in sys.stdin:
        print(json.dumps({name: timed(run, STEPS[name]) for name, run in steps.items()}), flush=True)


def main(rounds: int) -> None:
    """Print how many times as long a step takes as with one thread, with the cores free and with one of them busy."""
    children = {
        way: subprocess.Popen(
            [sys.executable, __file__, "--child", str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "", **KEEP_MEMORY, **waiting},
        )
        for way, (threads, waiting) in WAYS.items()
    }
    for where in ("cores free", f"{max(1, (os.cpu_count() or 2) - 1)} of {os.cpu_count()} cores busy"):
        others = [] if where == "cores free" else _busy(max(1, (os.cpu_count() or 2) - 1))
        try:
            found = [{way: _asked(child) for way, child in children.items()} for _ in range(rounds)]
        finally:
            for other in others:
                other.kill()
                other.wait()
        for name in STEPS:
            one = [times["one thread"][name] for times in found]
            ratios = {
                way: statistics.median(times[way][name] / alone for times, alone in zip(found, one, strict=True))
                for way in WAYS
            }
            told = ", ".join(f"{way} {ratio:.2f}" for way, ratio in ratios.items() if way != "one thread")
            print(f"{name} step, {where}, times one thread's {min(one) * 1e3:.2f} ms (median of {rounds}): {told}")
    for child in children.values():
        child.communicate()


def _busy(count: int) -> list[subprocess.Popen[bytes]]:
    return [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]


def _asked(child: subprocess.Popen[str]) -> dict[str, float]:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write("\n")
    child.stdin.flush()
    answer: dict[str, float] = json.loads(child.stdout.readline())
    return answer


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        measure(int(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
