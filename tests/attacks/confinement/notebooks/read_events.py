"""Learns the names of files that others create, such as those of submissions, by asking the kernel to be told (inotify)."""

# kind: reading
# expect: blocked
# harmless: yes
# probe: touch

# %%
import ctypes
import os
import select

from attack import attempt, libc, target


# %%
def watch(path: str) -> bytes:
    """Names of what is created, opened or removed there within two seconds."""
    number = libc.inotify_init1(os.O_NONBLOCK)
    if libc.inotify_add_watch(number, path.encode(), 0x100 | 0x200 | 0x20) < 0:
        raise OSError(ctypes.get_errno(), "no watch")
    if not select.select([number], [], [], 2)[0]:
        raise OSError("nothing was seen")
    return os.read(number, 4096).replace(b"\0", b"")


attempt("names of files", watch, target.planted)
