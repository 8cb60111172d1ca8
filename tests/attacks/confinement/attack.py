"""What a hostile notebook imports as `attack`: where its targets are, and how it says that it reached one.

The runner executes this source in the kernel under test before the notebook's cells, and sets `target`. Nothing in `target`
is a secret: an attacker could have guessed or learned all of it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

target = SimpleNamespace()

REFUSALS = (OSError, ImportError, RuntimeError, MemoryError, ValueError, subprocess.SubprocessError)

# x86-64 and aarch64; calls that only one of them has are absent from the other
_NUMBERS = {
    "x86_64": {
        "ptrace": 101,
        "setns": 308,
        "unshare": 272,
        "clone": 56,
        "clone3": 435,
        "mount": 165,
        "umount2": 166,
        "pivot_root": 155,
        "chroot": 161,
        "open_tree": 428,
        "move_mount": 429,
        "fsopen": 430,
        "fsmount": 432,
        "mount_setattr": 442,
        "open_by_handle_at": 304,
        "name_to_handle_at": 303,
        "process_vm_readv": 310,
        "process_vm_writev": 311,
        "pidfd_open": 434,
        "pidfd_getfd": 438,
        "pidfd_send_signal": 424,
        "keyctl": 250,
        "add_key": 248,
        "request_key": 249,
        "bpf": 321,
        "perf_event_open": 298,
        "io_uring_setup": 425,
        "userfaultfd": 323,
        "personality": 135,
        "kexec_load": 246,
        "init_module": 175,
        "finit_module": 313,
        "reboot": 169,
        "swapon": 167,
        "settimeofday": 164,
        "sethostname": 170,
        "iopl": 172,
        "ioperm": 173,
        "acct": 163,
        "quotactl": 179,
        "syslog": 103,
        "kcmp": 312,
        "fanotify_init": 300,
        "memfd_create": 319,
        "vmsplice": 278,
        "prlimit64": 302,
        "rt_tgsigqueueinfo": 297,
        "process_madvise": 440,
        "move_pages": 279,
        "migrate_pages": 256,
        "sched_setattr": 314,
        "ioprio_set": 251,
        "socket": 41,
    },
    "aarch64": {
        "ptrace": 117,
        "setns": 268,
        "unshare": 97,
        "clone": 220,
        "clone3": 435,
        "mount": 40,
        "umount2": 39,
        "pivot_root": 41,
        "chroot": 51,
        "open_tree": 428,
        "move_mount": 429,
        "fsopen": 430,
        "fsmount": 432,
        "mount_setattr": 442,
        "open_by_handle_at": 265,
        "name_to_handle_at": 264,
        "process_vm_readv": 270,
        "process_vm_writev": 271,
        "pidfd_open": 434,
        "pidfd_getfd": 438,
        "pidfd_send_signal": 424,
        "keyctl": 219,
        "add_key": 217,
        "request_key": 218,
        "bpf": 280,
        "perf_event_open": 241,
        "io_uring_setup": 425,
        "userfaultfd": 282,
        "personality": 92,
        "kexec_load": 104,
        "init_module": 105,
        "finit_module": 273,
        "reboot": 142,
        "swapon": 224,
        "settimeofday": 170,
        "sethostname": 161,
        "acct": 89,
        "quotactl": 60,
        "syslog": 116,
        "kcmp": 272,
        "fanotify_init": 262,
        "memfd_create": 279,
        "vmsplice": 75,
        "prlimit64": 261,
        "rt_tgsigqueueinfo": 240,
        "process_madvise": 440,
        "move_pages": 239,
        "migrate_pages": 238,
        "sched_setattr": 274,
        "ioprio_set": 30,
        "socket": 198,
    },
}

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def got(what: object) -> None:
    """Say that the attack got something that it must not get: the runner counts this line as a breach."""
    print(f"GOT {what}"[:500], flush=True)


def blocked(what: object) -> None:
    """Say what was refused: for the reader of a failure."""
    print(f"blocked: {what}"[:500], flush=True)


def amount(number: float, unit: str) -> None:
    """Say how much of something the attack has taken so far; the runner compares the last one with the limit."""
    print(f"AMOUNT {number:.0f} {unit}", flush=True)


def attempt(what: object, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Call `function`, which must be refused: `got` if it is not. Returns what it returned, None if refused."""
    try:
        result = function(*args, **options)
    except REFUSALS as error:
        blocked(f"{what}: {type(error).__name__}: {error}")
        return None
    got(f"{what}: {result!r:.200}")
    return result


