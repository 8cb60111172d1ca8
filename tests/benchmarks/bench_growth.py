"""How the driver's time grows with a notebook: the exponents of notebooks of 1, 2, 4 and 8 times the size.

    python tests/benchmarks/bench_growth.py [--size N] [--short] [NAME ...]

An exponent of 1 means that a notebook of twice the size takes twice the time. Nothing is run: these are the stages that
read, locate, analyse and slice. `--short` measures 1, 2 and 4 times half the size, in about a minute.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.benchmarks.growth.notebooks import NOTEBOOKS, write
from tests.benchmarks.growth.stages import timed

LEAST = 0.1  # seconds: the exponent of a shorter time says nothing


def exponent(seconds: Sequence[float]) -> float | None:
    """Return the exponent between the two largest sizes; None if the time is too short."""
    return math.log2(seconds[-1] / seconds[-2]) if seconds[-1] >= LEAST and seconds[-2] > 0 else None


def measure(name: str, sizes: Sequence[int], folder: Path) -> None:
    """Print a line for one kind of notebook: its seconds at each size, the exponent, and the steepest stage."""
    try:
        runs = [timed(write(NOTEBOOKS[name](size), folder / "notebook.ipynb")) for size in sizes]
    except RecursionError:
        print(f"{name:<40}nested too deeply", flush=True)
        return
    total = exponent([sum(run.values()) for run in runs])
    stages = {stage: found for stage in runs[0] if (found := exponent([run[stage] for run in runs])) is not None}
    steepest = max(stages, key=lambda stage: stages[stage], default="")
    cells = "".join(f"{sum(run.values()):>8.2f}" for run in runs)
    worst = f"  {steepest} {stages[steepest]:.2f}" if steepest else ""
    print(f"{name:<40}{cells}{'' if total is None else f'{total:>7.2f}'}{worst}", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=400)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    first = options.size // 2 if options.short else options.size
    sizes = [first * factor for factor in ((1, 2, 4) if options.short else (1, 2, 4, 8))]
    print(f"{'parts':<40}{''.join(f'{size:>8}' for size in sizes)}   exponent, steepest stage")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.names or NOTEBOOKS:
            measure(name, sizes, Path(folder))


if __name__ == "__main__":
    main()
