"""Find the confinement that this machine can provide, by trying the back ends in order of strength.

- `namespaces`: bubblewrap, seccomp, limits, and a control group where one can be made;
- `process`: a separate user (for root), Landlock, seccomp, limits, a watchdog;
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
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from grader.errors import GraderError
from grader.sandbox.confinement import cgroup, landlock, laptop, namespaces, unprivileged
from grader.sandbox.confinement.advice import RootLacksRights, becomes_others, better
from grader.sandbox.confinement.cold_start import Child, Cold, Starter
from grader.sandbox.confinement.folder import log_end, private_folder, remove
from grader.sandbox.confinement.library import PACKAGE
from grader.sandbox.confinement.plan import Place, Plan, fresh_user
from grader.sandbox.confinement.seccomp import NoSeccomp
from grader.sandbox.limits import Limits
from grader.temporary import make_folder

Level = Literal["namespaces", "process", "laptop"]
LEVELS: tuple[Level, ...] = ("namespaces", "process", "laptop")
PROBE_SECONDS = 20.0


class IsolationError(GraderError):
    """The requested confinement is not available on this machine; the message is one sentence that says why."""


@dataclass(frozen=True)
class Forking:
    """The plans for starting kernels warm: `server` for the fork server, `forked` for a kernel forked from it."""

    server: Callable[[Place], Plan]
    forked: Callable[[Place], Plan]


@dataclass(frozen=True)
class Backend:
    """A way to run kernels on this machine.

    `plan` makes the plan of a kernel, `forking` the plans of warm ones. `drops_user`: each kernel becomes a separate
    user; `cgroups`: each gets a control group. `enforced` maps each guarantee to what enforces it; `gaps` are sentences
    on what is not guaranteed.
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
        """True if it is strong enough to grade notebooks that strangers wrote."""
        return self.level != "laptop"

    def report(self) -> dict[str, str | list[str] | bool]:
        """Return the description that is written into results."""
        return {"level": self.level, "confined": self.confines, **self.enforced, "gaps": list(self.gaps)}


@dataclass(frozen=True)
class Trial:
    """The outcome of trying a back end: the back end if it works, else `why` it does not, in a sentence.

    `better` says what would make it available, '' if `why` says that or nothing would.
    """

    level: Level
    backend: Backend | None
    why: str = ""
    better: str = ""


def find_backend(isolation: str = "auto") -> Backend:
    """Return the strongest back end that works here ('auto'), or the named one. 'none' also accepts limits alone.

    Raises IsolationError if there is none; 'auto' never returns a back end that does not confine.
    """
    if isolation in LEVELS:
        trial = try_backend(isolation)
        if trial.backend is None:
            raise IsolationError(f"the isolation '{isolation}' is not available on this machine: {trial.why}")
        return trial.backend
    confining = best()
    if confining.confines or isolation == "none":
        return confining
    reasons = "; ".join(f"{trial.level}: {trial.why}" for trial in trials() if trial.backend is None)
    raise IsolationError(
        f"this machine cannot confine notebooks ({reasons}); run 'grader doctor' for advice, or pass "
        "--isolation none to run them with your own permissions"
    )


def best() -> Backend:
    """Return the strongest back end that works here, even 'laptop'. Raises IsolationError if no kernel starts."""
    for level in LEVELS:
        trial = try_backend(level)
        if trial.backend is not None:
            return trial.backend
    raise IsolationError(f"no kernel can be started on this machine: {try_backend('laptop').why}")


def trials() -> tuple[Trial, ...]:
    """Try every back end."""
    return tuple(try_backend(level) for level in LEVELS)


def adopt(level: Level) -> None:
    """Use a back end without trying it: the process that started this one has tried it."""
    _adopted.add(level)


_adopted: set[Level] = set()


@functools.lru_cache(maxsize=8)
def try_backend(level: Level) -> Trial:
    """Try one back end; this process tries each only once."""
    known = level == "laptop" or level in _adopted
    if level not in _adopted:
        _compile()
    try:
        candidate = _CANDIDATES[level]()
        failed = [] if known else _selftest(candidate, Cold(candidate.plan))
    except RootLacksRights as error:
        return Trial(level, None, str(error))
    except (OSError, NoSeccomp, IsolationError, landlock.NoLandlock, subprocess.TimeoutExpired) as error:
        return Trial(level, None, str(error), better(level))
    if failed:
        return Trial(level, None, f"its self-test failed: {', '.join(failed)}", better(level))
    return Trial(level, candidate)


_SYSTEM_CALLS = "seccomp, no new privileges, no capabilities"
# With this capability the kernel can read all files that it sees; which files it sees is limited by other means.
_READ_ALL = ", except to read where Python or the data are closed to other users"

# --- candidates ---------------------------------------------------------------------------------------------------


