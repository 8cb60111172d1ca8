"""Faulty trainings that the limits of `grader calibrate` should reject; they show how small a fault is still detected.

Each is trained as the reference is, on the same data with the same seeds. Its cell runs after those of the reference's
program and uses their names.
"""

from __future__ import annotations

from grader.calibration.measure import FaultyTraining

_LOOP = """
import itertools
from torchvision import datasets, transforms


class LinearMLP(MLP):
    def forward(self, x):
        return self.fc3(self.fc2(self.fc1(x.reshape(-1, 28 * 28))))


def fit_wrongly(model, epochs, lr=0.01, momentum=0.5, held=None, labels=None, clear=True, every=1, outputs=None):
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(held or model.parameters(), lr=lr, momentum=momentum)
    for epoch in range(epochs):
        model.train()
        for index, (data, target) in enumerate(train_loader):
            if index % every:
                continue
            if clear:
                optimizer.zero_grad()
            logits = model(data)
            criterion(outputs(logits) if outputs else logits, labels(target) if labels else target).backward()
            optimizer.step()
        cpu_test([], [], [], epoch, model=model, criterion=criterion, test_loader=test_loader)


def one_in_ten_moved(target):
    moved = torch.arange(len(target)) % 10 == 0
    return torch.where(moved, (target + 1) % 10, target)


def without_normalize(train, test):
    root, plain = train.dataset.root, transforms.ToTensor()
    return [
        torch.utils.data.DataLoader(
            datasets.MNIST(root, train=is_train, download=True, transform=plain), batch_size=64, shuffle=is_train
        )
        for is_train in (True, False)
    ]

"""


def _mlp(name: str, words: str, call: str) -> FaultyTraining:
    return FaultyTraining(name, words, f"{_LOOP}\nmodel = MLP()\n{call}")


def _cnn(name: str, words: str, call: str) -> FaultyTraining:
    return FaultyTraining(name, words, f"{_LOOP}\nmodel = CNN()\n{call}")


FAULTS: tuple[FaultyTraining, ...] = (
    _mlp("mlp.lr_half", "half the learning rate", "fit_wrongly(model, 20, lr=0.005)"),
    _mlp("mlp.lr_tenth", "a tenth of the learning rate", "fit_wrongly(model, 20, lr=0.001)"),
    _mlp("mlp.momentum_missing", "no momentum", "fit_wrongly(model, 20, momentum=0.0)"),
    _mlp("mlp.labels_moved", "one label in ten moved on by one", "fit_wrongly(model, 20, labels=one_in_ten_moved)"),
    _mlp("mlp.zero_grad_missing", "gradients never set to zero", "fit_wrongly(model, 20, clear=False)"),
    _mlp("mlp.first_layer_frozen", "first layer frozen", "fit_wrongly(model, 20, held=list(model.parameters())[2:])"),
    _mlp(
        "mlp.last_layer_only", "last layer trained alone", "fit_wrongly(model, 20, held=list(model.parameters())[-2:])"
    ),
    _mlp("mlp.activations_missing", "no activations", "fit_wrongly(LinearMLP(), 20)"),
    _mlp("mlp.half_of_batches", "every second batch left out", "fit_wrongly(model, 20, every=2)"),
    _mlp(
        "mlp.softmax_before_loss", "softmax before the loss", "fit_wrongly(model, 20, outputs=lambda x: x.softmax(1))"
    ),
    _mlp(
        "mlp.normalize_missing",
        "images not normalised",
        "kept = train_loader, test_loader\n"
        "train_loader, test_loader = without_normalize(*kept)\n"
        "fit_wrongly(model, 20)\n"
        "train_loader, test_loader = kept",
    ),
    _mlp("mlp.untrained", "no step taken", "fit_wrongly(model, 20, every=10**9, lr=0.0)"),
    _cnn("cnn.untrained", "no step taken", "fit_wrongly(model, 2, every=10**9, lr=0.0)"),
    _cnn("cnn.labels_moved", "all labels moved on by one", "fit_wrongly(model, 2, labels=lambda y: (y + 1) % 10)"),
    _cnn("cnn.zero_grad_missing", "gradients never set to zero", "fit_wrongly(model, 2, clear=False)"),
)
