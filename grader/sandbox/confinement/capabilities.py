"""Give up capabilities for good: the privileges of root, or of the first process in a user namespace."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterable

DAC_READ_SEARCH, SETGID, SETUID, SETPCAP = 2, 6, 7, 8  # of linux/capability.h
_ALL = 64
_VERSION = 0x20080522
_DROP_BOUND, _AMBIENT, _AMBIENT_CLEAR = 24, 47, 4  # of prctl


def drop_bound(kept: Iterable[int] = ()) -> None:
    """Keep programs started from now on from getting any capabilities but `kept`."""
    libc, kept = ctypes.CDLL(None, use_errno=True), set(kept)
    for capability in range(_ALL):
        if capability not in kept:
            libc.prctl(_DROP_BOUND, capability, 0, 0, 0)
    libc.prctl(_AMBIENT, _AMBIENT_CLEAR, 0, 0, 0)


def keep(wanted: Iterable[int]) -> None:
    """Keep the `wanted` capabilities that this process has, and give up all others. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    data = ctypes.create_string_buffer(24)
    header = struct.pack("=Ii", _VERSION, 0)
    if libc.capget(header, data):
        raise OSError("capget is refused")
    permitted = struct.unpack("=6I", data.raw)[1]
    mask = sum(1 << capability for capability in set(wanted)) & permitted
    if libc.capset(header, struct.pack("=6I", mask, mask, mask, 0, 0, 0)):
        raise OSError("capset is refused")
