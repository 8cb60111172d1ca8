"""Starting the process of a kernel cold: a command with its configuration on standard input."""

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
    """A process that was started: what of `subprocess.Popen` is needed of it."""

    @property
    def pid(self) -> int:
        """Its number."""

    def poll(self) -> int | None:
        """Its exit status, negative for the signal that ended it; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it."""


class Starter(Protocol):
    """A way to start kernels of one back end."""

    def plan(self, place: Place) -> Plan:
        """How one is started there. Raises OSError and what the back end raises."""

    def numbers(self, inherited: Sequence[int]) -> dict[int, int]:
        """What numbers these descriptors have in the child."""

    def start(self, plan: Plan, config: Mapping[str, Any], folder: Path, log: Path, inherited: Sequence[int]) -> Child:
        """Start one with a configuration and its messages in `log`. Raises OSError."""


@dataclass(frozen=True)
class Cold:
    """Starts a new interpreter for each."""

    plan: Callable[[Place], Plan]

    def numbers(self, inherited: Sequence[int]) -> dict[int, int]:
        """Their own."""
        return {number: number for number in inherited}

    def start(self, plan: Plan, config: Mapping[str, Any], folder: Path, log: Path, inherited: Sequence[int]) -> Child:
        """Start one. Raises OSError."""
        return launch(plan, config, folder, log, inherited)


def launch(
    plan: Plan, config: Mapping[str, Any], folder: Path, log: Path, inherited: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a plan's command with its configuration on standard input and its messages in `log`. Raises OSError."""
    try:
        with configuration(config, folder) as standard_input, open(log, "wb") as messages:
            return (
                _launcher()
                .submit(
                    subprocess.Popen,
                    plan.command,
                    cwd="/",
                    env=dict(plan.environment),
                    stdin=standard_input,
                    stdout=subprocess.DEVNULL,
                    stderr=messages,
                    pass_fds=(*inherited, *plan.descriptors),
                    start_new_session=True,  # a process group of its own, so that an interrupt reaches its children
                )
                .result()
            )
    finally:
        for descriptor in plan.descriptors:
            os.close(descriptor)


def configuration(config: Mapping[str, Any], folder: Path) -> Any:
    """A file without a name that holds a configuration, open to be read. Raises OSError."""
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    file = open(path, "rb")  # noqa: SIM115  (the caller's)
    path.unlink()
    return file


@functools.lru_cache(maxsize=1)
def _launcher() -> concurrent.futures.ThreadPoolExecutor:
    """The thread that starts processes: Linux ends them with the thread that did, so it must outlive them."""
    return concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="grader-launch")
