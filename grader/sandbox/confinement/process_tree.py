"""A process and all that it started, read from /proc, or from psutil where there is no such /proc."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PIPE = 65_536  # bytes that fit into a pipe without a reader
_PROC = os.path.exists("/proc/self/task")


@dataclass(frozen=True)
class Usage:
    """The use of a process tree: resident bytes (shared pages counted for each process), tasks, CPU seconds."""

    resident: int = 0
    tasks: int = 0
    cpu_seconds: float = 0.0


def descendants(pid: int) -> list[int]:
    """Return the processes below `pid`, parents before their children. Some may have ended meanwhile."""
    if not _PROC:
        return _with_psutil(pid)
    found, todo = [], [pid]
    while todo:
        for child in children(todo.pop(0)):
            found.append(child)
            todo.append(child)
    return found


def children(pid: int) -> list[int]:
    """Return the processes that `pid` or one of its threads started and that are still its children."""
    found: list[int] = []
    with contextlib.suppress(OSError, ValueError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                found += map(int, file.read().split())
    return found


def _with_psutil(pid: int) -> list[int]:
    import psutil

    with contextlib.suppress(psutil.Error):
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    return []


def usage(pids: Iterable[int]) -> Usage:
    """Return the use of these processes, including the CPU time of children that have ended."""
    resident = tasks = 0
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{pid}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
            tasks += int(fields[17])
            resident += int(fields[21]) * _PAGE
    return Usage(resident, tasks, ticks / _TICKS)


def private_bytes(pid: int) -> int:
    """Return the resident bytes of a process that no file backs; 0 if it has ended."""
    if not _PROC:
        import psutil

        with contextlib.suppress(psutil.Error):
            return int(psutil.Process(pid).memory_info().rss)
        return 0
    with contextlib.suppress(OSError, ValueError), open(f"/proc/{pid}/statm") as file:
        _, resident, shared, *_ = map(int, file.read().split())
        return (resident - shared) * _PAGE
    return 0


def proportional(pids: Iterable[int], user: int | None = None) -> int:
    """Return the bytes of memory of these processes, counting shared pages once.

    For processes that may not be inspected, the resident bytes count. `user` is their user if it is not this one: root
    in a container may inspect them only as that user.
    """
    wanted = list(pids)
    measured = _sum_of_shares(wanted)
    if user is not None and any(share is None for share in measured):
        answer = as_user(user, lambda: json.dumps(_sum_of_shares(wanted)))
        measured = json.loads(answer) if answer else measured
    return sum(usage([pid]).resident if share is None else share for pid, share in zip(wanted, measured, strict=True))


def _sum_of_shares(pids: Iterable[int]) -> list[int | None]:
    found: list[int | None] = []
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup") as file:
                found.append(next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:")))
        except (OSError, StopIteration):
            found.append(None)
    return found


def unlinked(pids: Iterable[int], user: int | None = None) -> int:
    """Return the bytes of open files that have no name any more, of these processes of `user`."""
    wanted = list(pids)
    held, refused = _held_without_name(wanted)
    if refused and user is not None:
        answer = as_user(user, lambda: str(_held_without_name(wanted)[0]))
        return int(answer) if answer else held
    return held


def _held_without_name(pids: Iterable[int]) -> tuple[int, bool]:
    """Return the bytes of nameless open files, and whether some process could not be inspected."""
    held: dict[tuple[int, int], int] = {}
    refused = False
    for pid in pids:
        with contextlib.suppress(OSError):
            for descriptor in os.listdir(f"/proc/{pid}/fd"):
                try:
                    state = os.stat(f"/proc/{pid}/fd/{descriptor}")
                except PermissionError:
                    refused = True
                except OSError:  # closed meanwhile
                    continue
                else:
                    if state.st_nlink == 0 and stat.S_ISREG(state.st_mode):
                        held[state.st_dev, state.st_ino] = state.st_blocks * 512
    return sum(held.values()), refused


def kill_below(pid: int, rounds: int = 50) -> None:
    """Kill everything below `pid`, in at most `rounds` rounds: new processes are found in the next one."""
    for _ in range(rounds):
        victims = descendants(pid)
        if not victims:
            return
        for victim in victims:
            with contextlib.suppress(OSError):
                os.kill(victim, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):  # orphans may be left to this process: reap them
            while pid == os.getpid() and os.waitpid(-1, os.WNOHANG)[0]:
                pass


def kill_user(uid: int) -> None:
    """Kill every process of the user `uid`, which must not be this process's user. Only for root."""

    def kill() -> str:
        os.kill(-1, signal.SIGKILL)
        return ""

    as_user(uid, kill)


def as_user(uid: int, work: Callable[[], str]) -> str:
    """Run `work` in a child process as user `uid`, and return its result, '' if it raises. Only for root.

    The result is cut to 65,536 bytes, the capacity of a pipe.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            os.write(writing, work().encode()[:_PIPE])
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        text = answer.read().decode()
    os.waitpid(child, 0)
    return text
