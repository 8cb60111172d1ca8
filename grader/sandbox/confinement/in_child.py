"""The child confines itself before student code may run; this is the only code of the sandbox that runs inside it.

`main()` reads a JSON configuration from standard input: 'module', whose `main(config)` is called at the end with the
whole configuration, 'environment' for a forked process, and 'confine':

- 'namespaces': settings of `grader.sandbox.confinement.unshare`, for a process that bubblewrap did not start; null for
  none;
- 'warden': stay behind as a parent process that ends everything the kernel started, when the kernel or the grader ends;
- 'cgroup_fds': descriptors of cgroup.procs files to join; 'rlimits': {name without RLIMIT_: value};
- 'user': id of the user and group to become, null to keep the user; 'read_all': keep the right to read every file;
- 'folders' to make, 'files' to write, 'cwd': the working directory;
- 'beside': [[path, size], …] of the helper files to write there, whose contents follow each other in the file whose
  descriptor is the only one of 'beside_fds'; both may be absent;
- 'landlock': [[path, rights], …], the only rights to files that are left, null for no Landlock;
- 'seccomp': the program of the filter in base64, null for none.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import importlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from grader.sandbox.confinement.capabilities import DAC_READ_SEARCH, drop_bound, keep
from grader.sandbox.confinement.landlock import NoLandlock, keep_signals_below, restrict
from grader.sandbox.confinement.process_tree import kill_below, kill_user

_CLOSED = (
    "Python or the data are in a folder that other users may not enter, and the right to read them anyway "
    "(CAP_DAC_READ_SEARCH) is not available here: open the folder (chmod o+rx)"
)
FAILED = 3  # exit status
_PDEATHSIG, _DUMPABLE, _KEEP, _SUBREAPER, _AMBIENT = 1, 4, 8, 36, 47  # of prctl
_AMBIENT_RAISE = 2


def main(forked: bool = False) -> None:
    """Confine this process, then call `main(config)` of the module that the configuration names.

    `forked`: this process was forked from a fork server, and replaces its environment by that of the configuration.
    """
    try:
        with open(0, "rb", closefd=False) as given:
            config = json.loads(given.read())
        with open(os.devnull, "rb") as devnull:
            os.dup2(devnull.fileno(), 0)
        sys.stdin = open(0, closefd=False)  # noqa: SIM115  (it lives as long as the process)
        if forked:
            os.environ.clear()
            os.environ.update(config["environment"])
        confine(config["confine"])
        module = importlib.import_module(config["module"])
    except BaseException:
        traceback.print_exc()
        os._exit(FAILED)
    module.main(config)


def confine(settings: dict[str, Any]) -> None:
    """Give up everything that `settings` does not allow. Raises OSError, NoLandlock: then student code must not run."""
    user = settings["user"]
    if settings.get("namespaces"):
        from grader.sandbox.confinement.unshare import enter

        enter(settings["namespaces"])
    if settings["warden"]:
        leave_a_warden(user)
    for descriptor in settings["cgroup_fds"]:
        os.write(descriptor, b"0")
        os.close(descriptor)
    _limit(settings["rlimits"])
    if user is not None:
        become(user, read_all=settings["read_all"])
    if settings["warden"]:
        _end_with_parent()
    for folder in settings["folders"]:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    for path, text in settings["files"].items():
        Path(path).write_text(text, encoding="utf-8")
    os.chdir(settings["cwd"])
    for descriptor in settings.get("beside_fds", ()):
        _write_beside(descriptor, settings["beside"])
        os.close(descriptor)
    if settings["landlock"] is not None:
        restrict([(path, rights) for path, rights in settings["landlock"]])
    if settings["seccomp"] is not None:
        from grader.sandbox.confinement.seccomp import load_filter

        load_filter(base64.b64decode(settings["seccomp"]))


def _write_beside(descriptor: int, files: list[tuple[str, int]]) -> None:
    """Write the helper files into the working directory. They are copies: the notebook may change them."""
    start = 0
    for name, size in files:
        with contextlib.suppress(OSError):  # 'a' and 'a/b' cannot both be there; the notebook sees what is missing
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_bytes(os.pread(descriptor, size, start))
        start += size


def _limit(rlimits: dict[str, int]) -> None:
    import resource

    for name, value in rlimits.items():
        number = getattr(resource, f"RLIMIT_{name}", None)
        if number is None:
            continue
        hard = resource.getrlimit(number)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some; the self-test shows what holds
            resource.setrlimit(number, (value, value))


def become(user: int, read_all: bool = False) -> None:
    """Become another user for good, without capabilities, or with `read_all` only that to read all. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    kept = [DAC_READ_SEARCH] if read_all else []
    drop_bound(kept)
    libc.prctl(_KEEP, int(read_all), 0, 0, 0)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    keep(kept)
    if read_all and libc.prctl(_AMBIENT, _AMBIENT_RAISE, DAC_READ_SEARCH, 0, 0):  # also for programs that it starts
        raise OSError(_CLOSED)
    libc.prctl(_DUMPABLE, 1, 0, 0, 0)  # as for any process of that user: it may read its own /proc


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def leave_a_warden(user: int | None) -> None:
    """Fork a child that continues, and stay behind as the warden.

    The function returns only in the child, in a new session. The warden becomes the parent of all orphans below it.
    When the child ends, the warden kills all that is left and exits with the child's status, or with 128 plus the
    number of the signal that ended it.
    """
    libc = ctypes.CDLL(None)
    libc.prctl(_SUBREAPER, 1, 0, 0, 0)
    alone = user is None and _signals_only_below()
    parent = os.getppid()
    # The warden blocks these signals and waits for them with `sigwait`. A handler could interrupt `_clear`: Linux sends
    # a signal for each thread of the parent that ends.
    waited = {signal.SIGTERM, signal.SIGCHLD}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, waited)
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.setsid()
        return
    libc.prctl(_DUMPABLE, 0, 0, 0, 0)  # processes of the same user must not read this process's memory or write to it
    status: int | None = None
    try:
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, signal.SIG_IGN)
        libc.prctl(_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        os.closerange(3, 4096)
        while status is None and os.getppid() == parent and signal.sigwait(waited) == signal.SIGCHLD:
            status = _reap(child)
    finally:
        try:
            _clear(user, alone)
        finally:
            os._exit(128 + signal.SIGTERM if status is None else status)


def _reap(child: int) -> int | None:
    """Reap all processes that have ended. Return the status of `child` as a shell shows it, or None while it runs."""
    while True:
        ended, how = os.waitpid(-1, os.WNOHANG)
        if not ended:
            return None
        if ended == child:
            code = os.waitstatus_to_exitcode(how)
            return 128 - code if code < 0 else code


def _signals_only_below() -> bool:
    try:
        keep_signals_below()
    except (NoLandlock, OSError):
        return False
    return True


def _clear(user: int | None, alone: bool) -> None:
    """Kill every process that is left, and remove what they left in shared memory.

    `alone`: this process can signal no others. Only a signal to all at once catches processes that fork and exit.
    """
    if alone:
        with contextlib.suppress(OSError):
            os.kill(-1, signal.SIGKILL)
    if user is not None:
        with contextlib.suppress(OSError):
            kill_user(user)
    kill_below(os.getpid())
    if user is not None:
        with contextlib.suppress(OSError):
            for entry in os.scandir("/dev/shm"):
                if entry.stat(follow_symlinks=False).st_uid == user:
                    os.unlink(entry.path)
