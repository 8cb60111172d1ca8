"""Takes all memory with torch tensors, as an activation kept for every batch would."""

# kind: denial
# expect: stopped
# limit: memory
# ends: ok error killed dead timeout
# reason: memory|longer
# seconds: 15

# %%
import torch
from attack import amount

# %%
kept = []
while len(kept) < 200:
    kept.append(torch.ones(8 << 20))
    amount(32 * len(kept), "MiB")
