"""Enter new namespaces in a process that was forked inside bubblewrap: processes, mounts, network, IPC and host name.

Programs, Python and data stay visible, read-only as before; everything that can be written to is new.
"""

from __future__ import annotations

import ctypes
import os
import signal
from types import FrameType
from typing import Any

from grader.sandbox.confinement.capabilities import DAC_READ_SEARCH, SETGID, SETPCAP, SETUID, drop_bound, keep

_MOUNTS, _HOST, _IPC, _USER, _PROCESSES, _NETWORK = (
    *(0x00020000, 0x04000000, 0x08000000),
    *(0x10000000, 0x20000000, 0x40000000),
)
_NOSUID, _NODEV, _NOEXEC, _READ_ONLY, _REMOUNT, _BIND, _REC, _PRIVATE = 2, 4, 8, 1, 32, 4096, 16384, 1 << 18


def enter(settings: dict[str, Any]) -> None:
    """Fork a child into new namespaces, and return only in it; it is the first process there. Raises OSError.

    The calling process stays outside and ends as the child does. `settings`: 'user' is the id in a new user namespace,
    null for root, which needs none; 'tmpfs': [[folder, bytes], …] are mounted; 'kept': paths in such folders that stay
    visible; 'files': {existing path: text}, mounted over these paths.
    """
    libc, user = ctypes.CDLL(None, use_errno=True), settings["user"]
    flags = _MOUNTS | _PROCESSES | _NETWORK | _IPC | _HOST | (0 if user is None else _USER)
    outer = os.getuid(), os.getgid()
    _check(libc.unshare(flags), "unshare")
    if user is not None:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {outer[0]} 1"),
            ("gid_map", f"{user} {outer[1]} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    first = os.fork()
    if first:
        _stay(first)
    _mount(libc, settings)
    if user is not None:
        drop_bound()
    # Root needs these capabilities to become another user.
    keep(() if user is not None else (DAC_READ_SEARCH, SETGID, SETUID, SETPCAP))


def _mount(libc: ctypes.CDLL, settings: dict[str, Any]) -> None:
    def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
        arguments = (source.encode(), target.encode(), kind.encode() if kind else None, flags, options.encode() or None)
        _check(libc.mount(*arguments), f"mount {target}")

    mount("none", "/", None, _REC | _PRIVATE)
    mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    mount("devpts", "/dev/pts", "devpts", _NOSUID | _NOEXEC, "newinstance,ptmxmode=0666,mode=620")
    kept = {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in settings["kept"] if os.path.exists(path)}
    for folder, size in settings["tmpfs"]:
        mount("tmpfs", folder, "tmpfs", _NOSUID | _NODEV, f"size={size},mode=1777")
    for path, place in kept.items():
        if os.path.isdir(f"/proc/self/fd/{place}"):
            os.makedirs(path, mode=0o755, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o444))
        # The new mount keeps its flags, such as read-only, and the mounts that cover parts of it.
        mount(f"/proc/self/fd/{place}", path, None, _BIND | _REC)
        os.close(place)
    for number, (path, text) in enumerate(settings["files"].items()):
        source = f"/tmp/{number}"
        with open(source, "w") as file:
            file.write(text)
        os.chmod(source, 0o444)
        mount(source, path, None, _BIND)
        mount("none", path, None, _BIND | _REMOUNT | _READ_ONLY | _NOSUID | _NODEV)
        os.unlink(source)


def _stay(first: int) -> None:
    """Wait for the first process of the new namespaces and exit as it did; on SIGTERM, end all processes in them."""

    def end(number: int, frame: FrameType | None) -> None:
        os.kill(first, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    os.closerange(0, 4096)
    _, how = os.waitpid(first, 0)
    code = os.waitstatus_to_exitcode(how)
    os._exit(128 - code if code < 0 else code)


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
