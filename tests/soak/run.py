"""A class on a cluster whose workers are killed at random: nothing is lost, and nothing is twice in the results.

`python -m tests.soak.run --notebooks 500` starts a scheduler and workers as processes, grades a class of made-up notebooks with
the real command (gradings take a moment, no more, so that what is tried is all around them), kills a worker now and then as the
loss of its machine would, starts another in its place, and counts.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.course.worker_deaths import MAX_DEATHS
from tests.course.cluster.processes import INSTANT, Processes, copy_tree, write_class


@dataclass(frozen=True)
class Outcome:
    """What became of a soak."""

    notebooks: int
    seconds: float
    kills: int
    begun: int
    struck: int
    rows: int
    results: int
    failed: int
    status: int
    said: str
    doubled: int
    """Names that are twice in the store, or whose results are those of another notebook."""


def soak(notebooks: int, workers: int, threads: int, every: float, sleep: float, seed: int) -> Outcome:
    """Grade a class while workers are killed, and return what became of it.

    A worker is killed when all have been there for `every` seconds on average; a grading sleeps `sleep` seconds on
    average. A worker is spared if its death would be the third of one of its notebooks.
    """
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        place, folder = Path(name) / "place", Path(name) / "cluster"
        for path in (place, folder):
            path.mkdir()
        with Processes(copy_tree(place), folder) as cluster:
            for _ in range(workers):
                cluster.start_worker(*INSTANT, threads=threads)
            texts = {f"n{i:05}": f"sleep {draw.uniform(0, 2 * sleep):.2f} # {i}" for i in range(notebooks)}
            driver = cluster.driver(write_class(Path(name) / "in", **texts), Path(name) / "out")
            assert driver.stdout is not None
            lines: list[str] = []
            reader = threading.Thread(target=lambda: lines.extend(driver.stdout or ()))
            reader.start()
            while driver.poll() is None and not any(line.startswith("[1/") for line in lines):
                time.sleep(0.05)
            began, kills = time.monotonic(), 0
            while driver.poll() is None:
                try:
                    driver.wait(draw.expovariate(1 / every))
                except subprocess.TimeoutExpired:
                    number = draw.randrange(workers)
                    if _loses_its_third(cluster, number, lines):
                        continue
                    cluster.kill_worker(number)
                    kills += 1
                    # another in its place, in the list too
                    cluster.start_worker(*INSTANT, threads=threads)
                    cluster.workers[number] = cluster.workers.pop()
                    cluster.wait_for_newest_worker()  # on a slow machine workers would die faster than they start
            seconds = time.monotonic() - began
            reader.join()
            said = "".join(line for line in lines if " points confirmed" not in line) + (
                driver.stderr.read() if driver.stderr else ""
            )
            begun = Counter(cluster.begun())
            return _count(Path(name) / "out", texts, seconds, kills, begun, driver.returncode, said)


def _loses_its_third(cluster: Processes, number: int, lines: Sequence[str]) -> bool:
    """Return whether this worker has a notebook that has lost two others: such a notebook fails, as it must.

    `lines` are those of the driver. A worker has a notebook until the driver reports the result.
    """
    begun = Counter(cluster.begun())
    reported = {line.split()[1] for line in lines if line.startswith("[")}
    return any(
        begun[name] >= MAX_DEATHS and name.replace(".ipynb", ":") not in reported for name in cluster.begun_by(number)
    )


def _count(
    out: Path, texts: dict[str, str], seconds: float, kills: int, begun: Counter[str], status: int, said: str
) -> Outcome:
    with sqlite3.connect(out / "results.sqlite") as store:
        rows = store.execute("SELECT name, key FROM submissions").fetchall()
        final = store.execute("SELECT COUNT(*) FROM results WHERE final").fetchone()[0]
    wrong = len(rows) - len({name for name, _ in rows}) + len(rows) - len({key for _, key in rows})
    for name, _ in rows:
        result = json.loads((out / name / "result.json").read_text())
        wrong += result["submission"]["name"] != f"{name}.ipynb"
    struck = sum(count - 1 for count in begun.values())
    assert {name for name, _ in rows} <= set(texts)
    return Outcome(
        len(texts),
        seconds,
        kills,
        sum(begun.values()),
        struck,
        len(rows),
        final,
        len(rows) - final,
        status,
        said,
        wrong,
    )


def main() -> int:
    """Run a soak and print what became of it; 0 when nothing was lost or doubled."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--notebooks", type=int, default=500)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--kill-every", type=float, default=5.0, help="seconds with all workers, on average")
    parser.add_argument("--sleep", type=float, default=0.5, help="seconds that a grading takes, on average")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    outcome = soak(asked.notebooks, asked.workers, asked.threads, asked.kill_every, asked.sleep, asked.seed)
    print(
        f"{outcome.notebooks} notebooks on {asked.workers} workers of {asked.threads} threads in {outcome.seconds:.0f} s, "
        f"{outcome.kills} workers killed: {outcome.begun} gradings begun, {outcome.struck} of them again; "
        f"{outcome.rows} rows, {outcome.results} final results, {outcome.failed} failed, {outcome.doubled} doubled; "
        f"exit status {outcome.status}"
    )
    whole = outcome.results == outcome.notebooks and not outcome.doubled
    if not whole:
        print(outcome.said)
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
