"""Other functions and classes around the same loops, and other containers for the lists."""

from __future__ import annotations

from grader.prove.rewriting import cell, prefix, style, sub, suffix
from reference.mutations.solution_code import (
    CPU_FUNCTIONS,
    CPU_TEST,
    CPU_TRAIN,
    EPOCH,
    GPU_FUNCTIONS,
    GPU_TEST,
    GPU_TRAIN,
)

_PROGRESS = "progress = tqdm(train_loader"

_WITH_ARGUMENTS = '''
def train(model, loader, optimizer, criterion, device, train_losses, steps, current_step, *, log_interval=100):
    """Trains for one epoch; returns the global step."""
    model.train()
    for i, (x, y) in enumerate(loader):
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        current_step += 1
        if i % log_interval == 0:
            train_losses.append(loss.item())
            steps.append(current_step)
    return current_step


@torch.no_grad()
def evaluate(model, loader, criterion, device, test_losses, test_accuracy, steps, current_step):
    """Mean batch loss and accuracy."""
    model.eval()
    total, correct = 0.0, 0
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        logits = model(x)
        total += criterion(logits, y).item()
        correct += (logits.argmax(1) == y).sum().item()
    test_losses.append(total / len(loader))
    test_accuracy.append(correct / len(loader.dataset))
    steps.append(current_step)
    print(f"loss {test_losses[-1]:.4f} accuracy {test_accuracy[-1]:.4f}")
'''


def _train(device: str) -> str:
    return f"train(model, train_loader, optimizer, criterion, {device!r}, train_losses, train_steps, current_step)"


def _test(device: str) -> str:
    return f"evaluate(model, test_loader, criterion, {device!r}, test_losses, test_accuracy, test_steps, current_step)"


