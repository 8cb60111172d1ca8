"""The fork server: it has imported what kernels import, forks them on request, and never runs student code.

`grader.sandbox.confinement.in_child` starts it as `main(config)`. 'control_fd' is a socket on which the server reports
that it is warm, and then receives requests (see `grader.sandbox.warm_start`). A request lists the numbers that the
inherited descriptors get in the child. With it come the descriptors: a socket that reports the child's start and end,
the child's configuration, its log, and those that the kernel inherits.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import sys
import traceback
from typing import Any, NoReturn

from grader.in_kernel import preload
from grader.sandbox.confinement import in_child

_PDEATHSIG = 1  # of prctl
MAX_REQUEST = 65_536
MAX_DESCRIPTORS = 64
HELLO = b"hello"


def main(config: dict[str, Any]) -> None:
    """Warm up, report it, and fork on request until the other end hangs up."""
    control = socket.socket(fileno=config["control_fd"])
    control.set_inheritable(False)
    ctypes.CDLL(None).prctl(_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    _end_without_parent(control)
    preload.warm_up()
    why = _cannot_fork()
    control.send(why.encode() or HELLO)
    if not why:
        _Server(control).serve()
    os._exit(0)


def _cannot_fork() -> str:
    """Return why forking is unsafe after the libraries were imported, in words, '' if it is safe."""
    # Children would not have the thread, and the locks that it holds would stay locked forever.
    if len(os.listdir("/proc/self/task")) > 1:
        return "a library has started a thread"
    links = [os.readlink(f"/proc/self/fd/{number}") for number in _open_descriptors() if number > 2]
    files = [link for link in links if link.startswith("/") and not link.startswith("/dev/")]
    return f"a library keeps {files[0]} open" if files else ""  # children would share its file offset


def _end_without_parent(control: socket.socket) -> None:
    """Exit if the grader ended before this process set its parent-death signal."""
    if select.select([control], [], [], 0)[0] and not control.recv(1, socket.MSG_PEEK):
        os._exit(0)


class _Server:
    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._lives: dict[int, socket.socket] = {}  # by pid: the socket on which a child's end is reported
        self._ending: set[int] = set()
        self._own = _open_descriptors()
        self._woken, self._wake = socket.socketpair()
        for end in (self._woken, self._wake):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)

    def serve(self) -> None:
        """Fork for each request, and report how children end. Return when the grader hangs up."""
        steps, more = preload.huge_pages(), True  # done while no request waits
        while True:
            lives = {life: pid for pid, life in self._lives.items() if pid not in self._ending}
            ready, _, _ = select.select([self._control, self._woken, *lives], [], [], 0 if more else None)
            if not ready:
                more = next(steps, None) is not None
            for life in lives.keys() & set(ready):
                self._end(lives[life])
            if self._woken in ready:
                with contextlib.suppress(BlockingIOError):
                    self._woken.recv(4096)
                self._reap()
            if self._control in ready and not self._request():
                return

    def _end(self, pid: int) -> None:
        """End a child whose owner has hung up, probably because it was killed: the child's warden clears up."""
        self._ending.add(pid)
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGTERM)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, how = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                self._ending.discard(pid)
                life = self._lives.pop(pid, None)
                if life is not None:
                    with contextlib.suppress(OSError):
                        life.send(str(os.waitstatus_to_exitcode(how)).encode())
                    life.close()

    def _request(self) -> bool:
        text, descriptors = _receive(self._control)
        if not text:
            return False
        life, *rest = descriptors
        try:
            pid = os.fork()
            if pid == 0:
                self._child(json.loads(text)["numbers"], life, rest)
            self._lives[pid] = socket.socket(fileno=life)
        except OSError:  # no memory or processes left: this kernel's socket closes, the others go on
            os.close(life)
        for descriptor in rest:
            os.close(descriptor)
        return True

    def _child(self, numbers: list[int], life: int, descriptors: list[int]) -> NoReturn:
        """Become the kernel that the configuration describes; never return."""
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            with socket.socket(fileno=life) as report:
                report.send(HELLO)  # the receiver also gets the pid, as seen from there
            config, log, *inherited = descriptors
            _move([config, log, *inherited], [0, 2, *numbers])
            _close_all_but({0, 1, 2, *numbers, *self._own} - {self._control.fileno()})
            preload.after_fork()
            in_child.main(forked=True)
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(in_child.FAILED)


def _receive(control: socket.socket) -> tuple[bytes, list[int]]:
    descriptors = array.array("i")
    room = socket.CMSG_LEN(MAX_DESCRIPTORS * descriptors.itemsize)
    text, ancillary, _, _ = control.recvmsg(MAX_REQUEST, room)
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
    return text, list(descriptors)


def _open_descriptors() -> set[int]:
    return {int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")}


def _move(descriptors: list[int], numbers: list[int]) -> None:
    """Give open descriptors new numbers, first numbers above all of them, so that none is overwritten."""
    import fcntl

    high = max(numbers) + 1
    moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, high) for descriptor in descriptors]
    for descriptor in descriptors:
        os.close(descriptor)
    for descriptor, number in zip(moved, numbers, strict=True):
        os.dup2(descriptor, number)
        os.close(descriptor)


def _close_all_but(kept: set[int]) -> None:
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in kept:
            with contextlib.suppress(OSError):
                os.close(int(name))
