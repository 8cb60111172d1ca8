"""Takes memory that belongs to no process: anonymous files, shared maps, and torch's own shared tensors do the same."""

# kind: denial
# expect: stopped
# limit: memory
# ends: ok error killed dead timeout
# reason: memory|disk|file|longer
# seconds: 10

# %%
import mmap
import os

from attack import amount, blocked

# %%
block, total = bytes(16 << 20), 0
try:
    for _ in range(100):
        number = os.memfd_create("x")
        for _ in range(3):
            os.write(number, block)
            total += 16
    amount(total, "MiB")
except OSError as error:
    blocked(error)

# %%
maps = []
try:
    while len(maps) < 100:
        shared = mmap.mmap(-1, 50 << 20)
        maps.append(shared)
        for place in range(0, 50 << 20, 4096):
            shared[place] = 1
except (OSError, ValueError, MemoryError) as error:
    blocked(error)
amount(total + 50 * len(maps), "MiB")