FUNCTION_STYLES = (
    style(
        "functions_with_arguments",
        "one function for both devices, with the model and the loader as arguments",
        cell(_PROGRESS, _WITH_ARGUMENTS),
        cell(GPU_FUNCTIONS, "# train and evaluate take the device as an argument"),
        sub(CPU_TRAIN, _train("cpu")),
        sub(CPU_TEST, _test("cpu")),
        sub(GPU_TRAIN, _train("cuda")),
        sub(GPU_TEST, _test("cuda")),
    ),
    style(
        "functions_partial",
        "cpu_train and the others are functools.partial of common functions",
        cell(
            _PROGRESS,
            """
import functools


def train_on(device, epoch, train_losses, steps, current_step):
    model.train()
    for batch_idx, (data, target) in enumerate(tqdm(train_loader)):
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        loss = criterion(model(data), target)
        loss.backward()
        optimizer.step()
        current_step += 1
        if batch_idx % 100 == 0:
            train_losses.append(loss.item())
            steps.append(current_step)
    return current_step


def test_on(device, test_losses, test_accuracy, steps, current_step):
    model.eval()
    losses, hits = [], 0
    with torch.inference_mode():
        for data, target in test_loader:
            data, target = data.to(device), target.to(device)
            output = model(data)
            losses.append(criterion(output, target).item())
            hits += (output.argmax(dim=1) == target).sum().item()
    test_losses.append(sum(losses) / len(losses))
    test_accuracy.append(hits / len(test_loader.dataset))
    steps.append(current_step)


cpu_train, cpu_test = functools.partial(train_on, "cpu"), functools.partial(test_on, "cpu")
""",
        ),
        cell(
            GPU_FUNCTIONS,
            'gpu_train, gpu_test = functools.partial(train_on, "cuda"), functools.partial(test_on, "cuda")',
        ),
    ),
    style(
        "functions_closures",
        "functions that return the functions for a device",
        sub("def gpu_train(epoch", 'def make_gpu_train(device="cuda"):\n  def inner(epoch'),
        sub(
            "    return current_step\n\n\ndef gpu_test(",
            "    return current_step\n  return inner\n\n\ngpu_train = make_gpu_train()\n\n\ndef gpu_test(",
        ),
        sub(
            "data, target = data.cuda(), target.cuda()\n        optimizer",
            "data, target = data.to(device), target.to(device)\n        optimizer",
        ),
    ),
    style(
        "functions_typed",
        "type hints everywhere, and keyword arguments in the calls",
        sub(
            "def cpu_train(epoch, train_losses, steps, current_step):",
            "def cpu_train(epoch: int, train_losses: list[float], steps: list[int], current_step: int = 0) -> int:",
        ),
        sub(
            "def cpu_test(test_losses, test_accuracy, steps, current_step):",
            "def cpu_test(test_losses: list[float], test_accuracy: list[float], steps: list[int], "
            "current_step: int) -> None:",
        ),
        sub(
            CPU_TRAIN,
            "cpu_train(epoch=current_epoch, train_losses=train_losses, steps=train_steps, current_step=current_step)",
        ),
        sub(
            CPU_TEST,
            "cpu_test(current_step=current_step, steps=test_steps, test_accuracy=test_accuracy, "
            "test_losses=test_losses)",
        ),
    ),
    style(
        "functions_global",
        "global statements, although nothing is assigned to them",
        sub(
            '    """One pass over train_loader;',
            "    global model, optimizer, criterion\n    '''Ein Durchgang.'''\n    \"\"\"One pass over train_loader;",
        ),
    ),
    style(
        "functions_extracted",
        "the step on one batch is a separate function that both training functions call",
        prefix(
            CPU_FUNCTIONS,
            '''def step_on(data, target):
    """One update; returns the batch's loss."""
    optimizer.zero_grad()
    loss = criterion(model(data), target)
    loss.backward()
    optimizer.step()
    return loss


''',
        ),
        sub(
            "        optimizer.zero_grad()  # gradients add up otherwise\n"
            "        loss = criterion(model(data), target)\n        loss.backward()\n        optimizer.step()\n",
            "        loss = step_on(data, target)\n",
        ),
        sub(
            "        optimizer.zero_grad()\n        loss = criterion(model(data), target)\n"
            "        loss.backward()\n        optimizer.step()\n",
            "        loss = step_on(data, target)\n",
            GPU_FUNCTIONS,
        ),
    ),
    style(
        "functions_fit",
        "all epochs in one function fit, which updates globals",
        suffix(
            CPU_FUNCTIONS,
            '''

def fit(epochs, train=cpu_train, test=cpu_test):
    """Trains and tests for so many epochs."""
    global current_step, current_epoch
    for _ in range(epochs):
        current_step = train(current_epoch, train_losses, train_steps, current_step)
        test(test_losses, test_accuracy, test_steps, current_step)
        current_epoch += 1
''',
        ),
        sub(
            f"for _ in range(10):\n    {EPOCH}",
            "fit(10)",
        ),
    ),
    style(
        "class_trainer",
        "a class around model, optimizer and lists for the CNN; the CPU functions stay for the MLP",
        cell(
            "train_losses, train_steps = [], []\ntest_losses, test_accuracy, test_steps = [], [], []\n"
            "current_step = 0\ncurrent_epoch = 0\n\nfor _ in range(2):\n    epoch_start = time.time()\n"
            "    current_step = cpu_train",
            '''
class Trainer:
    """Trains a model on a device and keeps what it saw."""

    def __init__(self, model, device="cpu", lr=0.01, momentum=0.5):
        self.model, self.device = model.to(device), device
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=lr, momentum=momentum)
        self.criterion = nn.CrossEntropyLoss()
        self.history = {"loss": [], "steps": [], "test_loss": [], "accuracy": [], "seconds": []}
        self.step = 0

    def train_epoch(self):
        self.model.train()
        for index, (images, labels) in enumerate(train_loader):
            images, labels = images.to(self.device), labels.to(self.device)
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(images), labels)
            loss.backward()
            self.optimizer.step()
            self.step += 1
            if index % 100 == 0:
                self.history["loss"].append(loss.item())
                self.history["steps"].append(self.step)

    @torch.no_grad()
    def test(self):
        self.model.eval()
        total, hits = 0.0, 0
        for images, labels in test_loader:
            images, labels = images.to(self.device), labels.to(self.device)
            logits = self.model(images)
            total += self.criterion(logits, labels).item()
            hits += (logits.argmax(1) == labels).sum().item()
        self.history["test_loss"].append(total / len(test_loader))
        self.history["accuracy"].append(hits / len(test_loader.dataset))

    def fit(self, epochs):
        for epoch in range(epochs):
            begin = time.perf_counter()
            self.train_epoch()
            self.test()
            self.history["seconds"].append(time.perf_counter() - begin)
            print(f"epoch {epoch + 1} took {self.history['seconds'][-1]:.2f} s")
        return self


cpu_trainer = Trainer(CNN()).fit(2)
''',
        ),
        cell("model = CNN().cuda()", 'gpu_trainer = Trainer(CNN(), device="cuda")\ngpu_trainer.fit(2)'),
    ),
    style(
        "lists_otherwise",
        "deque and list() for the lists, steps as numpy integers, append bound to a name",
        sub(
            "train_losses, train_steps = [], []",
            "from collections import deque\n\ntrain_losses, train_steps = deque(), list()",
        ),
        sub(
            "steps.append(current_step)\n            progress",
            "add = steps.append\n            add(np.int64(current_step))\n            progress",
        ),
    ),
    style(
        "history_dict",
        "the lists live in a dict",
        sub(
            "train_losses, train_steps = [], []\ntest_losses, test_accuracy, test_steps = [], [], []",
            "history = {name: [] for name in ('train_losses', 'train_steps', 'test_losses', "
            "'test_accuracy', 'test_steps')}\n"
            "train_losses, train_steps, test_losses, test_accuracy, test_steps = history.values()",
        ),
        sub(CPU_TRAIN, "cpu_train(current_epoch, history['train_losses'], history['train_steps'], current_step)"),
        sub(
            CPU_TEST,
            "cpu_test(history['test_losses'], history['test_accuracy'], history['test_steps'], current_step)",
        ),
        sub(GPU_TRAIN, "gpu_train(current_epoch, history['train_losses'], history['train_steps'], current_step)"),
        sub(
            GPU_TEST, "gpu_test(history['test_losses'], history['test_accuracy'], history['test_steps'], current_step)"
        ),
        sub("ax.plot(train_steps, train_losses,", "ax.plot(history['train_steps'], history['train_losses'],"),
        sub("ax.plot(test_steps, test_losses,", "ax.plot(history['test_steps'], history['test_losses'],"),
    ),
)