def attempt_any(what: object, function: Callable[..., Any], *args: Any) -> Any:
    """Like `attempt`, but an empty result (nothing listed, nothing found) is as good as a refusal."""
    try:
        result = function(*args)
    except REFUSALS as error:
        return blocked(f"{what}: {type(error).__name__}: {error}")
    if not result:
        return blocked(f"{what}: {result!r}")
    got(f"{what}: {result!r:.200}")
    return result


def refused(function: Callable[..., Any], *args: Any, **options: Any) -> bool:
    """Whether a call is refused, without a verdict."""
    try:
        function(*args, **options)
    except REFUSALS:
        return True
    return False


def syscall(name: str, *args: int | bytes | ctypes.Array[Any] | None) -> int:
    """Make a raw system call. Raises OSError, also where this processor has no such call."""
    number = _NUMBERS.get(platform.machine(), {}).get(name)
    if number is None:
        raise OSError(38, f"{name}: no such call on this processor")
    typed = [ctypes.c_long(value) if isinstance(value, int) else value for value in args]
    result: int = libc.syscall(ctypes.c_long(number), *typed)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def prctl(option: int, *values: int) -> int:
    """Call prctl. Raises OSError."""
    filled = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    result: int = libc.prctl(ctypes.c_int(option), *filled)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl {option}: {os.strerror(code)}")
    return result


def read(path: str | os.PathLike[str], most: int = 4096) -> bytes:
    """The beginning of a file that holds something."""
    with open(path, "rb") as file:
        data = file.read(most)
    if not data:
        raise OSError(f"{path} is empty here")
    return data


def write(path: str | os.PathLike[str], text: str, flags: int = os.O_WRONLY) -> str:
    """Write to a file at once: a buffer's error would be lost."""
    number = os.open(path, flags)
    try:
        return f"{os.write(number, text.encode())} bytes"
    finally:
        os.close(number)


def create(path: str | os.PathLike[str]) -> str:
    """Make a file that must be new."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    return "created"


def other_processes() -> Iterator[int]:
    """Ids of processes that are not this one, its ancestors in the sandbox, or its children: listed, or guessed."""
    own = {os.getpid(), 0}
    guessed = {target.grader_pid, target.driver_pid, target.neighbour_pid, target.neighbour_parent}
    listed: set[int] = set()
    with contextlib.suppress(OSError):
        listed = {int(name) for name in os.listdir("/proc") if name.isdigit()}
    yield from sorted((guessed | listed) - own)


def in_child(function: Callable[[], object], seconds: float = 3) -> str:
    """Call `function` in a forked child: 'returned …', 'raised …', 'signal N', 'exit N' or 'hangs'.

    For what would damage the kernel's own process.
    """
    import select
    import signal

    receive, send = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(receive)
        try:
            words = f"returned {function()!r}"
        except BaseException as error:
            words = f"raised {type(error).__name__}: {error}"
        with contextlib.suppress(OSError):
            os.write(send, words.encode(errors="replace")[:2000])
        os._exit(0)
    os.close(send)
    ready, _, _ = select.select([receive], [], [], seconds)
    words = os.read(receive, 2000).decode(errors="replace") if ready else "hangs"
    os.close(receive)
    if words == "hangs":
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if words:
        return words
    return f"signal {-status}" if status < 0 else f"exit {status}"


def attempt_in_child(what: object, function: Callable[[], object], harmless: tuple[object, ...] = ()) -> str:
    """`attempt` in a child; results equal to one of `harmless` count as a refusal."""
    words = in_child(function)
    if words.startswith("returned") and words not in [f"returned {value!r}" for value in harmless]:
        got(f"{what}: {words}")
    else:
        blocked(f"{what}: {words}")
    return words


def credentials() -> bytes:
    """What SCM_CREDENTIALS would carry for a process of root's."""
    return struct.pack("3i", 1, 0, 0)


def connects(family: int, kind: int, address: Any) -> str:
    """Connect and send a line; raises OSError."""
    with socket.socket(family, kind) as connection:
        connection.settimeout(1.5)
        connection.connect(address)
        connection.send(b"hello from the sandbox\n")
        return f"sent to {address!r}"


def sleeper() -> list[str]:
    """A command that sleeps and carries the mark of this attack, by which the runner finds what is left of it."""
    return [sys.executable, "-c", "import time; time.sleep(600)", target.mark]


def own_folder() -> Path:
    """The working directory."""
    return Path.cwd()
