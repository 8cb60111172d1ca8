"""Fills the disk with files, each of them small enough."""

# kind: denial
# expect: stopped
# limit: scratch
# ends: ok error killed dead timeout
# reason: disk|file|folder|memory
# quick: yes

# %%
from attack import amount, blocked

# %%
written, last = 0, 0
try:
    for number in range(200):
        with open(f"file-{number}", "wb", buffering=0) as file:
            for _ in range(30):
                file.write(bytes(1 << 20))
                written += 1
        if written - last >= 60:
            last = written
            amount(written, "MiB")
except OSError as error:
    blocked(error)
amount(written, "MiB")
