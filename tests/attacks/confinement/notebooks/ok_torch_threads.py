"""Trains a small network with two threads, and moves tensors through shared memory."""

# kind: honest
# expect: works
# seconds: 40
# limits: memory_bytes=3221225472

# %%
import torch
from torch import nn

# %%
torch.set_num_threads(2)
model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 26 * 26, 10))
optimizer = torch.optim.Adam(model.parameters())
for _ in range(5):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(torch.randn(32, 1, 28, 28)), torch.randint(10, (32,)))
    loss.backward()
    optimizer.step()
assert torch.isfinite(loss)

# %%
shared = torch.zeros(1000).share_memory_()
shared[3] = 1
assert shared.sum() == 1
print("WORKS")
