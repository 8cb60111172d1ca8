"""How the driver's time grows with a notebook: the exponents of notebooks of 1, 2, 4 and 8 times the size.

    python tests/benchmarks/bench_growth.py [--size N] [--short] [NAME ...]
    python tests/benchmarks/bench_growth.py --whole [NAME ...]

An exponent of 1 means that a notebook of twice the size takes twice the time. Without `--whole` nothing is run: these
are the stages that read, locate, analyse and slice, and the checks on evidence that grows. `--short` measures 1, 2 and
4 times half the size, in about a minute. `--whole` grades whole notebooks on a few images, and one with a megabyte of
text. All seconds are CPU time of the driver, except those after 'in all'.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.benchmarks.growth.evidence import EVIDENCE
from tests.benchmarks.growth.notebooks import NOTEBOOKS, write
from tests.benchmarks.growth.stages import forget, timed
from tests.benchmarks.growth.whole import GROWN, a_megabyte, graded, notebook, small_data

LEAST = 0.1  # seconds: the exponent of a shorter time says nothing
FACTORS = (1, 2, 4, 8)


def exponent(seconds: Sequence[float], least: float = LEAST) -> float | None:
    """Return the exponent between the two largest sizes; None if the time is too short."""
    return math.log2(seconds[-1] / seconds[-2]) if seconds[-1] >= least and seconds[-2] > 0 else None


def _print(name: str, seconds: Sequence[float], steepest: str = "") -> None:
    found = exponent(seconds)
    cells = "".join(f"{each:>8.2f}" for each in seconds)
    print(f"{name:<40}{cells}{'' if found is None else f'{found:>7.2f}'}{steepest}", flush=True)


def measure(name: str, sizes: Sequence[int], folder: Path) -> None:
    """Print a line for one kind of notebook: its seconds at each size, the exponent, and the steepest stage."""
    try:
        runs = [timed(write(NOTEBOOKS[name](size), folder / "notebook.ipynb")) for size in sizes]
    except RecursionError:
        print(f"{name:<40}nested too deeply", flush=True)
        return
    stages = {stage: found for stage in runs[0] if (found := exponent([run[stage] for run in runs])) is not None}
    steepest = max(stages, key=lambda stage: stages[stage], default="")
    _print(name, [sum(run.values()) for run in runs], f"  {steepest} {stages[steepest]:.2f}" if steepest else "")


def measure_evidence(name: str, sizes: Sequence[int]) -> None:
    """Print a line for one kind of evidence: its seconds at each size, and the exponent."""
    seconds = []
    for size in sizes:
        forget()
        began = time.process_time()
        EVIDENCE[name](size)
        seconds.append(time.process_time() - began)
    _print(name, seconds)


def measure_whole(names: Collection[str], folder: Path) -> None:
    """Print a line for each way in which a whole notebook grows; the exponent is of what is more than the solution."""
    data = small_data(folder / "data")
    path = folder / "notebook.ipynb"
    graded(notebook(iter(()), path), data)  # from now on the reference's own training is known
    base = graded(path, data)
    print(f"{'the solution itself':<40}{base[0]:>8.2f}{'in all':>40}{base[1]:>8.1f}", flush=True)
    for name, (first, added) in GROWN.items():
        if names and name not in names:
            continue
        runs = [graded(notebook(added(first * factor), path), data) for factor in FACTORS]
        cells = "".join(f"{cpu:>8.2f}" for cpu, _ in runs)
        found = exponent([cpu - base[0] for cpu, _ in runs])
        shown = "   flat" if found is None else f"{found:>7.2f}"
        print(f"{name:<40}{cells}{shown}   in all{''.join(f'{wall:>8.1f}' for _, wall in runs)}", flush=True)
    if not names:
        cpu, wall = graded(a_megabyte(path), data)
        print(f"{'a megabyte of text':<40}{cpu:>8.2f}{'in all':>40}{wall:>8.1f}", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=400)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.whole:
            measure_whole(options.names, Path(folder))
            return
        first = options.size // 2 if options.short else options.size
        sizes = [first * factor for factor in (FACTORS[:3] if options.short else FACTORS)]
        print(f"{'parts':<40}{''.join(f'{size:>8}' for size in sizes)}   exponent, steepest stage")
        for name in options.names or (*NOTEBOOKS, *EVIDENCE):
            if name in EVIDENCE:
                measure_evidence(name, sizes)
            else:
                measure(name, sizes, Path(folder))


if __name__ == "__main__":
    main()
