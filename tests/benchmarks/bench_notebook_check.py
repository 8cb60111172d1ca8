"""The check inside a notebook: seconds to the first answer and to later ones, in a plain ipykernel.

`python tests/benchmarks/bench_notebook_check.py [ROUNDS] [--full]`. A round starts a kernel, runs the solution's cells up to the
loops on a small MNIST (`--full`: on the sample that ships), and checks. Run it on an idle machine with two cores.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.live.notebooks import SOLUTION, cells, live_kernel, small_mnist

CHECKS = {
    "first answer: grader.check('mlp')": "grader.check('mlp')",
    "again, after another cell ran": "grader.check('mlp')",
    "loaders: grader.check('data')": "grader.check('data')",
    "loops: grader.check('cpu_loops')": "grader.check('cpu_loops')",
    "what was printed: grader.check('q1')": "grader.check('q1')",
    "all items: grader.check()": "grader.check()",
    "all items again, nothing else ran": "grader.status()",
}


def measure(full: bool) -> dict[str, float]:
    """Seconds of each check in a new kernel, in the order of CHECKS."""
    right = cells(SOLUTION)
    with tempfile.TemporaryDirectory() as folder:
        small_mnist(Path(folder), *((8192, 1024) if full else (256, 128)))
        with live_kernel(Path(folder)) as kernel:
            began = time.perf_counter()
            kernel.run("import grader")
            found = {"import grader": time.perf_counter() - began}
            for name in ("imports", "mlp", "data", "q1", "prepare", "loops"):
                kernel.run(right[name])
            for at, (name, check) in enumerate(CHECKS.items()):
                if at < len(CHECKS) - 1:
                    kernel.run(f"another = {at}")
                began = time.perf_counter()
                assert not kernel.run(check)["error"]
                found[name] = time.perf_counter() - began
    return found


def main(rounds: int, full: bool) -> None:
    """Print a table of medians and the largest values."""
    found = [measure(full) for _ in range(rounds)]
    print("| | median, s | most, s |\n| --- | --- | --- |")
    for name in found[0]:
        values = [one[name] for one in found]
        print(f"| {name} | {statistics.median(values):.2f} | {max(values):.2f} |")


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    main(numbers[0] if numbers else 5, "--full" in sys.argv)
