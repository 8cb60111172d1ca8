"""Takes System V shared memory, which outlives all processes and is in nobody's folder."""

# kind: denial
# expect: stopped
# limit: memory
# ends: ok error killed dead timeout
# reason: memory
# seconds: 12

# %%
import ctypes

from attack import amount, blocked, libc, target

# %%
libc.shmat.restype = ctypes.c_void_p
total = 0
for number in range(60):
    segment = libc.shmget(target.leftover_key + number, 50 << 20, 0o1600)
    address = libc.shmat(segment, None, 0) if segment >= 0 else None
    if address in (None, ctypes.c_void_p(-1).value):
        blocked(f"segment {number}: {ctypes.get_errno()}")
        break
    ctypes.memset(address, 1, 50 << 20)
    total += 50
amount(total, "MiB")
