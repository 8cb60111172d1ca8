"""The process of a kernel: started by a back end's plan, watched, interrupted, and killed with everything it started.

The kernel talks over sockets that are bound here, reads requests from an open file and writes events to another. It
inherits all of them as descriptors, so that it needs no folder in common with the grader.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING

from grader.notebook.helper_files import NO_FILES, HelperFiles
from grader.sandbox.channel.events import EventLog
from grader.sandbox.channel.messages import CHANNELS
from grader.sandbox.confinement.cgroup import Cgroup
from grader.sandbox.confinement.cold_start import Child, Cold
from grader.sandbox.confinement.folder import log_end, private_folder, remove
from grader.sandbox.confinement.plan import Place, Plan, fresh_user
from grader.sandbox.confinement.process_tree import children, kill_below, kill_user
from grader.sandbox.limits import FLOOD, Limits
from grader.sandbox.warm_start import Forked, starter
from grader.sandbox.watchdog import Watchdog, out_of_memory

if TYPE_CHECKING:
    from grader.sandbox.confinement.backends import Backend

BACKLOG = 16
WARDEN_SECONDS = 2.0  # the warden's time to end leftover processes


class KernelProcess:
    """One kernel and its private folder.

    `harness` is the configuration for `grader.in_kernel.launcher` ('install' is a list of [module, settings]); it must
    be JSON data. In it, 'readable' lists paths that the kernel may read, 'hidden' paths that it must not see, and
    'hide_gpu' keeps the machine's GPU from it. `warm` allows forking the kernel from a fork server. `beside` are the
    helper files, of which it gets copies in its working folder.
    """

    def __init__(
        self,
        harness: Mapping[str, object],
        limits: Limits,
        backend: Backend,
        warm: bool = True,
        beside: HelperFiles = NO_FILES,
    ) -> None:
        self.folder = private_folder()
        self.sockets = self.folder / "k"  # the sockets are k-1, k-2, …
        self.key = secrets.token_hex(32)
        self.events = EventLog(self.folder / "events", limits.evidence_bytes)
        self._requests = os.open(self.folder / "requests", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._log = self.folder / "log"
        self._harness, self._limits, self._backend, self._warm = harness, limits, backend, warm
        self._beside = beside
        self._user = fresh_user() if backend.drops_user else None
        self._process: Child | None = None
        self._kernel: int | None = None  # the pid of the kernel itself, a descendant of the started process
        self._plan: Plan | None = None
        self._cgroup: Cgroup | None = None
        self._watchdog: Watchdog | None = None

    # --- start -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the process, warm if there is a fork server. Raises OSError, and NotWarm if the server refuses."""
        if self._backend.cgroups:
            with contextlib.suppress(OSError):  # without a group, only the watchdog limits it
                self._cgroup = Cgroup(self._limits.memory_bytes, self._limits.tasks + BACKLOG)
        cgroup_fds = self._cgroup.join_descriptors() if self._cgroup else []
        listening = {channel: self._listen(port) for channel, port in CHANNELS.items()}
        events, requests = self._child_ends()
        copies = self._copies()
        inherited = [*cgroup_fds, *(one.fileno() for one in listening.values()), events, requests, *copies]
        try:
            place = self._place()
            start = starter(self._backend, place) if self._warm else Cold(self._backend.plan)
            plan, number = start.plan(place), start.numbers(inherited)
            self._plan = plan
            config = {
                "module": "grader.in_kernel.launcher",
                "confine": {
                    **plan.confine,
                    "cgroup_fds": [number[one] for one in cgroup_fds],
                    "beside_fds": [number[one] for one in copies],
                    "beside": [[one.name, len(one.content)] for one in self._beside.files],
                },
                "sockets": {CHANNELS[channel]: number[one.fileno()] for channel, one in listening.items()},
                "key": self.key,
                "harness": {**self._inner_harness(), "events_fd": number[events]},
                "requests_fd": number[requests],
                "output_chars": self._limits.cell_output_bytes * (FLOOD + 1),
                "answer_chars": self._limits.evidence_bytes,
            }
            self._process = start.start(plan, config, self.folder, self._log, inherited)
        finally:
            for one in listening.values():
                one.close()
            for descriptor in (*cgroup_fds, events, requests, *copies):
                os.close(descriptor)
        starved = self._cgroup.ran_out_of_memory if self._cgroup else lambda: False
        self._watchdog = Watchdog(
            self._process.pid, self._limits, self._kill, plan.files, self._user, starved, plan.private
        )

    def _place(self) -> Place:
        def paths(key: str) -> tuple[str, ...]:
            value = self._harness.get(key, ())
            return tuple(map(str, value)) if isinstance(value, (list, tuple)) else ()

        gpu = self._harness.get("hide_gpu") is False
        return Place(self.folder, self._limits, paths("readable"), paths("hidden"), gpu, self._user)

    def _inner_harness(self) -> dict[str, object]:
        return {key: value for key, value in self._harness.items() if key not in ("readable", "hidden")}

    def _listen(self, port: int) -> socket.socket:
        one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        one.bind(f"{self.sockets}-{port}")
        one.listen(BACKLOG)
        return one

    def _child_ends(self) -> tuple[int, int]:
        """Return descriptors for the kernel: of the events, to append to, and of the requests, to read."""
        events = os.open(self.folder / "events", os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        return events, os.open(self.folder / "requests", os.O_RDONLY | os.O_CLOEXEC)

    def _copies(self) -> list[int]:
        """Return the descriptor of one file with the contents of all helper files, to read; none if there are none."""
        if not self._beside.files:
            return []
        path = self.folder / "beside"
        path.write_bytes(b"".join(one.content for one in self._beside.files))
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        path.unlink()
        return [descriptor]

    def unlink_sockets(self) -> None:
        """Remove the sockets' names after connecting: no other process may connect to this kernel."""
        for port in CHANNELS.values():
            with contextlib.suppress(OSError):
                os.unlink(f"{self.sockets}-{port}")

    # --- life ------------------------------------------------------------------------------------------------------

    def ask(self, request: bytes) -> None:
        """Write a request to the file that the kernel reads, replacing the previous one; an empty request clears it."""
        os.ftruncate(self._requests, 0)
        view = memoryview(request)
        written = 0
        while written < len(view):
            written += os.pwrite(self._requests, view[written:], written)

    @property
    def alive(self) -> bool:
        """True while the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_status(self) -> int | None:
        """The exit status, the negative signal number if a signal ended the process; None while it runs."""
        status = None if self._process is None else self._process.poll()
        wrapped = self._plan is not None and self._plan.wrappers > 0
        return 128 - status if status is not None and status > 128 and wrapped else status

    @property
    def used_up(self) -> str:
        """The limit that ended the process, in words, such as 'more than 2 GiB of memory'; '' if none did."""
        if self._watchdog is not None and self._watchdog.broken:
            return self._watchdog.broken
        if self._cgroup is not None and self._cgroup.ran_out_of_memory():
            return out_of_memory(self._limits)
        if self.exit_status == -signal.SIGXCPU:
            return f"more than {self._limits.cpu_seconds:g} s of CPU time"
        return ""

    def wait(self) -> None:
        """Wait until the process has ended, without a timeout; meant for a separate thread."""
        if self._process is not None:
            self._process.wait()

    def log(self) -> str:
        """Return the end of the text that the process wrote to standard error outside the cells."""
        return log_end(self._log)

    def interrupt(self) -> None:
        """Send SIGINT to the kernel and its children, as the stop button does."""
        kernel = self._kernel_pid()
        if kernel is not None and self.alive:
            with contextlib.suppress(OSError):
                os.killpg(os.getpgid(kernel), signal.SIGINT)

    def _kernel_pid(self) -> int | None:
        if self._kernel is None and self._process is not None and self._plan is not None:
            pid: int | None = self._process.pid
            for _ in range(self._plan.wrappers):
                pid = next(iter(children(pid)), None) if pid is not None else None
            self._kernel = pid
        return self._kernel

    def kill(self) -> None:
        """Kill the process and everything it started, daemons too."""
        if self._watchdog is not None:
            self._watchdog.stop()
        self._kill()

    def _kill(self) -> None:
        process = self._process
        if process is None:
            return
        if self._plan is not None and self._plan.warden and process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=WARDEN_SECONDS)
        if process.poll() is None:
            kill_below(process.pid)
            process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        if self._user is not None and self._plan is not None and self._plan.warden:
            kill_user(self._user)

    def close(self) -> None:
        """Kill the process and remove its folder."""
        self.kill()
        if isinstance(self._process, Forked):
            self._process.close()
        self.events.close()
        if self._requests >= 0:
            os.close(self._requests)
            self._requests = -1
        if self._cgroup is not None:
            self._cgroup.close()
        remove(self.folder)
