"""Takes all memory in one process, with Python's own objects."""

# kind: denial
# expect: stopped
# limit: memory
# ends: ok error killed dead
# reason: memory
# seconds: 12

# %%
from attack import amount, blocked

# %%
blocks = []
try:
    while len(blocks) < 400:
        blocks.append(bytearray(b"x") * (20 << 20))
        if len(blocks) % 5 == 0:
            amount(20 * len(blocks), "MiB")
except MemoryError as error:
    blocks = []
    blocked(f"MemoryError {error}")
