"""Recording a training on the virtual GPU does not keep the memory of its steps alive."""

import json

import pytest

from grader.data.sources import find_data
from grader.machine import VIRTUAL
from grader.run.harness import harness
from grader.sandbox.kernel import Kernel
from grader.sandbox.limits import Limits

TRAIN = """
import torch, torch.nn as nn, json
from torchvision import datasets, transforms
data = datasets.MNIST("./data", train=True, download=True, transform=transforms.ToTensor())
loader = torch.utils.data.DataLoader(data, batch_size=64, shuffle=True)
model = nn.Sequential(
    nn.Conv2d(1, 32, 3, 1, 1), nn.ReLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(), nn.Conv2d(64, 128, 3, 2, 1), nn.ReLU(),
    nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10),
).cuda()
optimizer, criterion = torch.optim.SGD(model.parameters(), lr=0.01), nn.CrossEntropyLoss()
resident = []
for number, (images, labels) in zip(range(60), loader):
    optimizer.zero_grad()
    loss = criterion(model(images.cuda()), labels.cuda())
    loss.backward()
    optimizer.step()
    resident.append(int(open("/proc/self/statm").read().split()[1]) * 4 // 1024)
print(json.dumps([resident[10], resident[-1]]))
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_every_step_on_the_virtual_gpu() -> None:
    inside = harness(find_data(None, sample=True), 1, gpu=VIRTUAL, record=True)
    with Kernel(inside, Limits()) as kernel:
        run = kernel.run_cell(0, TRAIN)
    assert run.error is None
    before, after = json.loads(run.stdout)
    assert after - before < 60  # MiB in 50 steps; a large tensor of each step would be 300
