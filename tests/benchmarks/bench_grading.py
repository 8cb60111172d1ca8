"""How long grading the solution takes, how much of it is the harness, and plain nbclient on the same notebook beside it.

    python tests/benchmarks/bench_grading.py [RUNS]

Both use the sample that ships with grader. nbclient gets it as torchvision's own files, in a folder of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import grader
from grader.data.sources import find_data

ROOT = Path(__file__).parents[2]
SOLUTION = ROOT / "reference" / "solution.ipynb"

PEER = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], 4)
NotebookClient(notebook, timeout=None, allow_errors=True, kernel_name="python3").execute()
"""


def plain() -> float:
    """Seconds that nbclient takes for the notebook, one torch thread, data in place."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "data" / "MNIST" / "raw"
        raw.mkdir(parents=True)
        for file in find_data(sample=True).folder.glob("*.gz"):
            shutil.copy(file, raw)
            subprocess.run(["gzip", "-dk", str(raw / file.name)], check=True)
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", PEER, str(SOLUTION)], cwd=folder, env=environment, check=True)
        return time.monotonic() - began


def main(runs: int) -> None:
    """Print a table of `runs` runs each, in turn."""
    grader.grade(SOLUTION, sample=True, device="cpu")  # the reference's own training is then in the cache
    ours: list[dict[str, float]] = []
    peers: list[float] = []
    for _ in range(runs):
        peers.append(plain())
        result = grader.grade(SOLUTION, sample=True, device="cpu")
        seconds = json.loads(json.dumps(result.to_dict()))["environment"]["seconds"]
        ours.append({**seconds, "harness": seconds["all"] - seconds["student"]})
    print(f"{'seconds':<34}{'min':>8}{'median':>8}")
    for key, words in (
        ("all", "grader: all"),
        ("student", "grader: student code in the run"),
        ("probe", "grader: probes"),
        ("harness", "grader: all but student code"),
    ):
        values = [run[key] for run in ours]
        print(f"{words:<34}{min(values):>8.1f}{statistics.median(values):>8.1f}")
    print(f"{'nbclient: all':<34}{min(peers):>8.1f}{statistics.median(peers):>8.1f}")
    ratios = [run["all"] / peer for run, peer in zip(ours, peers, strict=True)]
    share = [run["harness"] / run["all"] for run in ours]
    print(f"grader / nbclient, run by run: median {statistics.median(ratios):.2f}")
    print(f"the harness's own share: median {statistics.median(share):.0%}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