def _namespaces() -> Backend:
    if not sys.platform.startswith("linux"):
        raise IsolationError("namespaces need Linux")
    if namespaces.bwrap() is None:
        raise IsolationError("bubblewrap is not installed (apt-get install bubblewrap)")
    root, group = becomes_others(), _cgroup_version()
    enforced = {
        "network": "none: a network namespace, and seccomp refuses all sockets but Unix ones",
        "files": "a private root (bubblewrap): programs, Python and data read-only, "
        "one writable folder of bounded size in memory",
        "processes": "a process namespace that ends with the kernel; RLIMIT_NPROC"
        + (f", cgroup {group}" if group else ""),
        "memory": f"cgroup {group}, RLIMIT_DATA" if group else "a watchdog, RLIMIT_DATA",
        "system calls": _SYSTEM_CALLS + (_READ_ALL if root else ""),
        "user": "a separate one for each kernel" if root else "a user namespace",
    }
    forking = Forking(namespaces.server_plan, namespaces.forked_plan)
    return Backend("namespaces", namespaces.plan, root, bool(group), enforced, forking=forking)


def _process() -> Backend:
    if not sys.platform.startswith("linux"):
        raise IsolationError("Landlock and seccomp need Linux")
    root, group, version = becomes_others(), _cgroup_version(), landlock.abi()
    if version < 1:
        raise IsolationError("this kernel has no Landlock (it needs Linux 5.13 or newer, enabled at boot)")
    enforced = {
        "network": "none: seccomp refuses all sockets but Unix ones",
        "files": f"Landlock {version}: programs, Python and data read-only, one writable folder, its size watched",
        "processes": "RLIMIT_NPROC, a watchdog, a warden that ends leftover processes",
        "memory": f"cgroup {group}, RLIMIT_DATA" if group else "a watchdog, RLIMIT_DATA",
        "system calls": _SYSTEM_CALLS + (_READ_ALL if root else ""),
        "user": "a separate one for each kernel" if root else "the grader's",
    }
    gaps = ["a notebook can find out whether a path outside exists, and which processes run"]
    if root:
        gaps.append("a notebook can connect to sockets in the file system that every user may open")
    else:
        gaps.append("a notebook can connect to sockets in the file system that this account may open, such as Docker's")
        gaps.append("only the system limits memory in /dev/shm, and what a notebook leaves there stays")
    named = "a notebook can read other programs' shared memory in /dev/shm if it knows the name"
    gaps.append(f"{named}, where Python or the data are closed to other users" if root else named)
    forking = Forking(unprivileged.server_plan, unprivileged.plan)
    return Backend("process", unprivileged.plan, root, bool(group), enforced, tuple(gaps), forking)


def _laptop() -> Backend:
    linux = sys.platform.startswith("linux")
    enforced = {
        "files": "sandbox-exec" if laptop.seatbelt() else "not confined: the notebook can do what you can",
        "network": "sandbox-exec" if laptop.seatbelt() else "not confined",
        "memory": "a watchdog, RLIMIT_DATA",
        "processes": "RLIMIT_NPROC, a watchdog" + (", a warden that ends leftover processes" if linux else ""),
    }
    return Backend("laptop", laptop.plan, False, False, enforced, ("the notebook runs with your own permissions",))


_CANDIDATES: dict[Level, Callable[[], Backend]] = {"namespaces": _namespaces, "process": _process, "laptop": _laptop}


def _cgroup_version() -> str:
    """Return the version of control groups that can be made here, '' for none; also remove those of dead graders."""
    cgroup.sweep()
    with contextlib.suppress(OSError, KeyError, ValueError):
        group = cgroup.Cgroup(1 << 30, 100)
        group.close()
        return group.version
    return ""


# --- the trial ----------------------------------------------------------------------------------------------------


def confines(backend: Backend, starter: Starter) -> bool:
    """Return whether kernels that `starter` starts for this back end are confined."""
    try:
        return not _selftest(backend, starter)
    except (OSError, NoSeccomp, IsolationError, landlock.NoLandlock, subprocess.TimeoutExpired):
        return False


def _selftest(backend: Backend, starter: Starter) -> list[str]:
    """Return the names of the tests that a child of this back end fails.

    Raises OSError or IsolationError if the child does not run.
    """
    folder, outside = private_folder(), make_folder("gk-")
    token = secrets.token_hex(16)
    victim = subprocess.Popen(  # plays the grader: a secret in its environment and its command line
        [f"sleep-{token}", str(int(PROBE_SECONDS))], executable=shutil.which("sleep"), env={"TOKEN": token}
    )
    secret = outside / "secret"
    secret.write_text(token)
    outside.chmod(0o777)
    secret.chmod(0o666)  # file modes alone would allow everybody to read it
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
                "code": str(PACKAGE / "result.py"),
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
            raise IsolationError(lines[-1] if lines else f"the self-test ended with status {status}")
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
    """Compile the modules that run inside the sandbox, where nothing can be written: each kernel would repeat it."""
    for folder in ("in_kernel", "sandbox"):
        with contextlib.suppress(OSError):
            compileall.compile_dir(PACKAGE / folder, quiet=2, workers=1)
