"""Warm start: fork kernels from a fork server that has imported what they need.

There is one server for each kind of place that kernels run in. It runs no student code and holds no secret: only the
child reads a kernel's configuration. If there is no server, kernels start cold.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.sandbox.confinement.cold_start import Cold, Starter, configuration, launch
from grader.sandbox.confinement.folder import log_end, private_folder, remove
from grader.sandbox.confinement.plan import Place, Plan, fresh_user
from grader.sandbox.fork_server import HELLO, MAX_REQUEST

if TYPE_CHECKING:
    from grader.sandbox.confinement.backends import Backend

WARM_SECONDS = 60.0  # limit until a server is warm, which takes 4 s on an idle machine
HELLO_SECONDS = 20.0
WARM_BYTES = 1 << 30  # smallest memory limit for warm kernels: the server's imports count as the kernel's memory
MAX_SERVERS = 3  # each takes 0.4 GiB; a class needs one kind of place
FIRST_NUMBER = 100  # of the inherited descriptors, which are renumbered in a forked process
_CREDENTIALS = struct.Struct("3i")


class NotWarm(Exception):
    """A kernel cannot be forked; the message says why."""


class Forked:
    """A process forked by a server, with the part of the `subprocess.Popen` interface that kernels need."""

    def __init__(self, life: socket.socket, pid: int) -> None:
        self.pid = pid
        self._life = life
        self._lock = threading.Lock()
        self._status: int | None = None
        try:
            self._handle = os.pidfd_open(pid)
        except OSError:  # it has ended already
            self._handle = -1

    def poll(self) -> int | None:
        """Return the exit status, the negative signal number if a signal ended the process; None while it runs."""
        return self._read(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the process ends. Raises subprocess.TimeoutExpired."""
        status = self._read(timeout)
        if status is None:
            raise subprocess.TimeoutExpired("a forked kernel", timeout or 0)
        return status

    def _read(self, timeout: float | None) -> int | None:
        if self._status is None:
            poller = select.poll()
            poller.register(self._life, select.POLLIN)
            if not poller.poll(None if timeout is None else timeout * 1000):
                return None
            with self._lock:
                if self._status is None:
                    text = b""
                    with contextlib.suppress(OSError):
                        text = self._life.recv(64)
                    # If the server ended, everything that it started ended with it.
                    self._status = int(text) if text else -signal.SIGKILL
        return self._status

    def terminate(self) -> None:
        """Ask the process to end (SIGTERM)."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the process (SIGKILL)."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._handle >= 0:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self._handle, number)

    def close(self) -> None:
        """Release the descriptors; the process itself is not touched."""
        with self._lock:
            self._life.close()
            if self._handle >= 0:
                os.close(self._handle)
                self._handle = -1


class Client:
    """A client of a running fork server: requests go to its socket `control`, which several processes may share."""

    def __init__(self, control: socket.socket, plan: Callable[[Place], Plan]) -> None:
        self.plan = plan
        self._control = control
        self._works = True
        self._lock = threading.Lock()

    @property
    def works(self) -> bool:
        """True if every request so far was answered. If not, the kernels that it already forked go on."""
        return self._works

    def numbers(self, inherited: Sequence[int]) -> dict[int, int]:
        """Return the number that each of these descriptors has in the child."""
        return {number: FIRST_NUMBER + place for place, number in enumerate(inherited)}

    def start(self, plan: Plan, config: Mapping[str, Any], folder: Path, log: Path, inherited: Sequence[int]) -> Forked:
        """Fork a process that runs `config`. Raises NotWarm if none is forked; the kernel can still start cold."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with (
                theirs,
                configuration({**config, "environment": dict(plan.environment)}, folder) as given,
                open(log, "wb") as messages,
            ):
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
                request = json.dumps({"numbers": list(self.numbers(inherited).values())}).encode()
                assert len(request) < MAX_REQUEST
                descriptors = [theirs.fileno(), given.fileno(), messages.fileno(), *inherited]
                rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))
                with self._lock:
                    self._control.sendmsg([request], [rights])
            return Forked(ours, _pid_of_hello(ours))
        except OSError as error:
            ours.close()
            self._works = False
            raise NotWarm(f"the fork server does not answer: {error}") from None
        except BaseException:
            ours.close()
            raise


