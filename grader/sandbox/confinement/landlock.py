"""Landlock: a process gives up access to all paths except those on a list, for itself and for all that it starts.

It is used by system calls, which the standard library does not wrap; numbers and structures are those of
linux/landlock.h, the same on x86-64 and arm64. Landlock does not govern stat, chmod, chown, utime, and sockets that are
files.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable

from grader.sandbox.confinement.seccomp import no_new_privileges

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REFER, _TRUNCATE, _IOCTL = 1 << 13, 1 << 14, 1 << 15
_VERSION_1 = (1 << 13) - 1  # all rights of the first version
_TCP = 0b11  # bind, connect
_SIGNALS = 0b10
_SCOPES = 0b11  # abstract Unix sockets, signals

READ = _EXECUTE | _READ_FILE | _READ_DIR
LIST = _READ_DIR


class NoLandlock(Exception):
    """This kernel has no Landlock, or refuses it; the message says why."""


def abi() -> int:
    """Return the version of Landlock that the Linux kernel supports, 0 for none."""
    return max(0, int(_libc().syscall(_CREATE, None, 0, 1)))


def restrict(rules: Iterable[tuple[str, int]]) -> None:
    """Give up all access to files except `rules`, pairs of a path and rights (READ, LIST, `write_rights()`).

    Paths that do not exist are skipped. TCP, abstract Unix sockets and signals to other processes are given up too
    where the Linux kernel supports that. Raises NoLandlock.
    """
    version, libc = abi(), _libc()
    if version < 1:
        raise NoLandlock("this kernel has no Landlock (it needs Linux 5.13 or newer, enabled at boot)")
    fields = (_all_rights(version), _TCP if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    attributes = struct.pack("QQQ", *fields)[: 24 if version >= 6 else 16 if version >= 4 else 8]
    ruleset = libc.syscall(_CREATE, attributes, len(attributes), 0)
    if ruleset < 0:
        raise NoLandlock(f"landlock_create_ruleset: {os.strerror(ctypes.get_errno())}")
    try:
        for path, rights in rules:
            _allow(libc, ruleset, path, rights & _all_rights(version), version)
        no_new_privileges(libc)
        if libc.syscall(_RESTRICT, ruleset, 0):
            raise NoLandlock(f"landlock_restrict_self: {os.strerror(ctypes.get_errno())}")
    finally:
        os.close(ruleset)


def keep_signals_below() -> None:
    """Let this process signal only processes that it starts. Raises NoLandlock if the Linux kernel is too old."""
    if abi() < 6:
        raise NoLandlock("this kernel's Landlock cannot restrict signals (it needs Linux 6.12 or newer)")
    libc = _libc()
    ruleset = libc.syscall(_CREATE, struct.pack("QQQ", _REFER, 0, _SIGNALS), 24, 0)
    if ruleset < 0:
        raise NoLandlock(f"landlock_create_ruleset: {os.strerror(ctypes.get_errno())}")
    try:
        # Every ruleset refuses moves between folders unless it allows them.
        _allow(libc, ruleset, "/", _REFER, abi())
        no_new_privileges(libc)
        if libc.syscall(_RESTRICT, ruleset, 0):
            raise NoLandlock(f"landlock_restrict_self: {os.strerror(ctypes.get_errno())}")
    finally:
        os.close(ruleset)
    try:
        os.kill(os.getppid(), 0)
    except PermissionError:
        return
    raise NoLandlock("signals to the parent process are still allowed")


def write_rights() -> int:
    """Return all rights to files and folders except to make devices."""
    devices = (1 << 6) | (1 << 11)  # make character, block devices
    return _all_rights(abi()) & ~devices


def _all_rights(version: int) -> int:
    rights = _VERSION_1
    for since, right in ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL)):
        rights |= right if version >= since else 0
    return rights


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int, version: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):
            rights &= (_EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL) & _all_rights(version)
        if libc.syscall(_ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, place), 0):
            raise NoLandlock(f"landlock_add_rule for {path}: {os.strerror(ctypes.get_errno())}")
    finally:
        os.close(place)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
