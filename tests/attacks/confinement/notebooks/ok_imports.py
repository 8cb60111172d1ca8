"""Imports what notebooks of the course import, and compiles a little."""

# kind: honest
# expect: works
# seconds: 60
# limits: memory_bytes=3221225472

# %%
import sklearn.linear_model
import torch
import torchvision
from PIL import Image

# %%
model = sklearn.linear_model.LogisticRegression().fit([[0.0], [1.0]], [0, 1])
assert model.predict([[1.0]])[0] == 1
picture = torchvision.transforms.ToTensor()(Image.new("L", (28, 28)))
assert picture.shape == (1, 28, 28)

# %%
import ssl
import uuid

import numpy as np
import pandas as pd

pd.DataFrame({"x": np.arange(3)}).to_csv("x.csv")
assert len(pd.read_csv("x.csv")) == 3
assert torch.jit.script(torch.nn.Linear(2, 2))(torch.zeros(1, 2)).shape == (1, 2)
print(uuid.uuid4(), ssl.OPENSSL_VERSION)
print("WORKS")