class Server(Client):
    """A fork server of one back end, for places of one kind. Raises NotWarm if it cannot be started."""

    def __init__(self, backend: Backend, place: Place) -> None:
        if backend.forking is None:
            raise NotWarm(f"the back end '{backend.level}' has no fork server")
        try:
            self.folder = private_folder()
        except OSError as error:
            raise NotWarm(str(error)) from None
        control, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        super().__init__(control, backend.forking.forked)
        self._process: subprocess.Popen[bytes] | None = None
        try:
            with other:
                user = fresh_user() if backend.drops_user else None
                plan = backend.forking.server(replace(place, folder=self.folder, user=user))
                config = {"module": "grader.sandbox.fork_server", "confine": plan.confine, "control_fd": other.fileno()}
                self._process = launch(plan, config, self.folder, self.folder / "log", [other.fileno()])
            self._control.settimeout(WARM_SECONDS)
            ready = self._control.recv(1024)
            if not ready:
                raise NotWarm((log_end(self.folder / "log").splitlines() or ["it ended at once"])[-1])
            if ready != HELLO:
                raise NotWarm(ready.decode(errors="replace"))
        except OSError as error:
            self.close()
            raise NotWarm(str(error)) from None
        except BaseException:
            self.close()
            raise

    @property
    def alive(self) -> bool:
        """True while the server runs."""
        return self._process is not None and self._process.poll() is None

    def descriptor(self) -> int:
        """Return the descriptor of the control socket, for another process that starts kernels here."""
        return self._control.fileno()

    def close(self) -> None:
        """End the server and every process forked from it."""
        self._control.close()  # the server notices and ends
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=2)
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)
        remove(self.folder)


def _pid_of_hello(life: socket.socket) -> int:
    """Return the pid, as seen from here, of the process that says hello; the system guarantees it. Raises OSError."""
    life.settimeout(HELLO_SECONDS)
    text, ancillary, _, _ = life.recvmsg(64, socket.CMSG_SPACE(_CREDENTIALS.size))
    life.setblocking(True)
    if text != HELLO:
        raise OSError("the fork server has ended")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
            return int(_CREDENTIALS.unpack(data[: _CREDENTIALS.size])[0])
    raise OSError("the forked process did not send its process id")


# --- which kernels start warm -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """The properties that all kernels of one server share."""

    level: str
    readable: tuple[str, ...]
    hidden: tuple[str, ...]

    @classmethod
    def of(cls, backend: Backend, place: Place) -> Kind:
        """Return the kind of kernels that the back end starts in this place."""
        return cls(backend.level, place.readable, place.hidden)


class _Servers:
    def __init__(self) -> None:
        self.wanted = False
        self._lock = threading.Lock()
        self._servers: dict[Kind, Server | None] = {}
        self._lent: dict[Kind, Client] = {}

    def lend(self, kind: Kind, control: socket.socket, plan: Callable[[Place], Plan]) -> None:
        self._lent[kind] = Client(control, plan)

    def get(self, backend: Backend, place: Place) -> Client | None:
        kind = Kind.of(backend, place)
        lent = self._lent.get(kind)
        if lent is not None and lent.works and not place.gpu and place.limits.memory_bytes >= WARM_BYTES:
            return lent
        if not self.wanted or place.gpu or backend.forking is None or not sys.platform.startswith("linux"):
            return None
        if place.limits.memory_bytes < WARM_BYTES:
            return None
        with self._lock:  # others wait: two servers starting at once compete for the cores, and both are slower
            server = self._servers.get(kind)
            if kind not in self._servers and len(self._servers) >= MAX_SERVERS:
                return None
            if kind not in self._servers or (server is not None and not server.alive):
                if server is not None:
                    server.close()
                self._servers[kind] = server = self._start(backend, place)
            return server if server is not None and server.works else None

    def _start(self, backend: Backend, place: Place) -> Server | None:
        try:
            server = Server(backend, place)
        except NotWarm:
            return None
        from grader.sandbox.confinement.backends import confines

        if confines(backend, server):
            return server
        server.close()
        return None

    def running(self, backend: Backend, place: Place) -> Server | None:
        found = self.get(backend, place)
        return found if isinstance(found, Server) else None

    def close(self) -> None:
        self.wanted = False
        with self._lock:
            for server in self._servers.values():
                if server is not None:
                    server.close()
            self._servers.clear()


_servers = _Servers()
atexit.register(_servers.close)


def many_kernels(wanted: bool = True) -> None:
    """Announce that this process will start many kernels, so that a fork server pays: it costs the start of two."""
    _servers.wanted = wanted


def close() -> None:
    """End all fork servers, and the kernels forked from them. Later kernels start cold."""
    _servers.close()


def server_for(backend: Backend, place: Place) -> Server | None:
    """Return this process's fork server for kernels in this place, started if need be; None if they start cold."""
    return _servers.running(backend, place)


def borrow(kind: Kind, control: socket.socket, backend: Backend) -> None:
    """Start kernels of this kind from the fork server of another process, which lends its control socket."""
    if backend.forking is not None:
        control.settimeout(WARM_SECONDS)  # as its owner has it: the two share the state of the socket
        _servers.lend(kind, control, backend.forking.forked)


def starter(backend: Backend, place: Place) -> Starter:
    """Return the starter for kernels in this place: a fork server if there is one, else a cold start."""
    return _servers.get(backend, place) or Cold(backend.plan)
