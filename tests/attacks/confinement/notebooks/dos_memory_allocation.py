"""Asks for far more than there is, at once: must be an error that the student can read, or the end of this kernel only."""

# kind: denial
# expect: stopped
# ends: ok error killed dead
# reason: memory

# %%
from attack import blocked

# %%
for size in (1 << 34, 1 << 40, 1 << 62):
    try:
        block = bytearray(size)
    except (MemoryError, OverflowError) as error:
        blocked(f"{size}: {type(error).__name__}")
    else:
        del block
