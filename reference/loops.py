"""The training and test loops of the assignment.

The positional parameters are the assignment's; the keyword arguments are what a notebook's loops read from globals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import nn

LOG_EVERY = 100  # batches between two recorded training losses

Batches = Iterable[tuple[torch.Tensor, torch.Tensor]]
Criterion = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def cpu_train(
    epoch: int,
    train_losses: list[float],
    steps: list[int],
    current_step: int,
    *,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    criterion: Criterion,
    train_loader: Batches,
) -> int:
    """Train for one pass over `train_loader` on the CPU and return the new global step.

    The step counts optimizer updates and is increased before it is recorded: from `current_step` 0 the losses of
    batches 0, 100, 200… are appended to `train_losses` and the steps 1, 101, 201… to `steps`. `epoch` is for a
    notebook's progress bar and is not used here.
    """
    return _train(torch.device("cpu"), train_losses, steps, current_step, model, optimizer, criterion, train_loader)


def cpu_test(
    test_losses: list[float],
    test_accuracy: list[float],
    steps: list[int],
    current_step: int,
    *,
    model: nn.Module,
    criterion: Criterion,
    test_loader: Batches,
) -> None:
    """Append the mean of the batch losses, the accuracy as a fraction of all images, and `current_step` to the lists.

    Raises ValueError when `test_loader` is empty.
    """
    _test(torch.device("cpu"), test_losses, test_accuracy, steps, current_step, model, criterion, test_loader)


def gpu_train(
    epoch: int,
    train_losses: list[float],
    steps: list[int],
    current_step: int,
    *,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    criterion: Criterion,
    train_loader: Batches,
) -> int:
    """Do the same as `cpu_train` on the GPU: each batch is moved there, and `model` must be there already."""
    return _train(torch.device("cuda"), train_losses, steps, current_step, model, optimizer, criterion, train_loader)


def gpu_test(
    test_losses: list[float],
    test_accuracy: list[float],
    steps: list[int],
    current_step: int,
    *,
    model: nn.Module,
    criterion: Criterion,
    test_loader: Batches,
) -> None:
    """Do the same as `cpu_test` on the GPU: each batch is moved there, and `model` must be there already."""
    _test(torch.device("cuda"), test_losses, test_accuracy, steps, current_step, model, criterion, test_loader)


def _train(
    device: torch.device,
    train_losses: list[float],
    steps: list[int],
    current_step: int,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    criterion: Criterion,
    train_loader: Batches,
) -> int:
    model.train()
    for index, (data, target) in enumerate(train_loader):
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        loss = criterion(model(data), target)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        current_step += 1
        if index % LOG_EVERY == 0:
            train_losses.append(loss.item())
            steps.append(current_step)
    return current_step


def _test(
    device: torch.device,
    test_losses: list[float],
    test_accuracy: list[float],
    steps: list[int],
    current_step: int,
    model: nn.Module,
    criterion: Criterion,
    test_loader: Batches,
) -> None:
    model.eval()
    total, batches, correct, images = 0.0, 0, 0, 0
    with torch.no_grad():
        for data, target in test_loader:
            data, target = data.to(device), target.to(device)
            output = model(data)
            total += criterion(output, target).item()
            correct += int((output.argmax(dim=1) == target).sum())
            batches += 1
            images += len(target)
    if not images:
        raise ValueError("the test loader holds no images, so there is no loss to average; give it at least one batch")
    test_losses.append(total / batches)
    test_accuracy.append(correct / images)
    steps.append(current_step)
