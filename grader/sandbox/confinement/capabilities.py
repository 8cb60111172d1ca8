"""Give up capabilities for good: the privileges of root, or of the first process in a user namespace."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterable, Mapping

DAC_READ_SEARCH, SETGID, SETUID, SETPCAP = 2, 6, 7, 8  # of linux/capability.h
# What root needs to run each kernel as another user, to end its processes, and to remove what it wrote.
FOR_OTHER_USERS = {"CHOWN": 0, "DAC_OVERRIDE": 1, "FOWNER": 3, "KILL": 5, "SETGID": SETGID, "SETUID": SETUID}
_ALL = 64
_HEADER = struct.pack("=Ii", 0x20080522, 0)  # the version of the structures, and this process
_DROP_BOUND, _AMBIENT, _AMBIENT_CLEAR = 24, 47, 4  # of prctl


def missing(wanted: Mapping[str, int]) -> list[str]:
    """Return the names of the `wanted` capabilities, by name, that this process does not have. Raises OSError."""
    effective, _ = _own()
    return [name for name, number in wanted.items() if not effective >> number & 1]


def drop_bound(kept: Iterable[int] = ()) -> None:
    """Keep programs started from now on from getting any capabilities but `kept`."""
    libc, kept = ctypes.CDLL(None, use_errno=True), set(kept)
    for capability in range(_ALL):
        if capability not in kept:
            libc.prctl(_DROP_BOUND, capability, 0, 0, 0)
    libc.prctl(_AMBIENT, _AMBIENT_CLEAR, 0, 0, 0)


def keep(wanted: Iterable[int]) -> None:
    """Keep the `wanted` capabilities that this process has, and give up all others. Raises OSError."""
    _, permitted = _own()
    mask = sum(1 << capability for capability in set(wanted)) & permitted
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capset(_HEADER, struct.pack("=6I", mask, mask, mask, 0, 0, 0)):
        raise OSError("capset is refused")


def _own() -> tuple[int, int]:
    """Return the first 32 capabilities of this process, effective and permitted. Raises OSError."""
    data = ctypes.create_string_buffer(24)
    if ctypes.CDLL(None, use_errno=True).capget(_HEADER, data):
        raise OSError("capget is refused")
    effective, permitted = struct.unpack("=6I", data.raw)[:2]
    return effective, permitted
