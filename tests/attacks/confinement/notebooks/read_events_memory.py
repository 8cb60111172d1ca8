"""Learns the names of shared memory that others make (batches of their DataLoaders) as it is made, and opens it."""

# kind: reading
# expect: blocked
# harmless: yes
# probe: touch

# %%
import contextlib
import ctypes
import os
import select

from attack import attempt, libc, read


# %%
def spy() -> bytes:
    """What stands in a segment that somebody else made while this watched."""
    number = libc.inotify_init1(os.O_NONBLOCK)
    if libc.inotify_add_watch(number, b"/dev/shm", 0x100) < 0:
        raise OSError(ctypes.get_errno(), "no watch")
    for _ in range(20):
        if not select.select([number], [], [], 0.1)[0]:
            continue
        for name in os.read(number, 4096)[16:].split(b"\0"):
            with contextlib.suppress(OSError, ValueError):
                return read(b"/dev/shm/" + name)
    raise OSError("nothing was seen")


attempt("shared memory of others", spy)
