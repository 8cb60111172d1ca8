"""The two models of the assignment. Both return raw logits: the criterion applies the softmax."""

from __future__ import annotations

import torch
from torch import nn


class MLP(nn.Module):
    """Three linear layers, 784-128-64-10, with ReLU between them: 109,386 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(28 * 28, 128)
        self.fc2 = nn.Linear(128, 64)
        self.fc3 = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (B, 10) for images (B, 1, 28, 28), (B, 28, 28) or (B, 784)."""
        x = x.reshape(-1, 28 * 28)
        x = torch.relu(self.fc1(x))
        x = torch.relu(self.fc2(x))
        logits: torch.Tensor = self.fc3(x)
        return logits


class CNN(nn.Module):
    """Three 3x3 convolutions, the last two with stride 2, global max pooling and a small head: 101,578 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 32, kernel_size=3, stride=1, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 64, kernel_size=3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(64, 128, kernel_size=3, stride=2, padding=1),
            nn.ReLU(),
            nn.AdaptiveMaxPool2d(1),
        )
        self.head = nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (B, 10) for images (B, 1, 28, 28)."""
        logits: torch.Tensor = self.head(self.net(x).flatten(1))
        return logits
