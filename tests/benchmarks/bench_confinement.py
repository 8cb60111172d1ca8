"""What confinement costs a submission's start: the same kernel under each back end of this machine, in turns.

`python tests/benchmarks/bench_confinement.py [ROUNDS]` prints, for each, the time until a first cell has ended and how much
longer that takes than with limits alone ('laptop').
"""

from __future__ import annotations

import statistics
import sys
import time

from grader.sandbox.confinement.backends import Backend, trials
from grader.sandbox.kernel import Kernel
from grader.sandbox.limits import Limits


def start_seconds(backend: Backend) -> float:
    began = time.perf_counter()
    with Kernel({}, Limits(), backend) as kernel:
        assert kernel.run_cell(0, "1").status == "ok"
        return time.perf_counter() - began


def main(rounds: int) -> None:
    backends = [trial.backend for trial in trials() if trial.backend is not None]
    for backend in backends:
        start_seconds(backend)  # caches of the file system
    taken: dict[str, list[float]] = {backend.level: [] for backend in backends}
    for _ in range(rounds):
        for backend in backends:
            taken[backend.level].append(start_seconds(backend))
    plain = taken["laptop"]
    for level, seconds in taken.items():
        least, median = min(seconds), statistics.median(seconds)
        more = (
            f"{(least - min(plain)) * 1000:+.0f} ms least, {(median - statistics.median(plain)) * 1000:+.0f} ms median"
        )
        print(f"{level:11} {least:.3f} s least of {rounds}, {median:.3f} s median; against limits alone: {more}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 11)
