"""Saves and loads a checkpoint, by torch, numpy, pickle and JSON."""

# kind: honest
# expect: works
# seconds: 40
# limits: memory_bytes=3221225472

# %%
import json
import pickle
from pathlib import Path

import numpy as np
import torch

# %%
model = torch.nn.Linear(100, 100)
Path("checkpoints").mkdir()
torch.save({"model": model.state_dict(), "epoch": 3}, "checkpoints/last.pt")
loaded = torch.load("checkpoints/last.pt", weights_only=True)
assert torch.equal(loaded["model"]["weight"], model.weight)

# %%
np.savez_compressed("arrays.npz", x=np.arange(5))
assert np.load("arrays.npz")["x"].sum() == 10
with open("history.pkl", "wb") as file:
    pickle.dump([1, 2, {"a": 3}], file)
with open("history.pkl", "rb") as file:
    assert pickle.load(file)[2] == {"a": 3}
Path("history.json").write_text(json.dumps({"loss": [1.0]}))
print("WORKS")
