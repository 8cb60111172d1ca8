"""Takes all memory with numpy arrays, which are not touched until later."""

# kind: denial
# expect: stopped
# limit: memory
# ends: ok error killed dead
# reason: memory

# %%
import numpy as np
from attack import amount

# %%
arrays = [np.zeros(64 << 20, dtype=np.uint8) for _ in range(64)]

# %%
for number, array in enumerate(arrays):
    array[:: 4096 // array.itemsize] = 1
    amount(64 * number, "MiB")
