"""Loss thresholds measured from many seeds of the reference, for notebooks whose random numbers are their own."""

from __future__ import annotations

import json
import math
import platform
import statistics
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from grader.evidence import run_evidence
from grader.result import write_atomically
from grader.rubric import Assignment, Threshold

if TYPE_CHECKING:
    from grader.data.sources import DataSource
    from grader.grading import Report

# Upper prediction limit for one more normal value from 20: mean + t(19, 1 - 1e-6) * sqrt(1 + 1/20) * sd, with t = 6.73.
SPREAD = 6.9


def upper_limit(losses: Sequence[float]) -> float:
    """The loss that one more run of the reference exceeds with a probability under 1e-6, taking log losses as normal.

    `losses` are those of at least 20 seeds, all positive. Raises ValueError for fewer.
    """
    if len(losses) < 20:
        raise ValueError("a threshold needs at least 20 seeds")
    logs = [math.log(loss) for loss in losses]
    return math.exp(statistics.mean(logs) + SPREAD * statistics.stdev(logs))


def measure(assignment: Assignment, source: DataSource, seeds: int, report: Report) -> dict[str, list[float]]:
    """Run the reference's program under `seeds` seeds; the test losses by '<role>.loss.<epochs>', one a seed."""
    from grader.grading import Progress
    from grader.trajectories import by_role, run_program

    losses: dict[str, list[float]] = {}
    for seed in range(1, seeds + 1):
        report(Progress("run", seed - 1, seeds, f"the reference under seed {seed}"))
        run = run_evidence((), run_program(assignment, source, seed))
        for role, passes in by_role(assignment, run, steps=False).items():
            for epochs, seen in enumerate(passes, 1):
                if seen.mean_loss is not None:
                    losses.setdefault(f"{role}.loss.{epochs}", []).append(seen.mean_loss)
    return losses


def calibrate(
    assignment: Assignment,
    seeds: int,
    out: Path | None,
    report: Report,
    *,
    data: Path | None,
    sample: bool,
) -> list[str]:
    """Measure the thresholds on the data and write them to `out`, beside those for other data; lines for the terminal.

    Raises ValueError for fewer than 20 seeds.
    """
    import torch

    from grader.data.sources import find_data

    if seeds < 20:
        raise ValueError("calibrate needs at least 20 seeds; give --seeds 20 or more")
    source = find_data(data, sample)
    losses = measure(assignment, source, seeds, report)
    entry = {
        "data": source.describe(),
        "train_size": source.train_size,
        "sha256": source.sha256,
        "measured": date.today().isoformat(),
        "seeds": seeds,
        "torch": torch.__version__,
        "machine": platform.machine(),
        "limits": {
            key: {"high": round(upper_limit(values), 4), "median": round(statistics.median(values), 4)}
            for key, values in losses.items()
        },
    }
    if out is not None:
        stored = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
        stored[str(source.train_size)] = entry
        write_atomically(out, json.dumps(stored, indent=1) + "\n")
    lines = [f"{len(losses)} thresholds from {seeds} seeds on {source.describe()}"]
    for key, values in losses.items():
        lines.append(f"{key}: median {statistics.median(values):.3f}, at most {upper_limit(values):.3f}")
    return lines


def thresholds(stored: Mapping[str, Mapping[str, object]], train_size: int) -> dict[str, Threshold]:
    """The thresholds stored for data with this many training images; {} when there are none."""
    entry = stored.get(str(train_size))
    if entry is None:
        return {}
    limits = entry["limits"]
    assert isinstance(limits, Mapping)
    source = f"measured from {entry['seeds']} seeds of the reference"
    return {key: Threshold(None, float(limit["high"]), source) for key, limit in limits.items()}
