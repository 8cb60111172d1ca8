"""All probes with a real kernel, as a grading makes them."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from grader.data.sources import find_data, load_arrays
from grader.evidence.run import RunEvidence
from grader.probe.client import Refused, ask
from grader.probe.inputs import draw_images, draw_labels
from grader.probe.probes import probe_all
from grader.run.harness import harness
from grader.sandbox.kernel import Kernel
from grader.sandbox.limits import Limits
from grader.seeds import generator
from reference.rubric import ASSIGNMENT

torch.set_num_threads(1)
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("warm")]

IMPORTS = """
import torch
import torch.nn as nn
import torch.nn.functional as F
from torchvision import datasets, transforms
"""
MODELS = """
class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    def forward(self, x):
        return self.layers(x.reshape(x.shape[0], -1))

class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(1, 32, 3, 1, 1), nn.Conv2d(32, 64, 3, 2, 1), nn.Conv2d(64, 128, 3, 2, 1)])
        self.head = nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    def forward(self, x):
        for conv in self.convs:
            x = conv(x).relu()
        return self.head(F.adaptive_max_pool2d(x, 1).flatten(1))
"""
LOADERS = """
scale = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
train_loader = torch.utils.data.DataLoader(datasets.MNIST('.', train=True, download=True, transform=scale), 64, shuffle=True)
test_loader = torch.utils.data.DataLoader(datasets.MNIST('.', train=False, transform=transforms.ToTensor()), 64)
"""
LOOPS = """
def cpu_train(epoch, train_losses, steps, current_step):
    model.train()
    for i, (data, target) in enumerate(train_loader):
        optimizer.zero_grad()
        loss = criterion(model(data), target)
        loss.backward()
        optimizer.step()
        current_step += 1
        if i % 100 == 0:
            train_losses.append(loss.item())
            steps.append(current_step)
    return current_step

def cpu_test(test_losses, test_accuracy, steps, current_step):
    model.eval()
    for data, target in test_loader:
        output = modle(data)
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with Kernel(harness(find_data(None, True), 1, record=False), Limits()) as kernel:
        for index, source in enumerate((IMPORTS, MODELS, LOADERS, LOOPS), 10):
            assert kernel.run_cell(index, textwrap.dedent(source)).status == "ok"
        yield kernel


def test_all_probes_of_a_notebook(kernel: Kernel) -> None:
    arrays = load_arrays(find_data(None, True))
    data = {"train": (arrays.train_images, arrays.train_labels), "test": (arrays.test_images, arrays.test_labels)}
    began = time.monotonic()
    probes = probe_all(kernel, ASSIGNMENT, RunEvidence(), data)
    print(f"all probes: {time.monotonic() - began:.1f} s")
    for role in ("mlp", "cnn"):
        model = probes.models[role]
        assert model.error is None
        assert all(trial.output == (trial.shape[0], 10) for trial in model.trials)
        for comparison in model.comparisons:
            assert comparison.student is not None
            np.testing.assert_allclose(comparison.student, comparison.reference, atol=1e-4)
    train = probes.loops["cpu_train"]
    assert train.student is not None
    assert train.reference is not None
    assert train.student.error is None
    for name, weights in train.reference.weights.items():
        np.testing.assert_allclose(train.student.weights[name], weights, atol=1e-4)
    test = probes.loops["cpu_test"]
    assert test.student is not None
    assert test.student.error is not None
    assert (test.student.error.type, test.student.error.cell, test.student.error.line) == ("NameError", 13, 18)
    train_loader, test_loader = probes.loaders["train"], probes.loaders["test"]
    assert train_loader.seen is not None
    assert train_loader.seen.shuffled
    assert train_loader.expected_batch is not None
    assert train_loader.first_batch is not None
    np.testing.assert_allclose(train_loader.first_batch, train_loader.expected_batch, atol=1e-5)
    assert (train_loader.labels == train_loader.expected_labels).all()
    assert test_loader.first_batch is not None
    assert test_loader.first_batch.max() == 1.0  # not normalised
    assert test_loader.expected_batch is not None
    assert test_loader.expected_batch.shape == (64, 1, 28, 28)


def test_a_request_that_hangs_is_refused(kernel: Kernel) -> None:
    kernel.run_cell(20, "import time\nclass Slow(nn.Module):\n    def forward(self, x):\n        time.sleep(60)\n")
    with pytest.raises(Refused) as refused:
        ask(kernel, "probe.shape", {"model": {"class": "Slow"}, "shape": [1, 784]}, 0.5)
    assert refused.value.error.type == "Timeout"
    assert ask(kernel, "probe.describe", {}, 20)["classes"]


def test_drawn_images_look_like_digits() -> None:
    rng = generator("test")
    images = draw_images(rng, draw_labels(rng, 100))
    assert images.shape == (100, 28, 28)
    assert images.dtype == np.uint8
    assert images[:, :4].max() == 0
    assert 10 < images.mean() < 120
