"""The reference's own training, as the cells of a notebook; `grader calibrate` runs it."""

from __future__ import annotations

PROGRAM = (
    """
import torch
from torch import nn
from reference.data import load_mnist
from reference.loops import cpu_test, cpu_train
from reference.models import CNN, MLP

train_loader, test_loader = load_mnist("data")


def fit(model, epochs):
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.5)
    step = 0
    for epoch in range(epochs):
        step = cpu_train(
            epoch, [], [], step, model=model, optimizer=optimizer, criterion=criterion, train_loader=train_loader
        )
        cpu_test([], [], [], step, model=model, criterion=criterion, test_loader=test_loader)
""",
    "mlp = MLP()\nfit(mlp, 20)",
    "cnn = CNN()\nfit(cnn, 2)",
)
