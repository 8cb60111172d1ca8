"""Creates files without end, all of them empty: what runs out is their number."""

# kind: denial
# expect: stopped
# limit: inodes
# ends: ok error killed dead timeout
# reason: disk|file|folder|longer

# %%
import os

from attack import amount, blocked

# %%
made = 0
try:
    for folder in range(1000):
        os.mkdir(f"d{folder}")
        for number in range(1000):
            os.close(os.open(f"d{folder}/{number}", os.O_CREAT | os.O_WRONLY))
            made += 1
        if folder % 10 == 0:
            amount(made, "files")
except OSError as error:
    blocked(error)
amount(made, "files")
