"""A Dask cluster of real processes on this machine, with the real `dask scheduler` and `dask worker`."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[3]
INSTANT = ("--preload", "tests.course.cluster.instant")


def copy_tree(place: Path) -> Path:
    """Copy what the cluster imports, so that no edit changes it: workers refuse a grader that differs from the driver's."""
    place.mkdir(exist_ok=True)
    for package in ("grader", "reference"):
        shutil.copytree(ROOT / package, place / package, ignore=shutil.ignore_patterns("__pycache__"))
    (place / "tests").mkdir()
    for name in ("__init__.py", "conftest.py"):
        shutil.copy(ROOT / "tests" / name, place / "tests" / name)
    (place / "tests" / "course").mkdir()
    shutil.copy(ROOT / "tests" / "course" / "__init__.py", place / "tests" / "course")
    cluster = Path("tests", "course", "cluster")
    shutil.copytree(ROOT / cluster, place / cluster, ignore=shutil.ignore_patterns("__pycache__"))
    return place


class Processes:
    """A scheduler and workers that import from `place`."""

    def __init__(
        self, place: Path, folder: Path, protocol: str = "tcp", config: Mapping[str, str] | None = None
    ) -> None:
        """Start a scheduler. `config` is Dask's configuration as environment variables, for the cluster and the driver."""
        self.place, self.folder, self.config = place, folder, dict(config or {})
        self.log = folder / "gradings.log"
        self.log.touch()
        self._file = folder / "scheduler.json"
        self._count = 0
        self.workers: list[subprocess.Popen[bytes]] = []
        arguments = ["--host", "127.0.0.1", "--protocol", protocol, "--port", "0", "--no-dashboard"]
        arguments += ["--scheduler-file", str(self._file)]
        self.scheduler = self._start("distributed.cli.dask_scheduler", "scheduler", arguments)
        deadline = time.monotonic() + 60
        while not (self._file.exists() and self._file.read_text().endswith("}")):
            assert time.monotonic() < deadline, "no scheduler"
            time.sleep(0.05)
        self.address = json.loads(self._file.read_text())["address"]

    def _start(self, module: str, name: str, arguments: list[str], **more: str) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "PYTHONPATH": str(self.place),
            "GRADER_TEST_LOG": str(self.log),
            "GRADER_CACHE": str(self.folder / "cache-of-worker"),
            "OMP_NUM_THREADS": "1",
            **self.config,
            **more,
        }
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=environment["PYTHONPATH"],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start_worker(self, *more: str, threads: int = 2, nanny: bool = False, **environment: str) -> int:
        """Start another worker and return its number."""
        self._count += 1
        kind = "--nanny" if nanny else "--no-nanny"
        arguments = [self.address, "--nthreads", str(threads), "--no-dashboard", kind, "--memory-limit", "0"]
        arguments += ["--local-directory", str(self.folder / "dask"), *more]
        self.workers.append(
            self._start("distributed.cli.dask_worker", f"worker-{self._count}", arguments, **environment)
        )
        return len(self.workers) - 1

    def wait_for_newest_worker(self, seconds: float = 60) -> None:
        """Wait until the worker that was started last has joined the cluster."""
        log, deadline = self.folder / f"worker-{self._count}.log", time.monotonic() + seconds
        while b"Registered to" not in log.read_bytes():
            assert time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.05)

    def kill_worker(self, number: int) -> None:
        """Kill a worker as if its machine were lost."""
        self.workers[number].kill()
        self.workers[number].wait()

    def driver(self, notebooks: Path, out: Path, *more: str, dask: bool = True) -> subprocess.Popen[str]:
        """Start the command, on this cluster unless `dask` is False."""
        environment = os.environ | {
            "PYTHONPATH": str(self.place),
            "GRADER_CACHE": str(self.folder / "cache"),
            "PYTHONUNBUFFERED": "1",
            **self.config,
        }
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "grader", "grade", str(notebooks), "--out", str(out)]
        command += ["--dask", self.address] if dask else []
        command += [
            "--assignment",
            "tests.course.cluster.course",
            "--sample",
            "--isolation",
            "none",
            "--device",
            "cpu",
            *more,
        ]
        return subprocess.Popen(command, cwd=self.place, env=environment, stdout=pipe, stderr=pipe, text=True)

    def begun(self) -> list[str]:
        """Return the files whose grading has begun, once for each time."""
        return [line.split()[1] for line in self.log.read_text().splitlines() if line.startswith("begin ")]

    def begun_by(self, number: int) -> set[str]:
        """Return the files whose grading this worker has begun."""
        pid = str(self.workers[number].pid)
        lines = map(str.split, self.log.read_text().splitlines())
        return {name for kind, name, by, *_ in lines if kind == "begin" and by == pid}

    def close(self) -> None:
        """Kill all processes."""
        for process in (*self.workers, self.scheduler):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def notebook(text: str) -> str:
    """Return a notebook with this one line of code."""
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": text, "outputs": [], "execution_count": None}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def write_class(folder: Path, **texts: str) -> Path:
    """Write a folder with these notebooks, by name, and return it."""
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.ipynb").write_text(notebook(text))
    return folder
