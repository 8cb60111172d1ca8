"""Maps a huge sparse file and touches it, page by page: memory by way of the disk."""

# kind: denial
# expect: stopped
# limit: memory
# ends: ok error killed dead timeout
# reason: memory|disk|file|longer

# %%
import mmap
import os

from attack import amount, blocked

# %%
touched = 0
try:
    with open("sparse", "w+b") as file:
        os.truncate("sparse", 8 << 30)
        with mmap.mmap(file.fileno(), 8 << 30) as mapped:
            for place in range(0, 8 << 30, 4096):
                mapped[place] = 1
                touched += 1
except (OSError, ValueError) as error:
    blocked(error)
amount(touched >> 8, "MiB")
