r"""The process ends itself as soon as it is probed, or claims to.

base: wrong_models
wants: mlp, cnn
at: end
"""

# %%
import os, sys

class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 128)
        self.fc2 = nn.Linear(128, 64)
        self.fc3 = nn.Linear(64, 10)

    def named_parameters(self, *a, **k):
        os._exit(0)

    def forward(self, x):
        os._exit(0)
