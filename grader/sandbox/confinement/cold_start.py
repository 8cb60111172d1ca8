"""Start a kernel's process cold: run a command with the configuration on standard input."""

from __future__ import annotations

import concurrent.futures
import functools
import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from grader.sandbox.confinement.plan import Place, Plan


class Child(Protocol):
    """A started process: the part of the `subprocess.Popen` interface that kernels need."""

    @property
    def pid(self) -> int:
        """The process id."""

    def poll(self) -> int | None:
        """Return the exit status, the negative signal number if a signal ended the process; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the process ends. Raises subprocess.TimeoutExpired."""

    def terminate(self) -> None:
        """Ask the process to end (SIGTERM)."""

    def kill(self) -> None:
        """Kill the process (SIGKILL)."""


class Starter(Protocol):
    """A way to start kernels of one back end."""

    def plan(self, place: Place) -> Plan:
        """Return the plan of a kernel in this place. Raises OSError and the back end's exceptions."""

    def numbers(self, inherited: Sequence[int]) -> dict[int, int]:
        """Return the number that each of these descriptors has in the child."""

    def start(self, plan: Plan, config: Mapping[str, Any], folder: Path, log: Path, inherited: Sequence[int]) -> Child:
        """Start a kernel with a configuration and its messages in `log`. Raises OSError."""


@dataclass(frozen=True)
class Cold:
    """Starts a new interpreter for each kernel."""

    plan: Callable[[Place], Plan]

    def numbers(self, inherited: Sequence[int]) -> dict[int, int]:
        """Return the same numbers: a cold child inherits descriptors unchanged."""
        return {number: number for number in inherited}

    def start(self, plan: Plan, config: Mapping[str, Any], folder: Path, log: Path, inherited: Sequence[int]) -> Child:
        """Start a kernel. Raises OSError."""
        return launch(plan, config, folder, log, inherited)


def launch(
    plan: Plan, config: Mapping[str, Any], folder: Path, log: Path, inherited: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a plan's command with the configuration on standard input and its messages in `log`. Raises OSError."""
    try:
        with configuration(config, folder) as standard_input, open(log, "wb") as messages:
            return (
                launcher()
                .submit(
                    subprocess.Popen,
                    plan.command,
                    cwd="/",
                    env=dict(plan.environment),
                    stdin=standard_input,
                    stdout=subprocess.DEVNULL,
                    stderr=messages,
                    pass_fds=(*inherited, *plan.descriptors),
                    start_new_session=True,  # a separate process group, so that an interrupt reaches its children
                )
                .result()
            )
    finally:
        for descriptor in plan.descriptors:
            os.close(descriptor)


def configuration(config: Mapping[str, Any], folder: Path) -> Any:
    """Return an open, already unlinked file that contains the configuration. Raises OSError."""
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    file = open(path, "rb")  # noqa: SIM115  (the caller closes it)
    path.unlink()
    return file


@functools.lru_cache(maxsize=1)
def launcher() -> concurrent.futures.ThreadPoolExecutor:
    """Return the thread that starts processes: Linux ends them with their starting thread, so it must outlive them."""
    return concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="grader-launch")
