"""Makes files that claim to be huge, for whoever copies or archives the folder afterwards."""

# kind: denial
# expect: stopped
# limit: file
# ends: ok error killed dead
# reason: disk|file|SIGXFSZ

# %%
import os

from attack import amount, blocked

# %%
size = 0
try:
    for power in (20, 24, 26, 30, 36, 40):
        with open("sparse", "wb") as file:
            os.ftruncate(file.fileno(), 1 << power)
        size = 1 << power
except OSError as error:
    blocked(error)
amount(size >> 20, "MiB")

# %%
try:
    number = os.open("reserved", os.O_CREAT | os.O_WRONLY)
    os.posix_fallocate(number, 0, 1 << 34)
except OSError as error:
    blocked(error)
else:
    amount(1 << 14, "MiB")
