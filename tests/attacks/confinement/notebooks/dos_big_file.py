"""Writes one endless file."""

# kind: denial
# expect: stopped
# limit: file
# ends: ok error killed dead timeout
# reason: disk|file|signal|SIGXFSZ

# %%
from attack import amount, blocked

# %%
written = 0
try:
    with open("big", "wb", buffering=0) as file:
        while written < 2000:
            file.write(bytes(1 << 20))
            written += 1
except OSError as error:
    blocked(error)
amount(written, "MiB")
