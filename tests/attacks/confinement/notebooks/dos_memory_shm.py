"""Fills /dev/shm, which is memory that stays after a process has ended."""

# kind: denial
# expect: stopped
# limit: scratch
# ends: ok error killed dead timeout
# reason: memory|disk|file|longer
# seconds: 8
# weak: process-user: shared memory that a notebook makes under a name of its own may be left, and nobody bounds it but the watchdog

# %%
import os

from attack import amount, blocked, target

# %%
block, total = bytes(1 << 20), 0
try:
    for number in range(100):
        with open(f"/dev/shm/{target.mark}-{number}", "wb", buffering=0) as file:
            for _ in range(40):
                file.write(block)
                total += 1
except OSError as error:
    blocked(error)
amount(total, "MiB")
print(os.path.exists("/dev/shm"))
