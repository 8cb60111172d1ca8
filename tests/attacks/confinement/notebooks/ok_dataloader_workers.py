"""Loads batches by two worker processes, as the tutorials do."""

# kind: honest
# expect: works
# seconds: 40
# limits: memory_bytes=3221225472

# %%
import torch
from torch.utils.data import DataLoader, TensorDataset

# %%
data = TensorDataset(torch.arange(64.0).reshape(32, 2), torch.arange(32))
loader = DataLoader(data, batch_size=8, num_workers=2, shuffle=True)
seen = sorted(int(label) for _, labels in loader for label in labels)
assert seen == list(range(32))
print("WORKS")
