"""Which confinement this machine can give: found by trying, in the order of their strength, and told as it is.

- `namespaces`: bubblewrap, seccomp, limits, and a control group where one can be made;
- `process`: a user of its own (for root), Landlock, seccomp, limits, a watchdog;
- `laptop`: limits, and sandbox-exec on macOS; a notebook can do what its user can.
"""

from __future__ import annotations

import compileall
import contextlib
import functools
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from grader.errors import GraderError
from grader.sandbox.confinement import cgroup, landlock, laptop, namespaces, unprivileged
from grader.sandbox.confinement.cold_start import Child, Cold, Starter
from grader.sandbox.confinement.folder import log_end, private_folder, remove
from grader.sandbox.confinement.plan import PACKAGE, Place, Plan, fresh_user
from grader.sandbox.confinement.seccomp import NoSeccomp
from grader.sandbox.limits import Limits

Level = Literal["namespaces", "process", "laptop"]
LEVELS: tuple[Level, ...] = ("namespaces", "process", "laptop")
PROBE_SECONDS = 20.0
BETTER = {
    "namespaces": "install bubblewrap (apt-get install bubblewrap) and allow user namespaces, or run as root",
    "process": "use Linux 6.12 or newer with Landlock and libseccomp",
}


class IsolationError(GraderError):
    """The confinement that was asked for cannot be had here; the message is one sentence that says why."""


@dataclass(frozen=True)
class Forking:
    """How a back end starts kernels warm: the plan of its fork server, and that of a kernel forked from it."""

    server: Callable[[Place], Plan]
    forked: Callable[[Place], Plan]


@dataclass(frozen=True)
class Backend:
    """A way to run kernels that has been tried on this machine.

    `plan` makes the plan of a kernel, `forking` those of warm ones. `drops_user` says whether kernels become users of
    their own, `cgroups` whether they get control groups. `enforced` says by guarantee what keeps it, `gaps` in sentences
    what is not kept.
    """

    level: Level
    plan: Callable[[Place], Plan]
    drops_user: bool = False
    cgroups: bool = False
    enforced: dict[str, str] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()
    forking: Forking | None = None

    @property
    def confines(self) -> bool:
        """Whether it is good enough to grade what strangers wrote."""
        return self.level != "laptop"

    def report(self) -> dict[str, str | list[str] | bool]:
        """What results record of it."""
        return {"level": self.level, "confined": self.confines, **self.enforced, "gaps": list(self.gaps)}


@dataclass(frozen=True)
class Trial:
    """What became of trying a back end: the one that works, or why it does not, in a sentence."""

    level: Level
    backend: Backend | None
    why: str = ""


def find_backend(isolation: str = "auto") -> Backend:
    """The strongest back end that works here ('auto'), or the one named; 'none' takes what there is, even limits alone.

    Raises IsolationError: 'auto' never falls below what confines.
    """
    if isolation in LEVELS:
        trial = try_backend(isolation)
        if trial.backend is None:
            raise IsolationError(f"the isolation '{isolation}' cannot be had on this machine: {trial.why}")
        return trial.backend
    confining = best()
    if confining.confines or isolation == "none":
        return confining
    reasons = "; ".join(f"{trial.level}: {trial.why}" for trial in trials() if trial.backend is None)
    raise IsolationError(
        f"this machine cannot confine notebooks ({reasons}); see 'grader doctor', or say --isolation none to run them "
        "with your own rights"
    )


def best() -> Backend:
    """The strongest back end that works here; at least limits do."""
    for level in LEVELS:
        trial = try_backend(level)
        if trial.backend is not None:
            return trial.backend
    raise IsolationError(f"no kernel can be started here: {try_backend('laptop').why}")


def trials() -> tuple[Trial, ...]:
    """Every back end, tried."""
    return tuple(try_backend(level) for level in LEVELS)


@functools.lru_cache(maxsize=8)
def try_backend(level: Level) -> Trial:
    """Try one back end, once in the life of this process."""
    _compile()
    try:
        candidate = _CANDIDATES[level]()
        failed = [] if level == "laptop" else _selftest(candidate, Cold(candidate.plan))
    except (OSError, NoSeccomp, IsolationError, landlock.NoLandlock, subprocess.TimeoutExpired) as error:
        return Trial(level, None, str(error))
    if failed:
        return Trial(level, None, f"tried, and it does not confine: {', '.join(failed)}")
    return Trial(level, candidate)


_SYSTEM_CALLS = "seccomp, no new privileges, no capabilities"
_READ_ALL = (
    ", but to read where Python or the data are closed to other users"  # what there is to read is limited otherwise
)

# --- candidates ---------------------------------------------------------------------------------------------------


def _namespaces() -> Backend:
    if not sys.platform.startswith("linux"):
        raise IsolationError("namespaces are Linux's")
    if namespaces.bwrap() is None:
        raise IsolationError("bubblewrap is not installed (apt-get install bubblewrap)")
    root, group = os.geteuid() == 0, _cgroup_version()
    enforced = {
        "network": "none: a network namespace, and seccomp refuses sockets but Unix ones",
        "files": "a root of its own (bubblewrap): programs, Python and data to read, one bounded folder in memory to write",
        "processes": "a process namespace that ends with the kernel; RLIMIT_NPROC"
        + (f", cgroup {group}" if group else ""),
        "memory": f"cgroup {group}, RLIMIT_DATA" if group else "a watchdog, RLIMIT_DATA",
        "system calls": _SYSTEM_CALLS + (_READ_ALL if root else ""),
        "user": "one of its own for each kernel" if root else "a user namespace",
    }
    forking = Forking(namespaces.server_plan, namespaces.forked_plan)
    return Backend("namespaces", namespaces.plan, root, bool(group), enforced, forking=forking)


