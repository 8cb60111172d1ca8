"""Attaches to System V shared memory by its number: it stands in no folder, and any process of the same user may."""

# kind: reading
# expect: blocked
# harmless: yes

# %%
import ctypes
from pathlib import Path

from attack import attempt, attempt_any, libc, target


# %%
def attach() -> bytes:
    libc.shmat.restype = ctypes.c_void_p
    segment = libc.shmget(target.sysv_key, 0, 0)
    if segment < 0:
        raise OSError(ctypes.get_errno(), "shmget")
    address = libc.shmat(segment, None, 0o10000)
    if address in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "shmat")
    return ctypes.string_at(address, 64)


attempt("the grader's System V segment", attach)

# %%
attempt_any("list of System V segments", lambda: Path("/proc/sysvipc/shm").read_text().splitlines()[1:])
