"""Trains on MNIST as the assignment asks for, from the grader's own data."""

# kind: honest
# expect: works
# harness: yes
# seconds: 60
# limits: memory_bytes=3221225472

# %%
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

# %%
train = datasets.MNIST("./data", train=True, download=True, transform=transforms.ToTensor())
loader = DataLoader(train, batch_size=64, shuffle=True)
model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for number, (images, labels) in enumerate(loader):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    if number == 20:
        break
assert loss < 2.3
print("WORKS")