def _process() -> Backend:
    if not sys.platform.startswith("linux"):
        raise IsolationError("Landlock and seccomp are Linux's")
    root, group, version = os.geteuid() == 0, _cgroup_version(), landlock.abi()
    if version < 1:
        raise IsolationError("this kernel has no Landlock (Linux 5.13 or newer, enabled at boot)")
    enforced = {
        "network": "none: seccomp refuses sockets but Unix ones",
        "files": f"Landlock {version}: programs, Python and data to read, one folder to write, its size watched",
        "processes": "RLIMIT_NPROC, a watchdog, a warden that ends what is left",
        "memory": f"cgroup {group}, RLIMIT_DATA" if group else "a watchdog, RLIMIT_DATA",
        "system calls": _SYSTEM_CALLS + (_READ_ALL if root else ""),
        "user": "one of its own for each kernel" if root else "the grader's",
    }
    gaps = ["whether a path outside exists can be found out, and which processes run"]
    if root:
        gaps.append("sockets in the file system that every user may open can be connected to")
    else:
        gaps.append("sockets in the file system that this account may open can be connected to, such as Docker's")
        gaps.append("memory in /dev/shm is limited by the system only, and what a notebook leaves there stays")
    named = "shared memory of other programs in /dev/shm can be read by whoever knows its name"
    gaps.append(f"{named}, where Python or the data are closed to other users" if root else named)
    forking = Forking(unprivileged.server_plan, unprivileged.plan)
    return Backend("process", unprivileged.plan, root, bool(group), enforced, tuple(gaps), forking)


def _laptop() -> Backend:
    linux = sys.platform.startswith("linux")
    enforced = {
        "files": "sandbox-exec" if laptop.seatbelt() else "not confined: it can do what you can",
        "network": "sandbox-exec" if laptop.seatbelt() else "not confined",
        "memory": "a watchdog, RLIMIT_DATA",
        "processes": "RLIMIT_NPROC, a watchdog" + (", a warden that ends what is left" if linux else ""),
    }
    return Backend("laptop", laptop.plan, False, False, enforced, ("the notebook runs with your own rights",))


_CANDIDATES: dict[Level, Callable[[], Backend]] = {"namespaces": _namespaces, "process": _process, "laptop": _laptop}


def _cgroup_version() -> str:
    """The version of control groups that can be made here, '' for none; what dead graders left is removed."""
    cgroup.sweep()
    with contextlib.suppress(OSError, KeyError, ValueError):
        group = cgroup.Cgroup(1 << 30, 100)
        group.close()
        return group.version
    return ""


# --- the trial ----------------------------------------------------------------------------------------------------


def confines(backend: Backend, starter: Starter) -> bool:
    """Whether what is started in this way, too, is confined."""
    try:
        return not _selftest(backend, starter)
    except (OSError, NoSeccomp, IsolationError, landlock.NoLandlock, subprocess.TimeoutExpired):
        return False


def _selftest(backend: Backend, starter: Starter) -> list[str]:
    """What a child of this back end could do that it must not; raises OSError when it does not even run."""
    folder, outside = private_folder(), Path(tempfile.mkdtemp(prefix="gk-"))
    token = secrets.token_hex(16)
    victim = subprocess.Popen(  # the like of the grader itself: a secret in its environment and its command line
        [f"sleep-{token}", str(int(PROBE_SECONDS))], executable=shutil.which("sleep"), env={"TOKEN": token}
    )
    secret = outside / "secret"
    secret.write_text(token)
    outside.chmod(0o777)
    secret.chmod(0o666)  # by its mode alone anybody could
    answer_read, answer_write = os.pipe()
    process: Child | None = None
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            user = fresh_user() if backend.drops_user else None
            plan = starter.plan(Place(folder, Limits(), user=user))
            config = {
                "module": "grader.sandbox.confinement.selftest",
                "confine": dict(plan.confine),
                "secret": str(secret),
                "outside": str(outside),
                "port": server.getsockname()[1],
                "pid": victim.pid,
                "pid_namespace": os.readlink("/proc/self/ns/pid"),
                "token": token,
                "answer_fd": starter.numbers([answer_write])[answer_write],
            }
            process = starter.start(plan, config, folder, folder / "log", [answer_write])
            os.close(answer_write)
            answer_write = -1
            status = process.wait(timeout=PROBE_SECONDS)
            answer = os.read(answer_read, 65536)
        if status or not answer:
            lines = log_end(folder / "log").splitlines()
            raise IsolationError(lines[-1] if lines else f"the trial ended with status {status}")
        return [name for name, held in json.loads(answer).items() if held is not True]
    finally:
        for child in (victim, *([process] if process else [])):
            child.kill()
            child.wait()
        for descriptor in (answer_read, answer_write):
            if descriptor >= 0:
                os.close(descriptor)
        remove(folder)
        remove(outside)


def _compile() -> None:
    """Compile what runs inside, where nothing can be written: each kernel would do it again."""
    for folder in ("in_kernel", "sandbox"):
        with contextlib.suppress(OSError):
            compileall.compile_dir(PACKAGE / folder, quiet=2, workers=1)
